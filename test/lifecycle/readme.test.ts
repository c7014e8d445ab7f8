import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { pulumiEnvironment, pulumiFolder } from "../../cli/pulumi";
import { readConnections } from "../../providers/connections";
import { readSettings } from "../../stacks/settings";
import { projectRoot } from "../../tools/root";

const root = projectRoot();
const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, text]) => text ?? "");

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
  let lab: ChildProcess;

  beforeAll(async () => {
    mkdirSync(join(folder, "state"));
    // As `npm run lab` runs it, with the default ports that the dev stack's configuration names.
    lab = spawn(process.execPath, [join(root, "dist", "lab", "main.js")], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    await new Promise<void>((resolve, reject) => {
      lab.stdout?.once("data", () => resolve());
      lab.stderr?.once("data", (chunk: Buffer) => reject(new Error(chunk.toString())));
    });
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
    // The one thing added is what a person types when asked.
    const script = (blocks("sh")[2] ?? "")
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
