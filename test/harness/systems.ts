import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pulumiFolder } from "../../cli/pulumi";
import { type Endpoints, Lab, type LabOptions, type Latency } from "../../lab";
import { parseSeed, type Seed } from "../../lab/seed";
import { readConnections } from "../../providers/connections";
import { Context, useContext } from "../../providers/context";
import type { Environment } from "../../providers/settings";
import {
  branchPermissions,
  type Grant,
  type ObjectPermission,
  siteGrants,
  sitePermissions,
} from "../../stacks/access/privileges";
import { demoSeed, labConfig, labEnvironment, zonesOf } from "../../tools/labstack";
import { projectRoot } from "../../tools/root";
import { Stack, type StackOptions } from "../../tools/stack";
import { SystemClients } from "../../tools/systemclients";
import { limitedNetboxToken, limitedToken } from "./rights";
import { branchingService, isReal, ownInstance, ownServices } from "./services";

const root = projectRoot();

export { demoSeed };

/** The demo's systems with other guests. */
export function seedWith(guestsYaml: string): Seed {
  const { guests } = parseSeed(`netbox:\n  guests:\n${guestsYaml.replace(/^/gm, "    ")}\nproxmox: {}`).netbox;
  const seed = demoSeed();
  return { ...seed, netbox: { ...seed.netbox, guests } };
}

/** The systems of a test: the lab, or, on the real services, a real NetBox and a real BIND 9 beside the lab's Proxmox VE. */
export class TestSystems {
  private readonly contexts: Context[] = [];

  private constructor(
    readonly lab: Lab,
    /** What the program is given: on Proxmox VE a token that may do what is documented, and no more. */
    readonly reach: Endpoints,
    readonly clients: SystemClients,
    readonly folder: string,
    /** DNS records that are there before anything runs. */
    readonly firstRecords: string[],
  ) {}

  /** @param where `lab` leaves the real services alone, though they are there; `branching` has NetBox's plugin for branches */
  static async open(
    seed: Seed,
    latency: Latency = {},
    where: "lab" | "given" | "branching" = "given",
    nodes: LabOptions["nodes"] = {},
    netboxRelease?: LabOptions["netboxRelease"],
  ): Promise<TestSystems> {
    const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-test-"));
    const real = !isReal || where === "lab" ? undefined : await emptied(seed, where === "branching");
    const lab = await Lab.start({ seed, folder: join(folder, "lab"), latency, real, nodes, netboxRelease });
    if (where === "branching") lab.set({ setup: "netbox-branching", installed: true });
    const clients = new SystemClients(lab.endpoints, zonesOf(seed));
    const token = limitedToken(lab, siteGrants);
    const limited = Object.entries(lab.endpoints.proxmox).map(([name, each]) => [name, { ...each, token }]);
    const permissions = [...sitePermissions, ...(where === "branching" ? branchPermissions : [])];
    const netbox = { ...lab.endpoints.netbox, token: await limitedNetboxToken(clients, permissions) };
    const reach = { ...lab.endpoints, netbox, proxmox: Object.fromEntries(limited) };
    lab.log.clear();
    return new TestSystems(lab, reach, clients, folder, await clients.records());
  }

  /** What people work with. */
  get endpoints(): Endpoints {
    return this.lab.endpoints;
  }

  /** The configuration that leads a stack to these systems. */
  config(changes: Record<string, unknown> = {}): Record<string, unknown> {
    return { ...labConfig(this.reach, zonesOf(this.lab.seed)), ...changes };
  }

  /** The systems by tokens with other rights than the site program's. @param name of the tokens */
  async reachAs(name: string, grants: Grant[], permissions: ObjectPermission[]): Promise<Endpoints> {
    const token = limitedToken(this.lab, grants, name);
    const clusters = Object.entries(this.endpoints.proxmox).map(([cluster, each]) => [cluster, { ...each, token }]);
    const netbox = {
      ...this.endpoints.netbox,
      token: await limitedNetboxToken(this.clients, permissions, name),
    };
    return { ...this.endpoints, netbox, proxmox: Object.fromEntries(clusters) };
  }

  /** A stack that gets its secrets by environment, unless they are given for its configuration. */
  async stack(
    changes: Record<string, unknown> = {},
    name = "test",
    options: Partial<Pick<StackOptions, "env" | "secrets">> = {},
  ): Promise<Stack> {
    const stack = new Stack({
      cli: await pulumiFolder(),
      name,
      folder: join(this.folder, name),
      config: this.config(changes),
      secrets: options.secrets ?? {},
      env: options.secrets === undefined ? { ...labEnvironment(this.reach), ...options.env } : options.env,
    });
    await stack.init();
    return stack;
  }

  /** The connections that handlers work with, as a run of the program would set them up. @param proxmox settings of every cluster */
  context(
    proxmox: Record<string, unknown> = {},
    passwords: Record<string, string> = {},
    reach: Endpoints = this.reach,
    env: Environment = {},
  ): Context {
    const config = this.config({ netbox: reach.netbox, passwords });
    const clusters = Object.entries(reach.proxmox).map(([name, { url, token, caFile }]) => [
      name,
      { url, token, caFile, ...proxmox },
    ]);
    const get = (key: string) => JSON.stringify(key === "proxmox" ? Object.fromEntries(clusters) : config[key]);
    const read = readConnections({ get }, env);
    if ("problems" in read) throw new Error(JSON.stringify(read.problems));
    const context = new Context(read.value);
    useContext(context);
    this.contexts.push(context);
    return context;
  }

  async close(): Promise<void> {
    await Promise.all(this.contexts.map((context) => context.close()));
    await this.clients.close();
    await this.lab.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  // ---- what the three systems hold, to be compared

  /** Our guests by name. */
  async ourGuests() {
    return (await this.clients.guests())
      .filter(({ config }) => String(config.description ?? "").includes("Managed by Pulumi"))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Records that are ours or were made by hand during the test. */
  async newRecords(): Promise<string[]> {
    return (await this.clients.records()).filter((line) => !this.firstRecords.includes(line));
  }

  async ourAddresses() {
    return (await this.clients.addresses()).filter(({ description }) => description.startsWith("Managed by Pulumi"));
  }

  /** All three systems as one comparable text, without what differs from run to run. */
  async inventory(): Promise<string> {
    const guests = (await this.clients.guests()).map(({ vmid, node, name, status, config }) => {
      const { digest: _digest, smbios1: _uuid, vmgenid: _id, meta: _meta, ...rest } = config;
      const stable = Object.entries(rest).map(([key, value]) => [
        key,
        String(value).replace(/BC:24:11(:[0-9A-F]{2}){3}/g, "MAC"),
      ]);
      return JSON.stringify({ vmid, node, name, status, config: Object.fromEntries(stable.sort()) });
    });
    const addresses = (await this.clients.addresses()).map(
      ({ address, dns_name, description }) => `${address} ${dns_name} ${description}`,
    );
    return [...guests.sort(), ...addresses.sort(), ...(await this.newRecords())].join("\n");
  }
}

/** An empty NetBox and zones without records. */
async function emptied(seed: Seed, isBranching: boolean): Promise<Pick<Endpoints, "netbox" | "ssh" | "dns">> {
  const words = isBranching ? ["branching"] : ["reset", String(ownInstance())];
  const reset = spawnSync(join(root, "test", "real", "services.sh"), words, { encoding: "utf8" });
  if (reset.status !== 0) throw new Error(reset.stderr);
  // It is started by the suite that wants it, and says where it is.
  const branching = isBranching ? { netbox: branchingService.parse(JSON.parse(reset.stdout)) } : {};
  const real = { ...ownServices(), ...branching };
  const clients = new SystemClients({ ...real, proxmox: {}, control: { url: "" } }, zonesOf(seed));
  try {
    for (const zone of zonesOf(seed)) {
      const names = new Set(
        (await clients.records())
          .map((line) => line.split(" ")[0] ?? "")
          .filter((name) => name.endsWith(`.${zone}.`) && !name.startsWith("ns1.")),
      );
      if (names.size > 0)
        await clients.nsupdate(
          `${zone}.`,
          [...names].map((name) => `update delete ${name}`),
        );
    }
  } finally {
    await clients.close();
  }
  return real;
}
