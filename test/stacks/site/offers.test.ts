import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Self } from "../../../providers/ownership/owner";
import { type Grant, planGrants, siteGrants } from "../../../stacks/access/privileges";
import { readSettings } from "../../../stacks/settings";
import { planSite } from "../../../stacks/site/plan";
import { siteStateIn } from "../../../stacks/state";
import { limitedToken } from "../../harness/rights";
import { demoSeed, seedWith, TestSystems } from "../../harness/systems";

// What can be known before anything is made: it is told of the one guest, and the others are planned.

const debian = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst";
const ct = `customFields: { proxmox_vm_type: lxc, proxmox_vm_storage: ceph, proxmox_lxc_templates: '${debian}' }, disks: [{ name: rootfs, size: 2048 }]`;

/** Guests by name: what their config contexts say below `proxmox`, and what is said of them; nothing of those that are sound. */
const cases: Record<string, [proxmox: Record<string, unknown>, told: RegExp | undefined, more?: string]> = {
  "in-no-pool": [{ pool: "taem" }, /pve-lab has no pool taem \(did you mean team\?\); make it there, or correct/],
  "in-a-pool": [{ pool: "team" }, undefined],
  "no-cpu": [{ options: { cpu: "hsot" } }, /pve-lab has no CPU model hsot \(did you mean host\?\); correct its option/],
  "a-cpu": [{ options: { cpu: "host,flags=+aes" } }, undefined],
  "own-cpu": [{ options: { cpu: "custom-site" } }, /its option cpu needs Mapping\.Use on \/mapping\/cpu\/site, which/],
  "own-cpu-misnamed": [
    { options: { cpu: "site" } },
    /names site, which is a CPU model of pve-lab's own; write custom-site/,
  ],
  "no-own-cpu": [{ options: { cpu: "custom-siet" } }, /no CPU model custom-siet \(did you mean custom-site\?\)/],
  "no-ha": [{ ha: "prefer-pve9" }, /pve-lab has no HA node affinity rule prefer-pve9/],
  "an-ha": [{ ha: "managed" }, undefined],
  "snippet-nowhere": [
    { options: { cicustom: "user=nosuch:snippets/a.yaml" } },
    /names the storage nosuch, which pve1 lacks/,
  ],
  "snippet-no-content": [
    { options: { cicustom: "user=ceph:snippets/a.yaml" } },
    /storage ceph, which holds none; set its content/,
  ],
  "snippet-hidden": [{ options: { cicustom: "user=notes:snippets/none.yaml" } }, undefined],
  "snippet-missing": [
    { options: { cicustom: "user=seen:snippets/none.yaml" } },
    /names seen:snippets\/none\.yaml, which pve1 lacks/,
  ],
  "a-snippet": [{ options: { cicustom: "user=seen:snippets/a.yaml" } }, undefined],
  "vlan-nowhere": [
    { bridge: "vmbr8" },
    /pve1 has bridge vmbr8 without a port or VLAN awareness, one of which VLAN 71 needs/,
    "interfaces: [{ name: net0, vlan: 71 }]",
  ],
  "vlan-on-a-port": [{ bridge: "vmbr9" }, undefined, "interfaces: [{ name: net0, vlan: 71 }]"],
  "vlan-aware": [{ bridge: "vmbr0" }, undefined, "interfaces: [{ name: net0, vlan: 71 }]"],
  "small-mtu": [{}, /net0 has an MTU of 500; PVE starts no guest with less/, "interfaces: [{ name: net0, mtu: 500 }]"],
  "no-vlan": [{ bridge: "vmbr8" }, undefined],
  starter: [
    { options: { startup: "order=1" } },
    /its option startup needs Sys\.Modify on \/, which pulumi@pve!site lacks/,
  ],
  "ct-starter": [{ containerOptions: { startup: "order=1" } }, undefined, `${ct}, interfaces: [{ name: net0 }]`],
  "ct-privileged": [
    { unprivileged: false },
    /a privileged container needs Sys\.Modify on \//,
    `${ct}, interfaces: [{ name: net0 }]`,
  ],
  mapped: [{ options: { hostpci0: "mapping=gpu" } }, /hostpci0 needs Mapping\.Use on \/mapping\/pci\/gpu/],
  "snapshot-kept": [{ snapshotBefore: ["memory"] }, undefined],
  "snapshot-raw": [{ snapshotBefore: ["memory"] }, undefined, `${ct}, interfaces: [{ name: net0 }]`],
  "tag-registered": [
    {},
    /pve-lab lets pulumi@pve!site not change the tag billing \(registered-tags of its options\); grant it Sys\.Modify on \/ /,
    "tags: [billing], interfaces: [{ name: net0 }]",
  ],
  "tag-not-listed": [
    {},
    /pve-lab lets pulumi@pve!site not change the tag other \(user-tag-access of its options\)/,
    "tags: [other], interfaces: [{ name: net0 }]",
  ],
  "tag-listed": [{}, undefined, "tags: [free], interfaces: [{ name: net0 }]"],
  "ct-keyctl": [
    { containerOptions: { features: "nesting=1,keyctl=1,mount=nfs" } },
    /its option features changes keyctl, mount, which Proxmox VE takes from the login of root@pam alone, and this stack works as pulumi@pve!site; change/,
    `${ct}, interfaces: [{ name: net0 }]`,
  ],
  "ct-nesting": [
    { containerOptions: { features: "nesting=1,fuse=0" } },
    undefined,
    `${ct}, interfaces: [{ name: net0 }]`,
  ],
  random: [{ options: { rng0: "source=/dev/hwrng" } }, /rng0 needs Mapping\.Use on \/mapping\/hwrng/],
};

describe("the plan of a site", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    const rows = Object.entries(cases).map(
      ([name, [, , more = "interfaces: [{ name: net0 }]"]]) => `- { name: ${name}, ${more} }`,
    );
    const seed = { ...seedWith(rows.join("\n")), proxmox: demoSeed().proxmox };
    seed.netbox.tags = [...seed.netbox.tags, "billing", "other", "free"];
    for (const node of seed.proxmox["pve-lab"]?.nodes ?? []) {
      node.bridges = ["vmbr0", "vmbr8", "vmbr9"];
      node.network = [
        { iface: "vmbr0", bridge_vlan_aware: 1 },
        { iface: "vmbr8" },
        { iface: "vmbr9", bridge_ports: "eno1" },
      ];
    }
    for (const storage of ["notes", "seen"])
      seed.proxmox["pve-lab"]?.storages.push({ storage, type: "dir", content: "snippets", shared: true });
    systems = await TestSystems.open(seed, {}, "lab");
    const { cluster } = systems.lab.proxmox.get("pve-lab") ?? expect.unreachable("the seed has that cluster");
    cluster.cpuModels.add("site");
    cluster.options.set({
      "registered-tags": "billing",
      "user-tag-access": "user-allow=list,user-allow-list=free",
    });
    for (const storage of ["notes", "seen"]) {
      const volid = `${storage}:snippets/a.yaml`;
      cluster.storages.add("pve1", { volid, storage, size: 9, filled: 9, format: "snippet", content: "snippets" });
    }
    await systems.clients.proxmox("POST", "/pools", { poolid: "team" });
    for (const [name, [proxmox]] of Object.entries(cases)) {
      const { id } = await systems.clients.vm(name);
      const body = { local_context_data: { proxmox }, custom_fields: { proxmox_node: "pve1" } };
      await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, body);
    }
  }, 60_000);
  afterAll(() => systems.close());

  const usual = siteGrants.filter(({ only }) => only === undefined || only === "pools" || only === "HA");
  /** What a stack that has made nothing plans, with these rights. */
  async function plan(grants: Grant[]) {
    limitedToken(systems.lab, grants);
    const given = systems.config({ site: { maxLeftOut: "all" } });
    const get = (key: string) => (given[key] === undefined ? undefined : JSON.stringify(given[key]));
    const settings = readSettings({ get }, Object.keys(systems.reach.proxmox));
    if ("problems" in settings) throw new Error(JSON.stringify(settings.problems));
    const context = systems.context();
    const self = new Self("netbox-proxmox/test", context.netbox.url);
    return planSite(context, settings.value, self, siteStateIn({ resources: [], outputs: {} }));
  }
  /** What is said of each guest that is left out. */
  const told = (warnings: string[]) =>
    Object.fromEntries(
      Object.keys(cases).map((name) => [
        name,
        warnings.filter((each) => each.startsWith(`Left out: ${name} (`)).join("\n"),
      ]),
    );

  it("tells of each guest what it names and Proxmox VE doesn't have, and which right it lacks", async () => {
    const { guests, warnings } = await plan([
      ...usual,
      { path: "/storage/seen", privileges: ["Datastore.Allocate", "Datastore.Audit"] },
    ]);
    const found = told(warnings);
    for (const [name, [, wanted]] of Object.entries(cases))
      if (wanted === undefined) expect([name, found[name]]).toEqual([name, ""]);
      else expect([name, found[name]]).toEqual([name, expect.stringMatching(wanted)]);
    expect(guests.map(({ name }) => name).sort()).toEqual(
      Object.keys(cases)
        .filter((name) => cases[name]?.[1] === undefined)
        .sort(),
    );
  });

  it("says whose pools the token may not see, and takes none for missing", async () => {
    const blind = usual.filter(({ only }) => only !== "pools");
    const { guests, warnings } = await plan(blind);
    expect(warnings.join("\n")).toMatch(
      /pulumi@pve!site may not see which pools of pve-lab these guests are in: in-no-pool \(\S+\)(,| and) in-a-pool \(\S+\)\. .* needs Pool\.Audit on \/pool/,
    );
    expect(guests.map(({ name }) => name)).toEqual(expect.arrayContaining(["in-no-pool", "in-a-pool"]));
  });

  it("warns of a guest that is to be kept in snapshots, and goes where none is kept", async () => {
    const { storages } = systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
    const of = async (type: string) => {
      storages.get("ceph").type = type;
      return (await plan(usual)).warnings.filter((each) => / gets a snapshot before /.test(each)).join("\n");
    };
    expect(await of("rbd")).toBe("");
    expect(await of("dir")).toMatch(
      /^snapshot-raw \(\S+\) .* no snapshot keeps rootfs on ceph: such changes will be refused\. Name/,
    );
    const onLvm = await of("lvm");
    expect(onLvm).toMatch(/snapshot-raw .* rootfs on ceph/);
    expect(onLvm).toMatch(/snapshot-kept .* no snapshot keeps scsi0 on ceph/);
    storages.get("ceph").more = { "snapshot-as-volume-chain": 1 };
    expect(await of("lvm")).not.toMatch(/snapshot-kept/);
    storages.get("ceph").more = {};
    storages.get("ceph").type = "rbd";
  });

  it("finds nothing wrong with rights where the token has them, and none lacking where it only looks", async () => {
    const ofRights = ["starter", "ct-privileged", "mapped", "random", "own-cpu", "tag-registered", "tag-not-listed"];
    const held = told((await plan(siteGrants)).warnings);
    expect(ofRights.map((name) => held[name])).toEqual(ofRights.map(() => ""));
    const looking = told((await plan(planGrants)).warnings);
    expect(ofRights.map((name) => looking[name])).toEqual(ofRights.map(() => ""));
  });
});
