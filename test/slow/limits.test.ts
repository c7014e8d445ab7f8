import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack, StackRun } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

// More of one thing than is usual stops the run with a list, before anything is declared: neither a system nor the state changes.

const guests = Array.from(
  { length: 13 },
  (_, n) =>
    `- { name: g${n + 1}, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan@4 } }] }`,
).join("\n");
const dns = { domain: "lab.example" };
const site = { protect: false };
const oneLine = ({ output }: StackRun) => output.replace(/\s+/g, " ");

describe("thirteen addresses of guests that stay", () => {
  let systems: TestSystems;
  let stack: Stack;
  let before: { inventory: string; state: string };

  const held = async () => ({ inventory: await systems.inventory(), state: JSON.stringify(stack.resources()) });
  const refused = async (config: Record<string, unknown>): Promise<string> => {
    stack.configure(systems.config({ site, dns, ...config }));
    const run = await stack.up();
    expect(run.code, run.output).not.toBe(0);
    expect(await held()).toEqual(before);
    return oneLine(run);
  };

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith(guests));
    stack = await systems.stack({ site, dns });
    expect((await stack.up()).errors).toEqual([]);
    expect(await systems.ourAddresses()).toHaveLength(13);
    before = await held();
  });
  afterAll(() => systems.close());

  it("stay where the settings misspell the custom field that asks for them", async () => {
    const said = await refused({ site: { ...site, customFields: { allocateFrom: "alocate_from" } } });
    expect(said).toMatch(
      /netbox-proxmox:site\.customFields\.allocateFrom names alocate_from, and NetBox at \S+ has no such custom field, .*: is allocate_from meant\?/,
    );
    expect(said).not.toContain("pulumi config rm");
  });

  it("stay where the name server, or the zone, of their names is not configured any more", async () => {
    const { bind9 } = systems.config() as { bind9: { ns1: { zones: string[] } } };
    expect(await refused({ bind9: undefined })).toMatch(
      /The name server ns1 is not configured any more, and this stack has 13 names g1\.lab\.example, .* and 1 more there.*put netbox-proxmox:bind9\["ns1"\] back/,
    );
    const zones = bind9.ns1.zones.filter((zone) => !/^lab\.example\.?$/.test(zone));
    expect(await refused({ bind9: { ns1: { ...bind9.ns1, zones } } })).toMatch(
      /13 names would be removed, and 5 are allowed at once.*site\.limits\.removesNames.*No zone of netbox-proxmox:bind9\["ns1"\]\.zones holds 13 names/,
    );
  });

  it("stay where the custom field is empty on all interfaces, unless that is meant", async () => {
    for (const { id } of await systems.clients.all<{ id: number }>("virtualization/interfaces"))
      await systems.clients.netbox("PATCH", `virtualization/interfaces/${id}/`, {
        custom_fields: { allocate_from: null },
      });
    const said = await refused({});
    expect(said).toMatch(
      /13 addresses of guests that stay would be released, and 5 are allowed at once: 10\.71\.0\.\d+\/24 of g\d+ net0 \(\S+\/virtualization\/virtual-machines\/\d+\/\), .* and 1 more\. If that is meant, set netbox-proxmox:site\.limits\.releases to 13, or netbox-proxmox:site\.maxRemovals, for this run/,
    );
    expect(said).toMatch(
      /13 names would be removed, and 5 are allowed at once: g1\.lab\.example \(\S+\/1\/\), g2\.lab\.example /,
    );
    expect(said).not.toMatch(/would get another address/);
    const names = await refused({ site: { ...site, limits: { releases: "all" } } });
    expect(names).not.toMatch(/would be released/);
    expect(names).toMatch(/13 names would be removed/);
    stack.configure(systems.config({ site: { ...site, limits: { releases: 13, removesNames: "100%" } }, dns }));
    expect((await stack.up()).errors).toEqual([]);
    expect(await systems.ourAddresses()).toEqual([]);
    expect((await systems.ourGuests()).map(({ status }) => status)).toEqual(Array(13).fill("running"));
  }, 240_000);
});
