import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Ssh, type SshResult } from "../../providers/ssh/client";
import { seedWith, TestSystems } from "../harness/systems";

/** What this project believes of BIND 9.18's nsupdate and dig over ssh: every case holds on the lab and on the real one. */

let systems: TestSystems;
let ssh: Ssh;

beforeAll(async () => {
  systems = await TestSystems.open(seedWith("- { name: unused }"));
  const { host, port, user, keyFile, hostKey } = systems.endpoints.ssh;
  ssh = new Ssh(
    { title: "Name server contract", setting: 'netbox-proxmox:bind9["contract"]' },
    { host, port, user, keyFile, hostKey, requestTimeout: 60 },
  );
});
afterAll(async () => {
  await ssh.close();
  await systems.close();
});

/** A key file beside the one that may update: `ro` may transfer only, `unknown` and `wrong` nothing. */
const key = (name: "ddns" | "ro" | "unknown" | "wrong"): string => systems.endpoints.dns.keyFile.replace("ddns", name);

async function nsupdate(
  lines: string[],
  options = `-k ${key("ddns")}`,
  port = systems.endpoints.dns.port,
): Promise<SshResult> {
  return await ssh.run(`nsupdate ${options}`, [`server 127.0.0.1 ${port}`, ...lines, ""].join("\n"));
}

async function values(name: string, type: string): Promise<string[]> {
  const { stdout } = await ssh.run(`dig @127.0.0.1 -p ${systems.endpoints.dns.port} +short ${name} ${type}`, "");
  return stdout.split("\n").filter((line) => line !== "");
}

const zone = "zone lab.example";
const add = (name: string, value: string) => `update add ${name}.lab.example. 300 A ${value}`;

beforeEach(async () => {
  const clean = ["vm1", "x", "second", "eof", "good"].map((name) => `update delete ${name}.lab.example.`);
  const { code } = await nsupdate([zone, ...clean, add("vm1", "10.71.0.11"), "send"]);
  expect(code).toBe(0);
});

describe("nsupdate", () => {
  it.each([
    ["nxrrset", "prereq nxrrset vm1.lab.example. A", "YXRRSET"],
    ["nxdomain", "prereq nxdomain vm1.lab.example.", "YXDOMAIN"],
    ["yxdomain", "prereq yxdomain no.lab.example.", "NXDOMAIN"],
    ["yxrrset", "prereq yxrrset vm1.lab.example. A 10.71.0.99", "NXRRSET"],
  ])("whose prerequisite %s fails changes nothing", async (_name, prerequisite, code) => {
    expect(await nsupdate([zone, prerequisite, add("vm1", "10.71.0.12"), "send"])).toMatchObject({
      code: 2,
      stderr: `update failed: ${code}\n`,
    });
    expect(await values("vm1.lab.example", "A")).toEqual(["10.71.0.11"]);
  });

  it("whose prerequisites hold replaces a value", async () => {
    const lines = [
      "prereq yxrrset vm1.lab.example. A 10.71.0.11",
      "update delete vm1.lab.example. A",
      add("vm1", "10.71.0.12"),
    ];
    expect((await nsupdate([zone, ...lines, "send"])).code).toBe(0);
    expect(await values("vm1.lab.example", "A")).toEqual(["10.71.0.12"]);
  });

  it.each([
    [["zone lab.example", "update add x.lab.example. 300 HINFO PC Linux", "send"], "REFUSED"],
    [["zone static.example", "update add x.static.example. 300 A 10.71.0.13", "send"], "REFUSED"],
    [["zone other.example", "update add x.other.example. 300 A 10.71.0.13", "send"], "NOTAUTH"],
    [["zone lab.example", "update add x.static.example. 300 A 10.71.0.13", "send"], "NOTZONE"],
    [[add("x", "10.71.0.14"), "update add 14.0.71.10.in-addr.arpa. 300 PTR x.lab.example.", "send"], "NOTZONE"],
  ])("refuses %j", async (lines, code) => {
    expect(await nsupdate(lines)).toMatchObject({ code: 2, stderr: `update failed: ${code}\n` });
  });

  it("needs a key that may write, and sends unsigned where the key's file is missing", async () => {
    const lines = [zone, add("x", "10.71.0.13"), "send"];
    expect(await nsupdate(lines, "")).toMatchObject({ code: 2, stderr: "update failed: REFUSED\n" });
    expect(await nsupdate(lines, `-k ${key("ro")}`)).toMatchObject({ code: 2, stderr: "update failed: REFUSED\n" });
    expect(await nsupdate(lines, "-k /nonexistent.key")).toMatchObject({
      code: 2,
      stderr: "could not read key from /nonexistent.{private,key}: file not found\nupdate failed: REFUSED\n",
    });
    for (const [name, code] of [
      ["unknown", "BADKEY"],
      ["wrong", "BADSIG"],
    ] as const)
      expect(await nsupdate(lines, `-k ${key(name)}`)).toMatchObject({
        code: 2,
        stderr: `; TSIG error with server: tsig indicates error\nupdate failed: NOTAUTH(${code})\n`,
      });
    expect(await values("x.lab.example", "A")).toEqual([]);
  });

  it("says when nobody listens", async () => {
    const { code, stderr } = await nsupdate(
      [zone, add("x", "10.71.0.13"), "send"],
      `-k ${key("ddns")} -t 3 -u 1 -r 0`,
      5399,
    );
    expect(code).toBe(2);
    expect(stderr).toContain("; Communication with 127.0.0.1#5399 failed: connection refused");
  });

  it("applies nothing of a batch with a syntax error", async () => {
    const bad = await nsupdate([
      zone,
      add("good", "10.71.0.15"),
      "update add bad.lab.example. 300 A 10.71.0.999",
      "send",
    ]);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/invalid rdata format: bad dotted quad\nsyntax error\n$/);
    expect(await nsupdate([zone, "frobnicate", add("good", "10.71.0.15"), "send"])).toMatchObject({
      code: 1,
      stderr: "incorrect section name: frobnicate\nsyntax error\n",
    });
    expect(await values("good.lab.example", "A")).toEqual([]);
  });

  it("does nothing without a send, and says nothing", async () => {
    const script = [`server 127.0.0.1 ${systems.endpoints.dns.port}`, zone, add("eof", "10.71.0.19")].join("\n");
    expect(await ssh.run(`nsupdate -k ${key("ddns")}`, script)).toMatchObject({ code: 0, stderr: "" });
    expect(await values("eof.lab.example", "A")).toEqual([]);
  });

  it("goes on to a second send after a first that fails", async () => {
    const first = ["prereq nxrrset vm1.lab.example. A", add("vm1", "10.71.0.16"), "send"];
    expect((await nsupdate([zone, ...first, add("second", "10.71.0.17"), "send"])).code).toBe(2);
    expect(await values("second.lab.example", "A")).toEqual(["10.71.0.17"]);
  });

  it("ignores a CNAME over an A, and deletes what isn't there", async () => {
    const cname = "update add vm1.lab.example. 300 CNAME second.lab.example.";
    expect((await nsupdate([zone, cname, "send"])).code).toBe(0);
    expect(await values("vm1.lab.example", "CNAME")).toEqual([]);
    expect((await nsupdate([zone, "update delete nosuch.lab.example. A", "send"])).code).toBe(0);
  });

  it("changes a TTL by adding the same value", async () => {
    expect((await nsupdate([zone, "update add vm1.lab.example. 600 A 10.71.0.11", "send"])).code).toBe(0);
    const { stdout } = await ssh.run(
      `dig @127.0.0.1 -p ${systems.endpoints.dns.port} +noall +answer vm1.lab.example A`,
      "",
    );
    expect(stdout).toMatch(/^vm1\.lab\.example\.\s+600\s+IN\s+A\s+10\.71\.0\.11\n$/);
  });
});

describe("dig", () => {
  const transfer = (options: string) =>
    ssh.run(`dig @127.0.0.1 -p ${systems.endpoints.dns.port} ${options} lab.example AXFR`, "");

  it("transfers a zone with a key, from SOA to SOA", async () => {
    const { code, stdout } = await transfer(`-k ${key("ro")} +noall +answer`);
    expect(code).toBe(0);
    const types = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/)[3]);
    expect([types.at(0), types.at(-1)]).toEqual(["SOA", "SOA"]);
    expect(stdout).toMatch(/^vm1\.lab\.example\.\s+300\s+IN\s+A\s+10\.71\.0\.11$/m);
  });

  it("exits 0 where a transfer is refused", async () => {
    const { code, stdout } = await transfer("");
    expect(code).toBe(0);
    expect(stdout).toContain("; Transfer failed.");
  });
});

describe("the shell", () => {
  it("says of a program that it isn't there", async () => {
    const { code, stderr } = await ssh.run("nsupdat -k x", "");
    expect(code).toBe(127);
    expect(stderr).toMatch(/nsupdat.*not found/);
  });
});
