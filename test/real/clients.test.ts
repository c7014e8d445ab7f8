import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Lab } from "../../lab";
import { projectRoot } from "../../tools/root";
import { realServices } from "../harness/services";
import { demoSeed } from "../harness/systems";

const run = promisify(execFile);

describe("clients that nobody here wrote", () => {
  let lab: Lab;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-clients-"));
    lab = await Lab.start({ seed: demoSeed(), folder });
  });
  afterAll(async () => {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Run by the Python with the clients of test/real/clients/requirements.txt, which services.sh installs. */
  const script = async (name: string, args: string[]) =>
    (
      await run(realServices().python, ["-W", "ignore", join(projectRoot(), "test", "real", "clients", name), ...args])
    ).stdout.trim();

  it("live a guest's life on the lab's Proxmox VE: proxmoxer, by token and by ticket", async () => {
    const [{ url, token, login } = { url: "", token: "", login: "" }] = Object.values(lab.endpoints.proxmox);
    const { hostname, port } = new URL(url);
    expect(await script("proxmoxer_life.py", [hostname, port, token, login])).toBe("done");
  });

  it("live a machine's life on the lab's NetBox: pynetbox", async () => {
    const { url, token } = lab.endpoints.netbox;
    expect(await script("pynetbox_life.py", [url, token])).toBe("done");
  });
});
