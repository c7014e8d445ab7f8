import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { pulumiEnvironment, pulumiFolder } from "../../cli/pulumi";
import { readConnections } from "../../providers/connections";
import { readSettings } from "../../stacks/settings";
import { projectRoot } from "../../tools/root";

const root = projectRoot();
const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, text]) => text ?? "");

/** What the lab prints, as far as the dev stack names it. */
const endpoints = z.object({
  proxmox: z.object({ "pve-lab": z.object({ url: z.string() }) }),
  netbox: z.object({ url: z.string() }),
  ssh: z.object({ port: z.number() }),
  dns: z.object({ port: z.number() }),
});

interface Ended {
  code: number;
  output: string;
}

function run(script: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

describe("the README", () => {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-readme-"));
  const stackFile = join(folder, "Pulumi.dev.yaml");
  let lab: ChildProcess;

  beforeAll(async () => {
    mkdirSync(join(folder, "state"));
    // As `npm run lab` runs it, but for its ports and its folder: another one may run beside the tests.
    const names = ["proxmox", "netbox", "ssh", "node-ssh", "dns", "control"];
    const places = [...names.flatMap((name) => [`--${name}-port`, "0"]), "--folder", join(folder, "lab")];
    lab = spawn(process.execPath, [join(root, "dist", "lab", "main.js"), ...places], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const printed = await new Promise<string>((resolve, reject) => {
      let text = "";
      lab.stdout?.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes("\n")) resolve(text);
      });
      lab.stderr?.once("data", (chunk: Buffer) => reject(new Error(chunk.toString())));
    });
    const { proxmox, netbox, ssh, dns } = endpoints.parse(JSON.parse(printed.split("\n")[0] ?? ""));
    const dev = readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")
      .replace("http://127.0.0.1:18001", netbox.url)
      .replace("https://127.0.0.1:18006", proxmox["pve-lab"].url)
      .replace("port: 18022", `port: ${ssh.port}`)
      .replace("dnsPort: 18053", `dnsPort: ${dns.port}`)
      .replaceAll(": .lab/", `: ${join(folder, "lab")}/`);
    writeFileSync(stackFile, dev);
  });
  afterAll(() => {
    lab.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it("says commands that there are", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    for (const [, name = ""] of readme.matchAll(/npm run ([a-z:]+)/g)) expect(Object.keys(scripts)).toContain(name);
    expect(blocks("sh")).toHaveLength(3);
    expect(blocks("sh")[1]?.trim()).toBe("npm run lab");
  });

  it("has a walk by hand that works as it stands", async () => {
    // Added is where this lab is, and what a person types when asked.
    const script = (blocks("sh")[2] ?? "")
      .replace(/pulumi (preview|up|destroy)\b/g, `pulumi $1 --config-file '${stackFile}'`)
      .replace(/pulumi (up|destroy)\b/g, "pulumi $1 --yes --skip-preview")
      .replace(/pulumi /g, "pulumi --non-interactive ");
    const env = { ...pulumiEnvironment(await pulumiFolder()), PULUMI_BACKEND_URL: `file://${join(folder, "state")}` };
    const { code, output } = await run(script, env);
    expect(code, output).toBe(0);
    expect(output).toContain("+ 56 created");
    expect(output).toContain("56 unchanged");
    expect(output).toContain("- 56 deleted");
  });

  it("shows a configuration that is valid", () => {
    const { config } = parse(blocks("yaml")[0] ?? "") as {
      config: Record<string, Record<string, Record<string, unknown>>>;
    };
    const key = join(folder, "key");
    writeFileSync(key, "");
    const source = { get: (name: string) => JSON.stringify(config[`netbox-proxmox:${name}`]) };
    const ns1 = config["netbox-proxmox:bind9"]?.ns1;
    const pve = config["netbox-proxmox:proxmox"]?.["pve-prod"];
    if (ns1) ns1.keyFile = key;
    if (pve) pve.fingerprint = "AB".repeat(32);
    const env = { NETBOX_API_TOKEN: `nbt_abc.${"x".repeat(40)}`, PROXMOX_VE_API_TOKEN: "pulumi@pve!ci=1234-5678" };
    expect(readConnections(source, env)).toHaveProperty("value");
    expect(readSettings(source, ["pve-prod"])).toHaveProperty("value");
  });
});
