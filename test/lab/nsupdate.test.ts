import { describe, expect, it } from "vitest";
import { dig } from "../../lab/bind9/dig";
import { type NameServer, Nsupdate } from "../../lab/bind9/nsupdate";
import { Zones } from "../../lab/bind9/zones";

// The outcomes of BIND 9.18's nsupdate, as they were measured.

function server(): NameServer {
  const zones = new Zones();
  zones.add({ name: "lab.example", updatable: ["A", "AAAA", "CNAME", "TXT"] });
  zones.add({ name: "static.example", updatable: [] });
  return {
    zones,
    port: 53,
    keyFiles: new Map([
      ["/k", "update"],
      ["/ro", "transfer"],
    ]),
  };
}

const start = [
  "server 127.0.0.1 53",
  "zone lab.example",
  "update add vm1.lab.example. 300 A 10.0.0.1",
  "send",
  "",
].join("\n");
const outcome = (lines: string[], args = ["-k", "/k"]) => {
  const at = server();
  Nsupdate.run(at, ["-k", "/k"], start);
  const { code, stderr } = Nsupdate.run(at, args, ["server 127.0.0.1 53", ...lines, ""].join("\n"));
  return { code, stderr, zone: at.zones.get("lab.example") };
};

describe("nsupdate of the lab", () => {
  it.each([
    [
      ["zone lab.example", "prereq nxrrset vm1.lab.example. A", "update add vm1.lab.example. 300 A 10.0.0.2", "send"],
      "YXRRSET",
    ],
    [
      ["zone lab.example", "prereq nxdomain vm1.lab.example.", "update add vm1.lab.example. 300 A 10.0.0.2", "send"],
      "YXDOMAIN",
    ],
    [["zone lab.example", "prereq yxdomain no.lab.example.", "update delete no.lab.example. A", "send"], "NXDOMAIN"],
    [
      ["zone lab.example", "prereq yxrrset vm1.lab.example. A 10.0.0.9", "update delete vm1.lab.example. A", "send"],
      "NXRRSET",
    ],
    [["zone lab.example", "update add x.lab.example. 300 MX 10 vm1.lab.example.", "send"], "REFUSED"],
    [["zone static.example", "update add x.static.example. 300 A 10.0.0.2", "send"], "REFUSED"],
    [["zone other.example", "update add x.other.example. 300 A 10.0.0.2", "send"], "NOTAUTH"],
    [["zone lab.example", "update add x.static.example. 300 A 10.0.0.2", "send"], "NOTZONE"],
  ])("%j fails with 2", (lines, code) => {
    expect(outcome(lines)).toMatchObject({ code: 2, stderr: `update failed: ${code}\n` });
  });

  it("needs a send, goes on after a refused one, and applies nothing of a batch with a syntax error", () => {
    expect(outcome(["zone lab.example", "update add eof.lab.example. 300 A 10.0.0.3"]).code).toBe(0);
    expect(outcome(["zone lab.example", "update add bad.lab.example. 300 A 10.0.0.999", "send"]).code).toBe(1);
    const two = outcome([
      "zone lab.example",
      "prereq nxrrset vm1.lab.example. A",
      "update add vm1.lab.example. 300 A 10.0.0.4",
      "send",
      "update add second.lab.example. 300 A 10.0.0.5",
      "send",
    ]);
    expect(two.code).toBe(2);
    expect(two.zone?.rrset("second.lab.example.", "A")?.values).toEqual(["10.0.0.5"]);
  });

  it("sends unsigned where the key file is missing, and ignores a CNAME over an A", () => {
    expect(
      outcome(["zone lab.example", "update add x.lab.example. 300 A 10.0.0.3", "send"], ["-k", "/missing.key"]).stderr,
    ).toBe("could not read key from /missing.{private,key}: file not found\nupdate failed: REFUSED\n");
    const clash = outcome(["zone lab.example", "update add vm1.lab.example. 300 CNAME x.lab.example.", "send"]);
    expect(clash.code).toBe(0);
    expect(clash.zone?.rrset("vm1.lab.example.", "CNAME")).toBeUndefined();
  });

  it("has a dig that transfers with a key only, and exits 0 all the same", () => {
    expect(dig(server(), ["@127.0.0.1", "-p", "53", "lab.example", "AXFR"])).toMatchObject({
      code: 0,
      stdout: "; Transfer failed.\n",
    });
    expect(dig(server(), ["@127.0.0.1", "-p", "53", "-k", "/ro", "lab.example", "AXFR"]).stdout).toMatch(
      /^lab.example.\t300\tIN\tSOA/,
    );
  });
});
