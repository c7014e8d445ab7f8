import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pulumiEnvironment, pulumiFolder } from "../../../cli/pulumi";
import { secretSinkHandler } from "../../../providers/sinks/secretsink.handler";
import { variableOf, withVariable } from "../../../providers/sinks/secretsink.model";
import { projectRoot } from "../../../tools/root";
import { VaultStandIn } from "../../harness/vault";

// Where tokens' secrets go: each place written, read, rotated, and left as it was found.

type Values = Record<string, unknown>;
const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-sinks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const credential = (n: number) => `robot@pve!ci=0000000${n}-0000-4000-8000-000000000000`;
const inputs = (destination: Values, n = 1): Values => ({
  destination,
  title: "pve-lab/robot@pve!ci",
  generation: n,
  credential: credential(n),
  outcome: JSON.stringify({
    "full-tokenid": "robot@pve!ci",
    info: { comment: "", expire: "0", privsep: "1" },
    value: `secret-${n}`,
  }),
});
/** Written, unchanged, rotated; and what it is then. */
async function rotated(destination: Values): Promise<{ id: string; state: Values }> {
  const made = await secretSinkHandler.create(inputs(destination));
  expect(secretSinkHandler.diff(made.state as Values, inputs(destination)).changes).toBe(false);
  const seen = await secretSinkHandler.read(made.id, made.state as Values);
  expect(secretSinkHandler.diff(seen?.state as Values, inputs(destination)).changes).toBe(false);
  expect(secretSinkHandler.diff(made.state as Values, inputs(destination, 2))).toEqual({ changes: true });
  const state = (await secretSinkHandler.update(made.id, made.state as Values, inputs(destination, 2))) as Values;
  return { id: made.id, state };
}
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
const isRight = async (id: string, state: Values) =>
  !secretSinkHandler.diff((await secretSinkHandler.read(id, state))?.state as Values, state).changes;

describe("a file", () => {
  const path = join(folder, "deep", "token.json");

  it("holds the outcome as it is known, for its owner alone, and goes with it", async () => {
    const { id, state } = await rotated({ to: "file", path });
    expect(mode(path)).toBe("600");
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      "full-tokenid": "robot@pve!ci",
      info: { comment: "", expire: "0", privsep: "1" },
      value: "secret-2",
    });
    chmodSync(path, 0o644);
    expect(await isRight(id, state)).toBe(false); // others could read it
    await secretSinkHandler.update(id, state, state);
    expect(mode(path)).toBe("600");
    await secretSinkHandler.delete(id, state);
    expect(existsSync(path)).toBe(false);
    expect(await secretSinkHandler.read(id, state)).toBeUndefined();
    await secretSinkHandler.delete(id, state);
  });

  it("that is something else is not written over, and one that somebody changed not taken away", async () => {
    const other = join(folder, "notes.txt");
    writeFileSync(other, "my notes\n");
    await expect(secretSinkHandler.create(inputs({ to: "file", path: other }))).rejects.toThrow(
      /notes\.txt is there already and holds no token: remove it, or name another file for pve-lab\/robot@pve!ci/,
    );
    const { id, state } = await rotated({ to: "file", path });
    writeFileSync(path, "mine now");
    expect(await isRight(id, state)).toBe(false);
    await secretSinkHandler.delete(id, state);
    expect(readFileSync(path, "utf8")).toBe("mine now");
  });

  it("in a place that can't be written says so", async () => {
    const blocked = join(folder, "notes.txt", "token.json");
    await expect(secretSinkHandler.create(inputs({ to: "file", path: blocked }))).rejects.toThrow(
      /Unable to (read|write) .*token\.json: .*Correct the path, or its folder's rights/,
    );
  });
});

describe("an environment file", () => {
  const path = join(folder, ".env");

  it("gets one line, and keeps the others", async () => {
    writeFileSync(path, "# mine\nexport OTHER='x'\nTOKEN=old\nLAST=1\n", { mode: 0o644 });
    const { id, state } = await rotated({ to: "env", path, variable: "TOKEN" });
    expect(readFileSync(path, "utf8")).toBe(`# mine\nexport OTHER='x'\nTOKEN=${credential(2)}\nLAST=1\n`);
    expect(mode(path)).toBe("600");
    const shell = spawnSync("sh", ["-c", `set -a; . '${path}'; printf %s "$TOKEN"`], { encoding: "utf8" });
    expect(shell.stdout).toBe(credential(2));
    await secretSinkHandler.delete(id, state);
    expect(readFileSync(path, "utf8")).toBe("# mine\nexport OTHER='x'\nLAST=1\n");
  });

  it("goes with its last line", async () => {
    const own = join(folder, "own.env");
    const all = await Promise.all(["A", "B"].map((variable) => rotated({ to: "env", path: own, variable })));
    expect(readFileSync(own, "utf8").split("\n").sort()).toEqual(["", `A=${credential(2)}`, `B=${credential(2)}`]);
    for (const { id, state } of all) await secretSinkHandler.delete(id, state);
    expect(existsSync(own)).toBe(false);
  });

  it("has quotes and exports read as a shell would", () => {
    expect(variableOf("export A='x y'\nB=\"z\"\n", "A")).toBe("x y");
    expect(variableOf("export A='x y'\nB=\"z\"\n", "B")).toBe("z");
    expect(variableOf("AB=1\n", "B")).toBeUndefined();
    expect(withVariable("", "A", "1")).toBe("A=1\n");
    expect(withVariable("A=1\n", "A", undefined)).toBe("");
  });
});

describe("a secret of Vault's KV engine", () => {
  const own = new VaultStandIn("hvs.stand-in-token");
  const { VAULT_TEST_ADDR, VAULT_TEST_TOKEN } = process.env;
  let address = "";
  const path = `ci/proxmox-${process.pid}`;
  const at = (prefix: string, more = {}) => ({ to: "vault", address, mount: "secret", path, prefix, ...more });
  const ask = async (method: string, room: string, body?: object) => {
    const response = await fetch(`${address}/v1/secret/${room}/${path}`, {
      method,
      headers: { "X-Vault-Token": process.env.VAULT_TOKEN ?? "" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as { data?: { data: Values } } };
  };
  const keys = async () => (await ask("GET", "data")).body.data?.data;

  beforeAll(async () => {
    address = VAULT_TEST_ADDR ?? (await own.listen());
  });
  afterAll(() => own.close());
  beforeEach(() => {
    process.env.VAULT_TOKEN = VAULT_TEST_TOKEN ?? own.token;
  });
  afterEach(() => {
    delete process.env.VAULT_TOKEN;
  });

  it("gets two keys, keeps the others, and goes with its last key", async () => {
    await ask("POST", "data", { data: { theirs: "stays" } });
    const { id, state } = await rotated(at("pve_"));
    expect(await keys()).toEqual({ theirs: "stays", pve_token: credential(2), pve_outcome: inputs({}, 2).outcome });
    const second = await rotated(at("other_"));
    await secretSinkHandler.delete(second.id, second.state);
    await secretSinkHandler.delete(id, state);
    expect(await keys()).toEqual({ theirs: "stays" });
    await ask("DELETE", "metadata");
    const alone = await rotated(at(""));
    await secretSinkHandler.delete(alone.id, alone.state);
    expect((await ask("GET", "data")).status).toBe(404);
  });

  it("whose last version was deleted is written anew", async () => {
    await ask("POST", "data", { data: { theirs: "gone" } });
    await ask("DELETE", "data");
    const { id, state } = await rotated(at("pve_"));
    expect(await keys()).toEqual({ pve_token: credential(2), pve_outcome: inputs({}, 2).outcome });
    await secretSinkHandler.delete(id, state);
  });

  it.skipIf(VAULT_TEST_ADDR !== undefined)(
    "that somebody else writes to at the same moment loses nothing",
    async () => {
      let turns = 0;
      own.between = () => {
        if (turns++ < 2) own.write(path, { theirs: `write ${turns}` });
      };
      const made = await secretSinkHandler.create(inputs(at("pve_")));
      own.between = undefined;
      expect(await keys()).toMatchObject({ theirs: "write 2", pve_token: credential(1) });
      await secretSinkHandler.delete(made.id, made.state as Values);
    },
  );

  it("that can't be reached is told with what to do", async () => {
    const create = (more = {}) => secretSinkHandler.create(inputs(at("pve_", more)));
    process.env.VAULT_TOKEN = "hvs.wrong-token";
    await expect(create()).rejects.toThrow(
      /Unable to reach the secret secret\/ci\/.*403 .*give VAULT_TOKEN a policy that may create, read, update and delete it/s,
    );
    delete process.env.VAULT_TOKEN;
    await expect(create()).rejects.toThrow(
      /VAULT_TOKEN is not set: http:.* wants a token that may read and write secret\/data\/ci/,
    );
    process.env.VAULT_TOKEN = VAULT_TEST_TOKEN ?? own.token;
    await expect(create({ mount: "nowhere" })).rejects.toThrow(
      /check the mount, which has to be a KV engine of version 2/,
    );
    await expect(create({ address: "http://127.0.0.1:9" })).rejects.toThrow(
      /check access\.vault\.address \(VAULT_ADDR\), and that Vault is up and unsealed/,
    );
  });
});

describe("another stack's configuration", () => {
  const project = join(folder, "project");
  const env = { ...process.env };
  let cli = "";
  const pulumi = (...words: string[]) =>
    spawnSync("pulumi", [...words, "--non-interactive"], { cwd: project, encoding: "utf8" });
  const key = 'netbox-proxmox:proxmox["pve-lab"].token';
  const destination = { to: "stack", stack: "consumer", project, key };

  beforeAll(async () => {
    cli = await pulumiFolder();
    mkdirSync(join(project, "state"), { recursive: true });
    copyFileSync(join(projectRoot(), "Pulumi.yaml"), join(project, "Pulumi.yaml"));
    Object.assign(process.env, pulumiEnvironment(cli), {
      PULUMI_BACKEND_URL: `file://${join(project, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "lab",
    });
    expect(pulumi("stack", "init", "consumer").status).toBe(0);
  });
  afterAll(() => {
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    Object.assign(process.env, env);
  });

  it("gets the credential as a secret, and loses it again", async () => {
    const { id, state } = await rotated(destination);
    const file = readFileSync(join(project, "Pulumi.consumer.yaml"), "utf8");
    expect(file).toContain("secure:");
    expect(file).not.toContain(credential(2));
    expect(pulumi("config", "get", "--path", key, "--stack", "consumer").stdout.trim()).toBe(credential(2));
    await secretSinkHandler.delete(id, state);
    expect(await secretSinkHandler.read(id, state)).toBeUndefined();
  });

  it("that is not there is told with what to do", async () => {
    await expect(secretSinkHandler.create(inputs({ ...destination, stack: "nowhere" }))).rejects.toThrow(
      /Unable to set netbox-proxmox:proxmox.* of stack nowhere: .*no stack named 'nowhere' found.*Check that the stack is there/,
    );
    await expect(secretSinkHandler.create(inputs({ ...destination, project: "/nonexistent" }))).rejects.toThrow(
      /There is no folder \/nonexistent, where the project of stack consumer should be/,
    );
  });
});
