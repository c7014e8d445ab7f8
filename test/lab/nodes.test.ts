import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Lab } from "../../lab";
import { Shell } from "../../providers/ssh/shell";
import { demoSeed } from "../harness/systems";

describe("a node of the lab", () => {
  let folder: string;
  let lab: Lab;
  let shell: Shell;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-test-"));
    // As `npm run lab` has it: relative.
    lab = await Lab.start({ seed: demoSeed(), folder: relative(process.cwd(), folder) });
    const { ssh } = lab.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    const { port, hostKeyFile } = ssh.nodes.pve1 ?? expect.unreachable("the seed has that node");
    const login = {
      user: "tests",
      keyFile: ssh.keyFile,
      hostKey: readFileSync(hostKeyFile, "utf8"),
      requestTimeout: 20,
    };
    const subject = { title: "Node pve1", setting: "ssh.nodes.pve1", shared: "ssh" };
    shell = new Shell(subject, { ...login, host: "127.0.0.1", port, sudo: true, folder });
  });
  afterAll(async () => {
    await shell.close();
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]) => shell.attempt({ script: 'exec "$@"', args });

  it("has commands of its own, and the rest of this machine's, wherever one goes", async () => {
    expect(await run("qm", "config", "9000")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^name: debian-12$/m),
    });
    expect((await shell.attempt({ script: "cd /; qm status 9000" })).stdout).toBe("status: stopped\n");
    expect(await run("virt-customize", "--toast")).toMatchObject({
      code: 1,
      stderr: "virt-customize: error: unrecognized option '--toast'\n",
    });
    expect((await run("printf", "%s", "it's")).stdout).toBe("it's");
    expect(await run("no-such-command")).toMatchObject({ code: 127 });
  });

  it("says what PVE's own commands say", async () => {
    expect(await run("qm", "config", "999")).toMatchObject({
      code: 2,
      stderr: "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist\n",
    });
    expect(await run("qm", "create", "700", "--cores", "many")).toMatchObject({
      code: 255,
      stderr: expect.stringContaining("cores: type check ('integer') failed"),
    });
    expect(await run("qm", "disk", "import", "9000", "/none.qcow2", "local")).toMatchObject({ code: 2 });
    expect(await run("pct", "exec", "9100", "--", "true")).toMatchObject({ code: 2, stderr: "CT 9100 not running\n" });
  });

  it("tells a step's cause, and not what tools say after it", async () => {
    const step = { title: "try", script: "echo 'x: error: it broke' >&2; echo 'for help, ask' >&2; exit 3" };
    await expect(shell.run(step)).rejects.toThrow(
      "Unable to try on Node pve1: x: error: it broke (exit status 3). What was done so far stays, and the next run goes on from there.",
    );
  });
});
