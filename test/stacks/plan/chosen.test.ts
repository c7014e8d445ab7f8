import { describe, expect, it } from "vitest";
import { bind9Record } from "../../../providers/dns/bind9/record";
import { netboxIpAllocation } from "../../../providers/netbox/ipam/ipallocation";
import { siteAnchor } from "../../../providers/ownership/anchor";
import { proxmoxContainer } from "../../../providers/proxmox/nodes/lxc/container";
import { proxmoxVm } from "../../../providers/proxmox/nodes/qemu/vm";
import type { Definition } from "../../../providers/resource";
import { DeclaredResource, Later } from "../../../stacks/declared";
import type { GuestChoice } from "../../../stacks/plan/choice";
import { chosenSteps } from "../../../stacks/plan/chosen";
import { planSteps } from "../../../stacks/plan/steps";
import { stateAfterDeclaring } from "../../harness/declared";

// Two guests that share a name, one that is new, one that goes, and a namesake on another cluster.

const markOf = (netboxId: number) => ({ stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId });
const resource = (definition: Definition, name: string, inputs: object, after: DeclaredResource[] = []) =>
  new DeclaredResource(definition, name, { ...inputs }, { after });
const guest = (id: number, name: string, more: { cluster?: string; tags?: string[]; node?: string } = {}) =>
  resource(id === 3 ? proxmoxContainer : proxmoxVm, `${name} ${id}`, {
    ...{ mark: markOf(id), name, cluster: "pve-a", vmid: 100 + id, tags: [], ...more },
  });
const record = (name: string, guests: DeclaredResource[], ids: number[]) =>
  resource(bind9Record, `ns1/${name}`, { server: "ns1", name: `${name}.`, owner: { guests: ids } }, guests);

const web = guest(1, "web01", { tags: ["web"], node: "pve1" });
const db = guest(2, "db01", { tags: ["db"], node: "pve2" });
const gone = guest(3, "old01");
const namesake = guest(4, "web01", { cluster: "pve-b" });
const own = record("web01.lab.example", [web], [1]);
const goneRecord = record("old01.lab.example", [gone], [3]);
const address = resource(netboxIpAllocation, "fresh01 net0 IPv4", { mark: markOf(5), family: 4 });
const fresh = new DeclaredResource(
  proxmoxVm,
  "fresh01",
  {
    mark: markOf(5),
    name: "fresh01",
    cluster: "pve-a",
    vmid: 105,
    tags: ["web"],
    ipconfig: Later.of(address, "address"),
  },
  {},
);
const shared = record("shared.lab.example", [web, fresh], [1, 5]);
const anchor = resource(siteAnchor, "anchor", { leftovers: [] }, [own, shared]);
const steps = planSteps(
  [web, db, namesake, own, address, fresh, shared, anchor],
  stateAfterDeclaring([web, db, gone, namesake, own, goneRecord]),
);
const chosen = (choice: Partial<GuestChoice>) =>
  chosenSteps(steps, { only: [], tag: [], cluster: [], node: [], ...choice }).map(
    ({ action, name }) => `${action} ${name}`,
  );

describe("a choice of guests", () => {
  it("takes a guest, its names, and what those wait for that isn't there yet", () => {
    expect(chosen({ only: ["pve-a/101"] })).toEqual([
      ...["same web01 1", "same ns1/web01.lab.example", "create fresh01 net0 IPv4", "create fresh01"],
      ...["create ns1/shared.lab.example", "create anchor"],
    ]);
  });

  it("takes one that goes, with what goes with it", () => {
    expect(chosen({ only: ["old01"] })).toEqual(["create anchor", "delete old01 3", "delete ns1/old01.lab.example"]);
  });

  it.each<[Partial<GuestChoice>, string[]]>([
    [{ tag: ["db"] }, ["same db01 2"]],
    [{ node: ["pve2"] }, ["same db01 2"]],
    [{ cluster: ["pve-b"] }, ["same web01 4"]],
    [{ only: ["web01"], cluster: ["pve-b"] }, ["same web01 4"]],
    [{ only: ["102"] }, ["same db01 2"]],
    [{ type: "ct" }, ["delete old01 3", "delete ns1/old01.lab.example"]],
  ])("goes by %j", (choice, found) => {
    expect(chosen(choice).filter((each) => !each.endsWith("anchor"))).toEqual(found);
  });

  it.each<[Partial<GuestChoice>, string]>([
    [
      { only: ["db1"] },
      "There is no guest db1 in the plan (did you mean db01?): write a name, a VMID, or CLUSTER/VMID.",
    ],
    [{ only: ["everything"] }, "There is no guest everything in the plan: write a name, a VMID, or CLUSTER/VMID."],
    [{ only: ["web01"] }, "web01 is 2 guests: write pve-a/101 or pve-b/104."],
    [{ only: ["db01"], tag: ["web"] }, "db01 is not what the options ask for: it is pve-a/102."],
    [{ tag: ["nothing"], node: ["pve1"] }, "No guest of the plan is chosen by --tag nothing --node pve1."],
  ])("says what is wrong with %j", (choice, message) => {
    expect(() => chosen(choice)).toThrow(message);
  });
});
