import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/root";

/** A CLI that begins an `up` and ends it as Pulumi does: in its own time, when it is interrupted. */
const cli = `#!/usr/bin/env bash
case "$1" in
  version) echo v3.259.0 ;;
  config) echo "{}" ;;
  up)
    trap 'echo interrupted >>"$TRACE"; sleep 0.2; echo saved >>"$TRACE"; exit 3' INT
    trap 'echo terminated >>"$TRACE"; exit 9' TERM
    echo begun >>"$TRACE"
    for _ in $(seq 600); do sleep 0.05; done ;;
esac
`;

describe("a wrapper that is told to end", () => {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-ending-"));
  const trace = join(folder, "trace");
  beforeAll(() => {
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin", "pulumi"), cli);
    chmodSync(join(folder, "bin", "pulumi"), 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const lines = (): string[] => (existsSync(trace) ? readFileSync(trace, "utf8").trim().split("\n") : []);

  async function begun(): Promise<ChildProcess> {
    rmSync(trace, { force: true });
    const env = {
      ...process.env,
      // The one that is fetched is not there, so the one on PATH is taken.
      PULUMI_VERSION: "0.0.1",
      PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}`,
      PULUMI_BACKEND_URL: `file://${folder}/state`,
      TRACE: trace,
    };
    const child = spawn(
      process.execPath,
      [join(projectRoot(), "dist", "cli", "run.js"), "up", "--skip-preview", "-s", "x"],
      {
        env,
        stdio: "ignore",
      },
    );
    while (lines().length === 0) await sleep(20);
    return child;
  }
  const ended = (child: ChildProcess) => new Promise((resolve) => child.once("close", resolve));

  it("by SIGTERM lets Pulumi end what is under way and save its state", { timeout: 30_000 }, async () => {
    const child = await begun();
    const code = ended(child);
    child.kill("SIGTERM");
    expect(await code).toBe(3);
    expect(lines()).toEqual(["begun", "interrupted", "saved"]);
  });

  it("by a second SIGTERM waits no longer", { timeout: 30_000 }, async () => {
    const child = await begun();
    const code = ended(child);
    child.kill("SIGTERM");
    while (!lines().includes("interrupted")) await sleep(10);
    child.kill("SIGTERM");
    expect(await code).toBe(1);
    expect(lines()).toEqual(["begun", "interrupted"]);
  });
});
