import { guestUrl, type Mark, printMark, sameMark } from "../../providers/mark";
import type { NetboxDisk, NetboxInterface, NetboxVirtualMachine } from "../../providers/netbox/schemas";
import { parseSize, printSize } from "../../providers/proxmox/propertystring";
import { type Disk, isDiskSlot, type Network, tidyTags, type VmInputs } from "../../providers/proxmox/vm.model";
import { withoutUndefined } from "../../providers/values";
import type { GuestDefaults, Settings } from "../settings";
import { type Addressing, addressesOf } from "./addresses";
import { diskOptionsOf, networkOptionsOf, optionsOf } from "./options";
import type { DesiredGuest, InState, NetboxFacts, Problem, ProxmoxFacts, TemplateFacts } from "./types";

export interface Site {
  stack: string;
  settings: Settings;
  netbox: NetboxFacts;
  proxmox: Map<string, ProxmoxFacts>;
  state: InState;
  /** Hosts that must not be handed out: guests still use them whose NetBox objects are gone. */
  avoid: string[];
}

/** Statuses whose guests are built, and what these do. */
const power: Record<string, VmInputs["power"]> = {
  active: "running",
  paused: "paused",
  staged: "stopped",
  offline: "stopped",
};

export const isBuilt = (status: string): boolean => status in power;

const hostname = /^(?=.{1,63}(\.|$))([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export const markOf = (site: Pick<Site, "stack" | "netbox">, netboxId: number): Mark => ({
  stack: site.stack,
  netboxUrl: site.netbox.url,
  netboxId,
});

/** The VMID that a guest has or will have; undefined where its custom field holds no VMID. */
export function vmidOf(
  guest: NetboxVirtualMachine,
  settings: Settings,
): { vmid: number; derived: boolean } | undefined {
  const derived = (settings.defaults(guest.clusterName ?? "").vmidBase ?? 100_000) + guest.id;
  const text = guest.customFields.get(settings.site.customFields.vmid);
  if (text === undefined) return { vmid: derived, derived: true };
  const given = Number(text);
  if (!Number.isInteger(given) || given < 100 || given > 999_999_999) return undefined;
  return { vmid: given, derived: given === derived };
}

/** The guests that should be, and everything that keeps this from being built, before anything is touched. */
export function desiredGuests(site: Site): { guests: DesiredGuest[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const built = site.netbox.guests.filter(({ status }) => isBuilt(status));
  const parts = {
    interfaces: groupBy(site.netbox.interfaces, ({ guestId }) => guestId),
    disks: groupBy(site.netbox.disks, ({ guestId }) => guestId),
    addresses: groupBy(site.netbox.addresses, ({ interfaceId }) => interfaceId),
  };
  const guests = built.flatMap((guest) => {
    const mapped = desiredGuest(site, guest, {
      interfaces: parts.interfaces.get(guest.id) ?? [],
      disks: parts.disks.get(guest.id) ?? [],
      addresses: parts.addresses,
    });
    problems.push(...mapped.problems);
    return mapped.guest ? [mapped.guest] : [];
  });
  problems.push(...clashes(guests));
  return { guests, problems };
}

interface Parts {
  interfaces: NetboxInterface[];
  disks: NetboxDisk[];
  addresses: Map<number | undefined, NetboxFacts["addresses"]>;
}

function desiredGuest(
  site: Site,
  guest: NetboxVirtualMachine,
  { interfaces, disks, addresses }: Parts,
): { guest?: DesiredGuest; problems: Problem[] } {
  const { settings } = site;
  const mark = markOf(site, guest.id);
  const title = `${guest.name} (${guestUrl(mark)})`;
  const problems: Problem[] = [];
  const problem = (text: string) => problems.push(`${title}: ${text}`);
  const cluster = guest.clusterName ?? "";
  const defaults = settings.defaults(cluster);
  const proxmox = site.proxmox.get(cluster);
  const ids = vmidOf(guest, settings);
  const fields = settings.site.customFields;

  if (!hostname.test(guest.name))
    problem("its name is no valid hostname; rename it in NetBox to letters, digits and hyphens");
  if (ids === undefined)
    problem(
      `custom field ${fields.vmid} holds "${guest.customFields.get(fields.vmid)}"; write a VMID from 100 to 999999999, or empty it`,
    );
  if (interfaces.length === 0) problem("it has no interface; add one in NetBox, named net0");
  // A fraction of a CPU is a limit on the whole ones: its option cpulimit.
  const vcpus = guest.vcpus === undefined ? undefined : Math.ceil(guest.vcpus);
  const sockets = vcpus === undefined ? undefined : (defaults.sockets ?? 1);
  const options = optionsOf(guest, settings, problem);
  if (sockets !== undefined && vcpus !== undefined && vcpus % sockets !== 0)
    problem(
      `${vcpus} vCPUs can't be spread over ${sockets} sockets; change the vCPUs, or netbox-proxmox:defaults.sockets`,
    );
  if (guest.memory !== undefined && guest.memory < 16)
    problem(`${guest.memory} MB of memory are less than PVE takes; write at least 16`);

  const template = templateOf(guest, site, problem);
  const slotted = slots(interfaces, problem);
  const networks = Object.fromEntries(
    [...slotted].map(([slot, vmInterface]) => [`net${slot}`, networkOf(vmInterface, settings, defaults, problem)]),
  );
  const diskMap = template && disksOf(disks, template.facts, settings, defaults, problem);
  if (ids !== undefined && proxmox) strangerProblem(site, mark, ids.vmid, proxmox, problem);
  const addressing: Addressing = { site, guest, mark, slotted, addresses, vmid: ids?.vmid ?? 0 };
  const given = addressesOf(addressing, problem);
  if (problems.length > 0 || ids === undefined || template === undefined) return { problems };

  const definition = site.netbox.customFields.find(
    ({ name, objectTypes }) => name === fields.vmid && objectTypes.includes("virtualization.virtualmachine"),
  );
  const storage = guest.customFields.get(fields.storage) ?? defaults.storage;
  const keys = [...(defaults.sshKeys ?? []), ...(guest.customFields.get(fields.sshKeys) ?? "").split(/\r?\n/)]
    .map((key) => key.trim())
    .filter((key) => key !== "");
  const vm: VmInputs = {
    cluster,
    vmid: ids.vmid,
    mark,
    template: template.vmid,
    fullClone: defaults.fullClone ?? true,
    storage,
    node: guest.customFields.get(fields.node),
    name: guest.name,
    description: [guest.description, guest.comments, printMark(mark)]
      .map((part) => part.trim().replace(/\r\n/g, "\n"))
      .filter((part) => part !== "")
      .join("\n\n"),
    tags: tidyTags(guest.tags),
    cores: vcpus === undefined ? undefined : vcpus / (sockets ?? 1),
    sockets,
    memory: guest.memory === undefined ? undefined : toMebibytes(guest.memory, settings.site.ramBaseUnit),
    pool: guest.customFields.get(fields.pool) ?? defaults.pool,
    options,
    disks: diskMap,
    networks,
    cloudInit: {
      user: defaults.user,
      sshKeys: keys.length === 0 ? undefined : [...new Set(keys)],
      ipconfig: {},
      nameservers: defaults.nameservers,
      searchDomain: defaults.searchDomain,
    },
    power: power[guest.status] ?? "stopped",
  };
  return {
    problems,
    guest: {
      id: guest.id,
      name: guest.name,
      status: guest.status,
      mark,
      netbox: { mark, ...ids, field: definition && { name: definition.name, integer: definition.type === "integer" } },
      ...given,
      vm,
    },
  };
}

/** NetBox's MB in PVE's MiB, whole ones. */
export const toMebibytes = (value: number, baseUnit: 1000 | 1024): number => Math.ceil((value * 1024) / baseUnit);

function templateOf(
  guest: NetboxVirtualMachine,
  { settings, proxmox }: Site,
  problem: (text: string) => void,
): { vmid: number; facts: TemplateFacts } | undefined {
  const defaults = settings.defaults(guest.clusterName ?? "");
  const field = settings.site.customFields.template;
  const named = guest.customFields.get(field);
  const vmid =
    named !== undefined && named !== "-1"
      ? Number(named)
      : ((guest.platform === undefined ? undefined : defaults.templates?.[guest.platform]) ?? defaults.template);
  if (vmid === undefined) {
    problem(
      `no template is named for it; set the custom field ${field} in NetBox, or netbox-proxmox:defaults.template`,
    );
    return undefined;
  }
  const facts = proxmox.get(guest.clusterName ?? "")?.templates.get(vmid);
  if (facts === undefined) {
    problem(
      `${Number.isNaN(vmid) ? `"${named}"` : vmid} is no template on ${guest.clusterName}; make it one (\`qm template\`), or name another in the custom field ${field}`,
    );
    return undefined;
  }
  if (!facts.hasCloudInitDrive)
    problem(
      `template ${vmid} ${facts.name} has no cloud-init drive; add one (\`qm set ${vmid} --ide2 STORAGE:cloudinit\`), or name another template`,
    );
  return { vmid, facts };
}

/** Interfaces named netN are NIC N; the others take the free numbers in the order of their names. */
function slots(interfaces: NetboxInterface[], problem: (text: string) => void): Map<number, NetboxInterface> {
  const taken = new Map<number, NetboxInterface>();
  const rest: NetboxInterface[] = [];
  for (const each of interfaces) {
    const number = /^net(\d+)$/.exec(each.name)?.[1];
    if (number === undefined) rest.push(each);
    else if (Number(number) > 31) problem(`interface ${each.name} is past PVE's last NIC; name it net0 to net31`);
    else taken.set(Number(number), each);
  }
  let next = 0;
  for (const each of rest.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))) {
    while (taken.has(next)) next++;
    taken.set(next, each);
  }
  return new Map([...taken].sort(([a], [b]) => a - b));
}

function networkOf(
  vmInterface: NetboxInterface,
  settings: Settings,
  defaults: GuestDefaults,
  problem: (text: string) => void,
): Network {
  const { name, mode, untaggedVlan, taggedVids, mtu, mac, enabled } = vmInterface;
  if (mode === "access" && untaggedVlan === undefined)
    problem(
      `interface ${name} is in access mode without an untagged VLAN; choose its VLAN in NetBox, or clear the mode`,
    );
  if (mode === "tagged" && taggedVids.length === 0)
    problem(`interface ${name} is in tagged mode without a tagged VLAN; choose them in NetBox, or use tagged (all)`);
  if (mode === "q-in-q")
    problem(
      `interface ${name} is in Q-in-Q mode, which a Proxmox bridge port doesn't have; use access, tagged or tagged (all)`,
    );
  return withoutUndefined({
    model: defaults.netModel ?? "virtio",
    bridge: defaults.bridge ?? "vmbr0",
    tag: mode === undefined ? undefined : untaggedVlan?.vid,
    trunks: mode === "tagged" ? [...taggedVids].sort((a, b) => a - b).join(";") : undefined,
    mtu,
    linkDown: enabled ? undefined : true,
    mac,
    options: networkOptionsOf(vmInterface, settings, defaults, problem),
  });
}

/** What NetBox lists, and what the template has and NetBox doesn't list (which stays as it is); undefined where it lists none. */
function disksOf(
  disks: NetboxDisk[],
  template: TemplateFacts,
  settings: Settings,
  defaults: GuestDefaults,
  problem: (text: string) => void,
): Record<string, Disk> | undefined {
  if (disks.length === 0) return undefined;
  const kept = Object.fromEntries(Object.keys(template.disks).map((slot) => [slot, {}]));
  const { site } = settings;
  const listed = disks.flatMap((disk): [string, Disk][] => {
    const { name, size, customFields } = disk;
    if (!isDiskSlot(name)) {
      problem(`virtual disk "${name}" is not named by its slot; rename it in NetBox to scsi0, scsi1, …`);
      return [];
    }
    const wanted = toMebibytes(size, site.diskBaseUnit);
    const before = template.disks[name];
    if (before && wanted < parseSize(before.size))
      problem(
        `virtual disk ${name} has ${printSize(wanted)}, less than the template's ${before.size}; give it at least that in NetBox`,
      );
    const options = diskOptionsOf(disk, settings, defaults, problem);
    const storage = customFields.get(site.customFields.diskStorage);
    return [[name, withoutUndefined({ size: printSize(wanted), storage, options })]];
  });
  return { ...kept, ...Object.fromEntries(listed) };
}

/** A guest at our VMID that state doesn't know must carry our mark. */
function strangerProblem(
  { state }: Site,
  mark: Mark,
  vmid: number,
  { guests, seen }: ProxmoxFacts,
  problem: (text: string) => void,
): void {
  const there = guests.find((each) => each.vmid === vmid);
  if (there === undefined || state.guests.get(mark.netboxId)?.vmid === vmid) return;
  const owner = seen.get(vmid)?.mark;
  // An interrupted run's clone may still be on its way: it has no mark yet, and the handler waits for it.
  if (sameMark(mark, owner) || seen.get(vmid)?.cloning) return;
  const whose = owner === undefined ? "which is not ours" : `which belongs to ${owner.stack} (${guestUrl(owner)})`;
  problem(
    `VMID ${vmid} is taken on ${there.node} by ${there.name || "a guest"}, ${whose}; give it another VMID in NetBox, or move that guest away`,
  );
}

function clashes(guests: DesiredGuest[]): Problem[] {
  const twins = (what: string, remedy: string, keys: (guest: DesiredGuest) => string[]): Problem[] => {
    const holders = new Map<string, DesiredGuest[]>();
    for (const guest of guests) for (const key of keys(guest)) holders.set(key, [...(holders.get(key) ?? []), guest]);
    return [...holders]
      .filter(([, list]) => list.length > 1)
      .map(
        ([key, list]) =>
          `${list.map(({ name, mark }) => `${name} (${guestUrl(mark)})`).join(" and ")} have the same ${what} ${key.split("\0").pop()}; ${remedy}`,
      );
  };
  const addresses = ({ nics }: DesiredGuest) =>
    nics.flatMap(({ v4, v6 }) =>
      [v4, v6].flatMap((ref) => (ref && "address" in ref ? [ref.address.split("/")[0] ?? ""] : [])),
    );
  return [
    ...twins("VMID", "change one in NetBox", ({ vm }) => [`${vm.cluster}\0${vm.vmid}`]),
    ...twins("name", "rename one in NetBox", ({ vm }) => [`${vm.cluster}\0${vm.name.toLowerCase()}`]),
    ...twins("address", "take it off one in NetBox", addresses),
  ];
}

function groupBy<T, K>(items: T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
