import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seedWith, TestSystems } from "../harness/systems";

// The firewall's rules, as a genuine cluster of two was recorded (facts/proxmox-more.md) and as PVE's sources have them.

let systems: TestSystems;
beforeAll(async () => {
  systems = await TestSystems.open(seedWith("[]"), {}, "lab");
});
afterAll(() => systems.close());

type Row = Record<string, unknown>;
const call = <T = Row[]>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, params: Row = {}) =>
  systems.clients.proxmox<T>(method, path, params as Record<string, string | number>);
const guest = "/nodes/pve1/qemu/777/firewall";
const rule = (changes: Row = {}) => ({ type: "in", action: "ACCEPT", ...changes });
const order = async () => (await call("GET", `${guest}/rules`)).map(({ comment }) => comment);

describe("a guest's rules", () => {
  it("need no guest, come first whatever their position is, and move before the one that is named", async () => {
    for (const comment of ["c", "b", "a"]) await call("POST", `${guest}/rules`, rule({ comment, pos: 2 }));
    expect(await order()).toEqual(["a", "b", "c"]);
    await call("PUT", `${guest}/rules/0`, { moveto: 2 });
    expect(await order()).toEqual(["b", "a", "c"]);
    await call("PUT", `${guest}/rules/0`, { moveto: 9 });
    expect(await order()).toEqual(["a", "c", "b"]);
    expect(await call<Row>("GET", `${guest}/rules/1`)).toMatchObject({ comment: "c", pos: "1", enable: 0 });
  });

  it("are refused where a value is none, or names what isn't there", async () => {
    const refused = (changes: Row, text: RegExp) =>
      expect(call("POST", `${guest}/rules`, rule(changes))).rejects.toThrow(text);
    await refused({ dport: "22" }, /proto\W+missing property - 'dport' requires this property/);
    await refused({ proto: "tcp", dport: "90:80" }, /backwards range '90:80' not allowed/);
    await refused({ source: "10.0.0.1/24" }, /invalid IP address: Invalid prefix 00001010/);
    await refused({ source: "192.0.2.1", dest: "2001:db8::1" }, /dest\W+detected mixed ipv4\/ipv6 addresses in rule/);
    await refused({ source: "+none" }, /source\W+no such ipset 'none'/);
    await refused({ type: "forward" }, /type\W+invalid rule type 'forward' for rule_env 'vm'/);
    await refused({ macro: "none" }, /macro\W+unknown macro 'none'/);
    await refused(
      { proto: "icmp", "icmp-type": "no-route" },
      /icmp-type\W+invalid icmp-type 'no-route' for proto 'icmp'/,
    );
  });

  it("say what they name that is gone, and the family of what they name", async () => {
    await call("POST", `${guest}/aliases`, { name: "Gate", cidr: "2001:db8::1/128" });
    await call("POST", `${guest}/ipset`, { name: "web" });
    await call("POST", `${guest}/ipset/web`, { cidr: "192.0.2.9/24" });
    await call("POST", `${guest}/rules`, rule({ comment: "named", source: "gate", dest: "+web" }));
    expect((await call("GET", `${guest}/rules`))[0]).toMatchObject({ ipversion: 6 });
    expect(await call("GET", `${guest}/ipset/web`)).toMatchObject([{ cidr: "192.0.2.0/24" }]);
    await expect(call("DELETE", `${guest}/ipset/web`)).rejects.toThrow(/IPSet 'web' is not empty/);
    await call("DELETE", `${guest}/ipset/web/192.0.2.0/24`);
    await call("DELETE", `${guest}/ipset/web`);
    await call("DELETE", `${guest}/aliases/GATE`);
    const [found] = await call("GET", `${guest}/rules`);
    expect(found).toMatchObject({ errors: { source: "no such alias 'gate'", dest: "no such ipset 'web'" } });
    expect(found).not.toHaveProperty("ipversion");
  });
});

describe("a security group", () => {
  it("takes no groups, is renamed where it stands, and stays named where it is deleted", async () => {
    await call("POST", "/cluster/firewall/groups", { group: "web", comment: "of the web" });
    await call("POST", "/cluster/firewall/groups/web", rule({ macro: "https" }));
    expect(await call("GET", "/cluster/firewall/groups/web")).toMatchObject([{ macro: "HTTPS" }]);
    await expect(call("POST", "/cluster/firewall/groups/web", { type: "group", action: "web" })).rejects.toThrow(
      /invalid rule type 'group' for rule_env 'group'/,
    );
    await call("POST", `${guest}/rules`, { type: "group", action: "web", source: "192.0.2.1", comment: "group" });
    await call("POST", "/cluster/firewall/groups", { group: "www", rename: "web" });
    expect((await call("GET", `${guest}/rules`))[0]).toMatchObject({ action: "www" });
    expect((await call("GET", `${guest}/rules`))[0]).not.toHaveProperty("source");
    await expect(call("DELETE", "/cluster/firewall/groups/www")).rejects.toThrow(/'www' is not empty/);
    await call("DELETE", "/cluster/firewall/groups/www/0");
    await call("DELETE", "/cluster/firewall/groups/www");
    expect((await call("GET", `${guest}/rules`))[0]).toMatchObject({ action: "www" });
  });
});

it("keeps a clone's rules as its source's, and none of a deleted guest", async () => {
  await call("POST", "/nodes/pve1/qemu/9000/firewall/rules", rule({ comment: "of the template" }));
  await call("POST", "/nodes/pve1/qemu/9000/clone", { newid: 778 });
  const tasks = [...systems.lab.proxmox.values()][0]?.cluster.tasks;
  await tasks?.idle(5000);
  expect(await call("GET", "/nodes/pve1/qemu/778/firewall/rules")).toMatchObject([{ comment: "of the template" }]);
  await call("DELETE", "/nodes/pve1/qemu/778");
  await tasks?.idle(5000);
  expect(await call("GET", "/nodes/pve1/qemu/778/firewall/rules")).toEqual([]);
});
