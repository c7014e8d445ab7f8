import type { NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { guestUrl } from "../../../providers/ownership/mark";
import type { BackupJob } from "../../../providers/proxmox/schemas";
import { hostOf, isPublic } from "../../netbox/address";
import type { Change } from "../../plan/change";
import type { PolicyFacts } from "../../plan/policies/judge";
import type { PolicyAddress, PolicyContact, PolicyGuest, PolicyNic, PolicyService } from "../../plan/policies/objects";
import { sizeOf } from "./guestsizes";
import type { DesiredAllocation, DesiredGuest, KeptGuest, Machine, Site } from "./types";

// Guests as policies look at them.

/** What policies need to know besides, as far as one of them names it. */
export interface PolicyReads {
  /** By the guest's NetBox id. */
  services: Map<number, PolicyService[]>;
  contacts: Map<number, PolicyContact[]>;
  /** By cluster. */
  backupJobs: Map<string, BackupJob[]>;
}

interface Parts {
  id: number;
  name: string;
  netbox: NetboxVirtualMachine | undefined;
  machine?: Machine;
  allocations: DesiredAllocation[];
}

/** Everything that policies are judged by. @param changes as the plan has them, each with its guest's page */
export function policyFacts(
  site: Site,
  { guests, kept }: { guests: DesiredGuest[]; kept: KeptGuest[] },
  changes: Change[],
  reads: PolicyReads,
  now: Date,
): PolicyFacts {
  const objects = new Map(site.netbox.guests.map((each) => [each.id, each]));
  const isAbout = changesByPage(changes);
  const shown = (parts: Omit<Parts, "netbox">) =>
    policyGuest(site, { ...parts, netbox: objects.get(parts.id) }, reads, isAbout);
  const all = [...guests, ...kept].map(shown);
  const byUrl = new Map(all.map((guest) => [guest.url, guest]));
  // One that goes is known by what NetBox still has of it.
  const pages = new Map(site.netbox.guests.map(({ id, name }) => [urlOf(site, id), { id, name }]));
  const gone = (url: string): PolicyGuest | undefined => {
    const found = pages.get(url);
    return found && shown({ ...found, allocations: [] });
  };
  return {
    guests: all,
    untouched: new Set(kept.map(({ id }) => id)),
    changes: changes.map((change) => {
      const url = change.guest?.url ?? change.url;
      return { change, guest: url === undefined ? undefined : (byUrl.get(url) ?? gone(url)) };
    }),
    now,
  };
}

const changesByPage = (changes: Change[]): ReadonlySet<string> =>
  new Set(changes.flatMap(({ url, guest }) => guest?.url ?? url ?? []));

const urlOf = ({ netbox }: Pick<Site, "netbox">, id: number): string =>
  guestUrl({ netboxUrl: netbox.url, netboxId: id });

function policyGuest(
  site: Site,
  { id, name, netbox, machine, allocations }: Parts,
  reads: PolicyReads,
  isAbout: ReadonlySet<string>,
): PolicyGuest {
  const inputs = machine?.inputs;
  const there = site.proxmox.get(inputs?.cluster ?? "")?.guests.get(inputs?.vmid ?? 0);
  const size = machine && sizeOf(site, id, machine);
  const url = urlOf(site, id);
  const known = {
    ...{ id, name, url, type: machine?.type === "lxc" ? "lxc" : "vm", status: netbox?.status ?? "" },
    ...{ cluster: inputs?.cluster ?? netbox?.clusterName ?? "", vmid: inputs?.vmid ?? 0, node: size?.node ?? "" },
    ...{ site: netbox?.site ?? "", tenant: netbox?.tenant ?? "", role: netbox?.role ?? "" },
    ...{ platform: netbox?.platform ?? "", tags: netbox?.tags ?? inputs?.tags ?? [] },
    ...{ memory: size?.memory ?? netbox?.memory ?? 0, cores: size?.cores ?? 0, disks: size?.disks ?? [] },
    ...{ pool: inputs?.pool ?? there?.pool ?? "", ha: inputs?.ha ?? "", power: inputs?.power ?? "" },
  };
  return {
    ...known,
    customFields: Object.fromEntries([...(netbox?.customFields ?? [])].map(([field, value]) => [field, value ?? ""])),
    nics: nicsOf(inputs?.networks ?? {}),
    addresses: allocations.map((each) => addressOf(each)),
    services: reads.services.get(id) ?? [],
    contacts: reads.contacts.get(id) ?? [],
    backupJobs: (reads.backupJobs.get(known.cluster) ?? []).filter((job) => takes(job, known)).map((job) => job.id),
    options: Object.fromEntries(Object.entries(inputs?.options ?? {}).map(([key, value]) => [key, String(value)])),
    isNew: machine !== undefined && there === undefined,
    isChanged: isAbout.has(url),
  };
}

const nicsOf = (networks: Machine["inputs"]["networks"]): PolicyNic[] =>
  Object.entries(networks).map(([name, { bridge, tag }]) => ({ name, bridge, vlan: tag ?? 0 }));

function addressOf({ nic, inputs }: DesiredAllocation): PolicyAddress {
  const { address = "", family, dnsName = "", from } = inputs;
  // One to come is of one of its sources: `10.0.0.0/24`, or the first of a range.
  const sample = address === "" ? (from[0]?.text.split("-")[0] ?? "") : address;
  const host = address === "" ? "" : hostOf(address);
  return { address, host, family, interface: nic, dnsName, isPublic: sample !== "" && isPublic(sample) };
}

/** Does a vzdump job take a guest, wherever that is when it starts? */
function takes(
  { enabled, all, vmids, exclude, pool, node }: BackupJob,
  guest: Pick<PolicyGuest, "vmid" | "pool" | "node">,
): boolean {
  if (!enabled || (node !== undefined && guest.node !== "" && guest.node !== node)) return false;
  if (pool !== undefined) return guest.pool === pool;
  return all ? !exclude.includes(guest.vmid) : vmids.includes(guest.vmid);
}
