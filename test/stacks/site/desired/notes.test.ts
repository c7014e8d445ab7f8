import { describe, expect, it } from "vitest";
import { detachNotes, migrationNotes } from "../../../../stacks/site/desired/notes";
import type { ProxmoxFacts } from "../../../../stacks/site/desired/types";
import { type Documented, documented, planOf } from "./siteworld";

const two = {
  disks: [
    { name: "scsi0", size: 8192 },
    { name: "scsi1", size: 1024 },
  ],
};

function planned(before: Partial<Documented>, after: Partial<Documented>, proxmox: Partial<ProxmoxFacts> = {}) {
  const plan = planOf({ guests: [documented(5, after)], built: [documented(5, before)] }, [], proxmox);
  const { guests, site, left, changes } = plan;
  return { guests, known: site.state.guests, proxmox: site.proxmox, left, changes };
}

describe("what a plan says of its consequences", () => {
  it("names the volume that a virtual disk leaves, and where it then is", () => {
    const config = {
      scsi0: "ceph:vm-100005-disk-0,size=8G",
      scsi1: "ceph:vm-100005-disk-1,size=1G",
      unused0: "ceph:old",
    };
    const seen = { vmid: 100_005, type: "qemu" as const, name: "g5", making: false, addresses: {}, config };
    const { guests, known, proxmox, changes } = planned(two, {}, { seen: new Map([[100_005, seen]]) });
    expect(detachNotes(guests, known, proxmox)).toEqual([
      expect.stringMatching(
        /^g5 \(\S+\): scsi1 is detached, and its volume ceph:vm-100005-disk-1 is kept as unused1 of VM 100005\.$/,
      ),
    ]);
    expect(changes.flatMap(({ effects }) => effects)).toEqual(["detaches"]);
    expect(detachNotes(...noneOf(planned(two, two)))).toEqual([]);
    // As a container keeps a mount point that could not be mounted.
    const asked = { ...seen, config: { ...config, scsi1: "ceph:1" } };
    const { guests: same, known: before, proxmox: waiting } = planned(two, {}, { seen: new Map([[100_005, asked]]) });
    expect(detachNotes(same, before, waiting)).toEqual([
      expect.stringMatching(
        /^g5 \(\S+\): scsi1 is taken back; it waited for a start, and no volume was made for it\.$/,
      ),
    ]);
  });

  it("calls another node a migration, with what it does to the guest", () => {
    const on = (node: string) => ({ customFields: { proxmox_node: node } });
    const { guests, known, proxmox, changes } = planned(on("a"), on("b"));
    expect(migrationNotes(guests, known, proxmox)).toEqual([
      expect.stringMatching(/^g5 \(\S+\) migrates from a to b, while it runs\.$/),
    ]);
    expect(changes.flatMap(({ effects }) => effects)).toEqual(["migrates"]);
    expect(migrationNotes(...noneOf(planned(on("a"), on("a"))))).toEqual([]);
    const away = planned(on("a"), on("b"), {
      nodes: [
        { node: "a", online: true, memory: 1 },
        { node: "b", online: true, memory: 1, maintenance: true },
      ],
    });
    expect(away.left.get(5)?.join()).toMatch(/it can't migrate from a to b: b is in HA maintenance; name a or another/);
  });

  it("says in one sentence that a disk can't shrink, and that a boot disk can't change its bus", () => {
    const smaller = planned({ disks: [{ name: "scsi0", size: 16_384 }] }, {});
    expect(smaller.left.get(5)).toEqual([
      expect.stringMatching(
        /^g5 \(\S+\): scsi0 can't shrink from 16G to 8G; set the virtual disk's size in NetBox back/,
      ),
    ]);
    const other = planned({}, { disks: [{ name: "virtio0", size: 8192 }] });
    expect(other.left.get(5)?.join()).toMatch(/its boot disk scsi0 would be detached/);
    expect([...smaller.changes, ...other.changes]).toEqual([]);
  });

  it("calls what is taken over an adoption", () => {
    const { changes } = planOf(
      { guests: [documented(5)], built: [] },
      [],
      {
        guests: new Map([
          [
            100_005,
            {
              vmid: 100_005,
              type: "qemu" as const,
              node: "a",
              name: "g5",
              status: "running",
              template: false,
              tags: [],
              memory: 1,
              hasHa: false,
            },
          ],
        ]),
        seen: new Map([
          [100_005, { vmid: 100_005, type: "qemu", name: "g5", making: false, addresses: {}, config: {} }],
        ]),
      },
      { site: { adopt: true } },
    );
    expect(changes.filter(({ system }) => system === "Proxmox VE")).toMatchObject([{ action: "adopt", name: "g5" }]);
  });
});

const noneOf = ({ guests, known, proxmox }: ReturnType<typeof planned>) => [guests, known, proxmox] as const;
