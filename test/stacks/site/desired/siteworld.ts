import { Zones } from "../../../../providers/dns/zones";
import {
  ipAddress,
  type NetboxVirtualMachine,
  prefix,
  virtualDisk,
  virtualMachine,
  vmInterface,
} from "../../../../providers/netbox/schemas";
import { printAllocation } from "../../../../providers/ownership/netbox";
import type { DeclaredResource } from "../../../../stacks/declared";
import { Ipam } from "../../../../stacks/netbox/ipam";
import { planSteps } from "../../../../stacks/plan/steps";
import { declareSite } from "../../../../stacks/site/declare";
import { siteChanges } from "../../../../stacks/site/desired/changes";
import { holdsOf } from "../../../../stacks/site/desired/holds";
import { type Settled, settle } from "../../../../stacks/site/desired/leftout";
import { zoneServerOf } from "../../../../stacks/site/desired/pluginindex";
import type { GuestProblem, InState, ProxmoxFacts, Site } from "../../../../stacks/site/desired/types";
import { siteStateIn } from "../../../../stacks/state";
import { stateAfterDeclaring } from "../../../harness/declared";
import { settingsWith, siteWith } from "./example";

// Sites that were built by an earlier run, without a system: what NetBox says of guests, what Proxmox VE has, and the state.

const stack = "site/test";
const gibibyte = 1024 ** 3;

/** A guest as a person documents it. Its only interface has ten times its id, its addresses a hundred times. */
export interface Documented {
  id: number;
  name: string;
  /** Its slug. */
  tenant?: string;
  /** Their slugs. */
  tags?: string[];
  status: string;
  memory: number;
  customFields: Record<string, unknown>;
  context: Record<string, unknown>;
  interfaces: { name: string; mode: string | null; address: string | undefined; allocated: boolean; asks?: string }[];
  disks: { name: string; size: number }[];
  dnsName: string;
}

export const documented = (id: number, more: Partial<Documented> = {}): Documented => ({
  id,
  name: `g${id}`,
  status: "active",
  memory: 1024,
  customFields: {},
  context: {},
  interfaces: [{ name: "net0", mode: null, address: `10.0.0.${id}/24`, allocated: false }],
  disks: [{ name: "scsi0", size: 8192 }],
  dnsName: `g${id}.lab.example`,
  ...more,
});

/** Which guests are built, with what NetBox said of them as they were. */
export interface World {
  guests: Documented[];
  built: Documented[];
}

const zoneOf = (name: string): string | undefined => (name.endsWith("lab.example.") ? "lab.example." : undefined);
const hasPointer = (): boolean => false;
const servers = {
  all: [zoneServerOf("ns1", undefined, { zoneOf, hasPointer })],
  zones: new Zones<string>([["lab.example", "ns1"]]),
};

function netboxOf(guests: Documented[]): Partial<Site["netbox"]> {
  const prefixes = [
    prefix.parse({
      id: 1,
      prefix: "10.0.0.0/24",
      vrf: null,
      vlan: null,
      role: null,
      status: { value: "active" },
      tags: [],
      custom_fields: {},
    }),
  ];
  const interfaces = guests.flatMap((guest) =>
    guest.interfaces.map((each, n) =>
      vmInterface.parse({
        id: guest.id * 10 + n,
        name: each.name,
        virtual_machine: { id: guest.id },
        enabled: true,
        mtu: null,
        mode: each.mode === null ? null : { value: each.mode },
        untagged_vlan: null,
        tagged_vlans: [],
        mac_address: null,
        custom_fields: each.asks === undefined ? {} : { allocate_from: each.asks },
      }),
    ),
  );
  const addresses = guests.flatMap((guest) =>
    guest.interfaces.flatMap(({ address, allocated }, n) =>
      address === undefined
        ? []
        : [
            ipAddress.parse({
              id: guest.id * 100 + n,
              address,
              status: { value: "active" },
              dns_name: guest.dnsName,
              vrf: null,
              assigned_object_type: "virtualization.vminterface",
              assigned_object_id: guest.id * 10 + n,
              tags: [],
              custom_fields: {},
              description: allocated
                ? printAllocation({ stack, interfaceId: guest.id * 10 + n, family: 4, ordinal: 0 })
                : "",
            }),
          ],
    ),
  );
  const disks = guests.flatMap((guest) =>
    guest.disks.map((disk, n) =>
      virtualDisk.parse({ id: guest.id * 10 + n, ...disk, virtual_machine: { id: guest.id }, custom_fields: {} }),
    ),
  );
  return {
    guests: guests.map(machineOf),
    interfaces,
    addresses,
    prefixes,
    disks,
    ipam: new Ipam({ prefixes, addresses, ranges: [] }, "gateway"),
  };
}

const machineOf = ({
  id,
  name,
  tenant,
  tags = [],
  status,
  memory,
  customFields,
  context,
}: Documented): NetboxVirtualMachine =>
  virtualMachine.parse({
    ...(tenant === undefined ? {} : { tenant: { slug: tenant } }),
    id,
    name,
    status: { value: status },
    cluster: { id: 1, name: "pve" },
    platform: null,
    vcpus: 2,
    memory,
    description: "",
    comments: "",
    tags: tags.map((slug) => ({ slug })),
    primary_ip4: null,
    primary_ip6: null,
    local_context_data: { ...context, proxmox: { template: 9000, ...((context.proxmox as object) ?? {}) } },
    custom_fields: customFields,
  });

/** Two nodes on which the guests with these VMIDs are, beside the template 9000. */
export function proxmoxOf(vmids: Map<number, string>, more: Partial<ProxmoxFacts> = {}): ProxmoxFacts {
  const nodes = ["a", "b"];
  return {
    guests: new Map(
      [...vmids].map(([vmid, name]) => [
        vmid,
        {
          vmid,
          type: "qemu" as const,
          node: "a",
          name,
          status: "running",
          template: false,
          tags: [],
          memory: gibibyte,
          hasHa: false,
        },
      ]),
    ),
    templates: new Map([
      [
        9000,
        {
          name: "t",
          node: "a",
          type: "qemu" as const,
          disks: { scsi0: { size: "3G", storage: "ceph" } },
          storages: ["ceph"],
          hasCloudInitDrive: true,
        },
      ],
    ]),
    seen: new Map(),
    nodes: nodes.map((node) => ({ node, online: true, memory: 64 * gibibyte })),
    storages: nodes.map((node) => ({
      node,
      storage: "ceph",
      shared: true,
      isFiles: false,
      available: true,
      content: ["images", "rootdir"],
    })),
    bridges: new Map(),
    osTemplates: new Map(),
    ...more,
  };
}

/** What a run that built these guests left in the state. */
export function stateAfter(guests: Documented[], proxmox: Partial<ProxmoxFacts> = {}): InState {
  const {
    guests: desired,
    named,
    left,
  } = settle(
    siteWith({ netbox: netboxOf(guests), proxmox: new Map([["pve", proxmoxOf(new Map(), proxmox)]]) }),
    servers,
    undefined,
    {},
    [],
  );
  if (left.size > 0) throw new Error(`these guests are meant to be in order: ${JSON.stringify([...left])}`);
  const { resources } = declareSite(
    { ...siteWith({}), ...declaring },
    { guests: desired, kept: [], orphans: [], ...named },
  );
  const foundOut = ({ definition: { kind }, inputs: { mark } }: DeclaredResource) =>
    kind === "proxmox-vm" || kind === "proxmox-container" ? { uuid: JSON.stringify(mark), system: "s" } : {};
  return siteStateIn({ resources: stateAfterDeclaring(resources, foundOut), outputs: undefined });
}

/** What declaring goes by here. */
const declaring = { servers: servers.all, snapshots: new Map(), protect: false, isDryRun: true };

export interface Plans extends Settled {
  site: Site;
  changes: ReturnType<typeof siteChanges>;
}

/** What a run plans. @param before guests that are left out for what NetBox says of them */
export function planOf(
  { guests, built }: World,
  before: GuestProblem[] = [],
  proxmox: Partial<ProxmoxFacts> = {},
  sections: Record<string, object> = {},
): Plans {
  const state = stateAfter(built, proxmox);
  const vmids = new Map([...state.guests.values()].map(({ vmid, name }) => [vmid, name]));
  const site = siteWith({
    netbox: netboxOf(guests),
    state,
    settings: settingsWith(sections),
    proxmox: new Map([["pve", proxmoxOf(vmids, proxmox)]]),
  });
  const nothing = { undeclared: [], evidence: new Map() };
  const holds = holdsOf(site.netbox, nothing, new Set(state.guests.keys()), site.settings.site);
  const settled = settle(site, servers, undefined, {}, before, new Set(holds.keys()));
  const { guests: wanted, kept, named } = settled;
  const { resources } = declareSite({ ...site, ...declaring }, { guests: wanted, kept, orphans: [], ...named });
  const staying = new Map([...wanted, ...kept].map(({ id, name }) => [id, name]));
  const changes = siteChanges({ ...site, orphans: [], staying }, planSteps(resources, state.resources));
  return { ...settled, site, changes };
}
