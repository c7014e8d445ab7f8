import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordHandler } from "../../../../providers/dns/bind9/record.handler";
import { get } from "../../../../providers/registry";
import { isReal } from "../../../harness/services";
import { seedWith, TestSystems } from "../../../harness/systems";

describe.skipIf(isReal)("a name whose PTR stands in a classless zone", () => {
  let systems: TestSystems;

  afterAll(() => systems.close());

  it("is written there in both spellings, and its PTR in the parent zone goes", async () => {
    const seed = seedWith("[]");
    const reverse = { updatable: ["PTR", "TXT"] };
    const classless = ["0/25.2.0.192.in-addr.arpa", "128-255.2.0.192.in-addr.arpa"];
    const zones = [...classless, "2.0.192.in-addr.arpa"].map((name) => ({ name, ...reverse }));
    systems = await TestSystems.open({ ...seed, dns: { ...seed.dns, zones: [...seed.dns.zones, ...zones] } });
    const wanted = {
      ...{ server: "ns1", name: "web.lab.example.", ttl: 300, owner: { stack: "netbox-proxmox/test", guests: [1] } },
      records: { A: ["192.0.2.5", "192.0.2.200"] },
      reverse: ["192.0.2.5", "192.0.2.200"],
    };
    const pointers = async () => (await systems.newRecords()).filter((line) => line.includes(" PTR "));
    // As it was written before the classless zones came.
    const context = systems.context();
    await systems.clients.nsupdate("2.0.192.in-addr.arpa.", [
      "update add 5.2.0.192.in-addr.arpa. 300 PTR web.lab.example.",
      'update add _netbox-proxmox.5.2.0.192.in-addr.arpa. 300 TXT "stack=netbox-proxmox/test guests=1 types=PTR kept="',
    ]);
    expect(context.nameServer("ns1").pointerOf("192.0.2.5")).toBe("5.0/25.2.0.192.in-addr.arpa.");
    const made = await recordHandler.create(wanted);
    expect(await pointers()).toEqual([
      "200.128-255.2.0.192.in-addr.arpa. PTR web.lab.example.",
      "5.0/25.2.0.192.in-addr.arpa. PTR web.lab.example.",
    ]);
    const read = await recordHandler.read(made.id, { ...made.state });
    expect(recordHandler.diff({ ...read?.state }, wanted).changes).toBe(false);
    await recordHandler.delete(made.id, { ...made.state });
    expect(await systems.newRecords()).toEqual([]);
  });
});

describe("a name on a BIND 9", () => {
  let systems: TestSystems;

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"));
    systems.context();
  });
  afterAll(() => systems.close());

  const inputs = (name: string, records: Record<string, string[]>, changes: Record<string, unknown> = {}) => ({
    server: "ns1",
    name: `${name}.lab.example.`,
    ttl: 300,
    records,
    reverse: [...(records.A ?? []), ...(records.AAAA ?? [])],
    owner: { stack: "netbox-proxmox/test", guests: [1] },
    ...changes,
  });
  const lines = async (name: string) =>
    (await systems.newRecords()).filter(
      (line) => line.includes(`${name}.lab.example.`) && !line.startsWith("_netbox-proxmox"),
    );

  it("is written with its PTRs, read, changed and taken away", async () => {
    const wanted = inputs("web", { A: ["10.71.0.5"], AAAA: ["fd71::5"], TXT: ['say "hi"; \\ ü'] });
    const made = await recordHandler.create(wanted);
    expect(await lines("web")).toHaveLength(5);
    const read = await recordHandler.read(made.id, { ...made.state });
    expect(recordHandler.diff({ ...read?.state }, wanted).changes).toBe(false);
    const moved = inputs("web", { A: ["10.71.0.6", "10.71.0.7"] });
    const state = await recordHandler.update(made.id, { ...made.state }, moved);
    expect(await lines("web")).toEqual([
      "6.0.71.10.in-addr.arpa. PTR web.lab.example.",
      "7.0.71.10.in-addr.arpa. PTR web.lab.example.",
      "web.lab.example. A 10.71.0.6",
      "web.lab.example. A 10.71.0.7",
    ]);
    await recordHandler.delete(made.id, { ...state });
    await recordHandler.delete(made.id, { ...state });
    expect(await systems.newRecords()).toEqual([]);
    expect(await recordHandler.read(made.id, { ...state })).toBeUndefined();
  });

  it("that someone else has is not overwritten, and what was there before stays", async () => {
    await systems.clients.nsupdate("lab.example.", [
      "update add taken.lab.example. 60 A 192.0.2.1",
      "update add same.lab.example. 60 A 10.71.0.9",
    ]);
    await expect(recordHandler.create(inputs("taken", { A: ["10.71.0.8"] }))).rejects.toThrow(
      /taken.lab.example. A is 192.0.2.1, which this program did not write. Remove that record, or change dns_name/,
    );
    const made = await recordHandler.create(inputs("same", { A: ["10.71.0.9"] }));
    await recordHandler.delete(made.id, { ...made.state });
    expect(await lines("same")).toEqual(["same.lab.example. A 10.71.0.9"]);
    await systems.clients.nsupdate("lab.example.", [
      "update delete taken.lab.example.",
      "update delete same.lab.example.",
    ]);
  });

  it("that is adopted shows as what it is until the next update", async () => {
    const provider = get("bind9-record");
    const change = (verb: string) =>
      systems.clients.nsupdate("lab.example.", [`update ${verb} found.lab.example. 60 A 192.0.2.3`]);
    await change("add");
    const wanted = inputs("found", { A: ["10.71.0.3"] }, { reverse: [], ttl: 300 });
    const { id, outs = {} } = await provider.create({ ...wanted, adopt: true });
    const read = await provider.read?.(id, outs);
    expect(read?.inputs).toEqual({ ...wanted, ttl: 60, records: { A: ["192.0.2.3"] } });
    const { outs: updated = {} } = (await provider.update?.(id, outs, wanted)) ?? {};
    expect(updated).toEqual(wanted);
    expect(await provider.read?.(id, updated)).toEqual({ id, props: wanted });
    await provider.delete?.(id, updated);
  });

  it("arrives with many others in one transaction a zone, and one bad one takes no other with it", async () => {
    systems.lab.log.clear();
    await systems.clients.nsupdate("lab.example.", ["update add n7.lab.example. 60 A 192.0.2.7"]);
    const made = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => recordHandler.create(inputs(`n${n}`, { A: [`10.71.1.${n + 1}`] }))),
    );
    expect(made.filter(({ status }) => status === "rejected")).toHaveLength(1);
    expect((await systems.newRecords()).filter((line) => / A 10\.71\.1\./.test(line))).toHaveLength(19);
    const sent = systems.lab.log.calls.filter(({ method }) => method === "nsupdate").length;
    // One transaction a zone; the one that fails is halved until the bad change stands alone.
    if (!isReal) expect(sent).toBeLessThanOrEqual(4 + 2 * Math.ceil(Math.log2(20)));
    await Promise.all(
      made.map((each) =>
        each.status === "fulfilled" ? recordHandler.delete(each.value.id, { ...each.value.state }) : undefined,
      ),
    );
    await systems.clients.nsupdate("lab.example.", ["update delete n7.lab.example."]);
    expect(await systems.newRecords()).toEqual([]);
  });

  it("may be an alias; a key that may not write, and a type that it may not write, are said", async () => {
    const made = await recordHandler.create(inputs("alias", { CNAME: ["web.lab.example."] }));
    expect(await lines("alias")).toEqual(["alias.lab.example. CNAME web.lab.example."]);
    await recordHandler.delete(made.id, { ...made.state });
    await expect(
      recordHandler.create({ ...inputs("x", { A: ["10.71.0.5"] }), name: "x.static.example.", reverse: [] }),
    ).rejects.toThrow(/no zone of netbox-proxmox:bind9\["ns1"\].zones holds it/);
  });
});
