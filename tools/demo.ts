import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pulumiFolder } from "../cli/pulumi";
import { Lab } from "../lab";
import type { PlanReport } from "../stacks/plan/report";
import { planReportSchema } from "../stacks/plan/report/schema";
import { terminalReport } from "../stacks/plan/report/terminal";
import { demoSeed, labConfig, labSecrets, zonesOf } from "./labstack";
import { projectRoot } from "./root";
import { Stack, type StackRun } from "./stack";
import { SystemClients } from "./systemclients";

// `npm run demo`: the whole life of a dozen guests, by the real Pulumi CLI on the real program, against the lab.

class DemoError extends Error {}

const say = (text: string) => process.stdout.write(`${text}\n`);
let step = 0;
const heading = (text: string) =>
  say(
    `\n\x1b[1m${++step}. ${text}\x1b[0m`.replace(/\x1b\[\d+m/g, (code) =>
      process.stdout.isTTY && !process.env.NO_COLOR ? code : "",
    ),
  );

function expect(holds: boolean, what: string): void {
  if (!holds) throw new DemoError(what);
  say(`   ✓ ${what}`);
}

function succeeded(run: StackRun, what: string): StackRun {
  if (run.code !== 0) throw new DemoError(`${what} failed:\n${run.errors.join("\n") || run.output}`);
  return run;
}

const counted = (changes: StackRun["changes"]): string =>
  ["create", "update", "delete", "same"]
    .flatMap((op) => (changes[op] ? [`${changes[op]} ${op === "same" ? "unchanged" : `to ${op}`}`] : []))
    .join(", ");

/** Shows the plan as `netbox-proxmox plan` does, in a process of its own. */
async function showPlan({ reach: { args, env } }: Stack, ...words: string[]): Promise<PlanReport> {
  const command = [join(projectRoot(), "dist", "cli", "main.js"), "plan", "--json", ...args, ...words];
  const child = spawn(process.execPath, command, { cwd: projectRoot(), env: { ...process.env, ...env } });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  await new Promise((resolve) => child.once("close", resolve));
  const read = planReportSchema.safeParse(out === "" ? undefined : JSON.parse(out));
  if (!read.success) throw new DemoError(`the plan failed:\n${err}`);
  const report = read.data;
  const colour = process.stdout.isTTY && !process.env.NO_COLOR;
  const width = (process.stdout.columns ?? 100) - 3;
  for (const line of terminalReport(report, { width, colour })) say(line === "" ? "" : `   ${line}`);
  return report;
}

async function demo(folder: string): Promise<void> {
  const cli = await pulumiFolder();
  const seed = demoSeed();
  const lab = await Lab.start({ seed, folder: join(folder, "lab") });
  const zones = zonesOf(seed);
  const clients = new SystemClients(lab.endpoints, zones);
  const stack = new Stack({
    cli,
    name: "demo",
    folder: join(folder, "stack"),
    config: labConfig(lab.endpoints, zones),
    secrets: labSecrets(lab.endpoints),
  });
  try {
    succeeded(await stack.init(), "pulumi stack init");
    await story(lab, clients, stack);
  } finally {
    await clients.close();
    await lab.close();
  }
}

async function story(lab: Lab, clients: SystemClients, stack: Stack): Promise<void> {
  heading("What NetBox says");
  for (const { name, status, vcpus, memory, interfaces } of lab.seed.netbox.guests) {
    const given = interfaces.flatMap(({ addresses }) =>
      addresses.map((address) => (typeof address === "string" ? address : address.address)),
    );
    const asked = interfaces.flatMap(({ customFields }) =>
      customFields?.allocate_from === undefined ? [] : [`next free of ${String(customFields.allocate_from)}`],
    );
    say(
      `   ${name.padEnd(10)} ${status.padEnd(8)} ${String(vcpus).padStart(2)} vCPU ${String(memory).padStart(5)} MB  ${[...given, ...asked].join(", ")}`,
    );
  }

  heading("netbox-proxmox plan: one plan over NetBox, Proxmox VE and DNS");
  await showPlan(stack);
  const before = await clients.guests();
  expect(
    before.length === 4,
    "nothing has been made yet: Proxmox has its three templates and a guest of someone else's",
  );

  heading("pulumi up");
  const made = succeeded(await stack.up(), "up");
  say(`   ${counted(made.changes).replace(/to create/, "created")}`);
  const built = (await clients.guests()).filter(({ config }) =>
    String(config.description ?? "").includes("Managed by Pulumi"),
  );
  expect(
    built.length === 12 && built.filter(({ status }) => status === "running").length === 10,
    "11 virtual machines and a container are on Proxmox, 10 of them running (the staged and the offline one are not)",
  );
  const app = await clients.guest("app01");
  const records = await clients.records();
  say(
    `   app01 got ${app.config.ipconfig0}; DNS says ${records
      .filter((line) => line.startsWith("app01.lab.example. A"))
      .map((line) => line.split(" ")[2])
      .join(", ")}`,
  );
  expect(records.includes("11.0.71.10.in-addr.arpa. PTR web01.lab.example."), "web01 has its A, AAAA and both PTRs");

  heading("pulumi preview again");
  const again = succeeded(await stack.preview("--expect-no-changes"), "the second preview");
  expect(again.steps.length === 0, `nothing to do (${counted(again.changes)})`);

  heading("Drift by hand: memory on Proxmox, a record in DNS, an address in NetBox");
  const web = await clients.guest("web01");
  await clients.proxmox("PUT", `/nodes/${web.node}/qemu/${web.vmid}/config`, { memory: 512 });
  await clients.nsupdate("lab.example.", ["update delete web02.lab.example. A"]);
  const lost = (await clients.addresses()).find(
    ({ dns_name, address }) => dns_name === "app02.lab.example" && address.includes("."),
  );
  if (lost === undefined) throw new DemoError("app02 has no address in NetBox");
  await clients.netbox("DELETE", `ipam/ip-addresses/${lost.id}/`);
  say(`   web01 has 512 MiB now, web02 no A record, ${lost.address} of app02 is free in NetBox`);

  heading("netbox-proxmox plan --drift names each drift");
  const drift = await showPlan(stack, "--drift");
  expect(
    ["VM", "name", "address"].every((object) => drift.changes.some((each) => each.object === object)),
    "three drifts, one a system",
  );

  heading("pulumi up repairs it");
  succeeded(await stack.up("--refresh", "--run-program"), "the repair");
  const mended = await clients.guest("web01");
  const address = (await clients.addresses()).find((each) => each.address === lost.address);
  expect(String(mended.config.memory) === "2048", "web01 has its 2048 MiB again");
  expect((await clients.records()).includes("web02.lab.example. A 10.71.0.12"), "web02 has its A record again");
  expect(address?.dns_name === "app02.lab.example", `app02 has the same address again, ${lost.address}`);

  heading("In NetBox a guest is decommissioned, and another one grows: the plan says who asked for it, and why");
  const [www, grown] = [await clients.vm("www"), await clients.vm("web01")];
  const change = (id: number, changes: object, reason: string) =>
    clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { ...changes, changelog_message: reason });
  await change(www.id, { status: "decommissioning" }, "ticket 4712: the old shop is switched off");
  await change(grown.id, { memory: 4096 }, "ticket 4711");
  const asked = await showPlan(stack);
  const messages = asked.changes.flatMap(({ because = [] }) =>
    because.flatMap((each) => (each.reason === "netbox" ? [each.message] : [])),
  );
  expect(messages.includes("ticket 4711"), "the reasons of NetBox's change log stand in the plan");
  succeeded(await stack.up(), "the decommissioning");
  expect(!(await clients.guests()).some(({ name }) => name === "www"), "www is gone from Proxmox");
  expect(!(await clients.records()).some((line) => line.includes("www.lab.example.")), "its records are gone from DNS");
  expect(
    (await clients.all<{ name: string }>("virtualization/virtual-machines", "&name=www")).length === 0,
    "its object is gone from NetBox",
  );

  heading("pulumi destroy");
  const end = succeeded(await stack.destroy(), "destroy");
  say(`   ${counted(end.changes).replace(/to delete/, "deleted")}`);
  const left = await clients.guests();
  expect(
    left.length === 4 && left.some(({ name }) => name === "firewall"),
    "Proxmox has its templates and the stranger's guest, as before",
  );
  expect((await clients.records()).length === 0, "DNS has none of our records");
  expect(
    (await clients.addresses()).every(({ description }) => !description.includes("Managed by Pulumi")),
    "NetBox keeps the addresses that people gave, and none that we took",
  );
}

async function main(): Promise<void> {
  const start = Date.now();
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-demo-"));
  try {
    await demo(folder);
    say(`\nAll of it held, in ${Math.round((Date.now() - start) / 1000)} s.`);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(
      `\n✗ ${error instanceof Error ? (error instanceof DemoError ? error.message : (error.stack ?? error.message)) : String(error)}\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
