import { virtualMachine } from "../../../../providers/netbox/schemas";
import { Self } from "../../../../providers/ownership/owner";
import { Ipam } from "../../../../stacks/netbox/ipam";
import { readSettings } from "../../../../stacks/settings";
import { StillUsed } from "../../../../stacks/site/desired/stillused";
import type { Site } from "../../../../stacks/site/desired/types";

// A site of nothing, and what to put into it.

/** Settings of a configuration's sections. */
export function settingsWith(sections: Record<string, object> = {}): Site["settings"] {
  const get = (key: string) => (sections[key] === undefined ? undefined : JSON.stringify(sections[key]));
  const read = readSettings({ get }, []);
  if ("problems" in read) throw new Error(`the settings are meant to be valid: ${JSON.stringify(read.problems)}`);
  return read.value;
}

/** A guest of the cluster `pve`, as NetBox gives it. */
export const netboxGuest = (id: number, status: string, vmid?: string, tags: string[] = []) =>
  virtualMachine.parse({
    id,
    name: `g${id}`,
    status: { value: status },
    cluster: { id: 1, name: "pve" },
    platform: null,
    vcpus: null,
    memory: null,
    description: "",
    comments: "",
    primary_ip4: null,
    primary_ip6: null,
    tags: tags.map((slug) => ({ slug })),
    local_context_data: null,
    custom_fields: { proxmox_vmid: vmid ?? null },
  });

export const siteWith = ({
  netbox = {},
  state = {},
  ...rest
}: Partial<Omit<Site, "netbox" | "state">> & {
  netbox?: Partial<Site["netbox"]>;
  state?: Partial<Site["state"]>;
}): Site => ({
  stack: "site/test",
  self: new Self(rest.stack ?? "site/test", netbox.url ?? "https://nb"),
  settings: settingsWith(),
  netbox: {
    url: "https://nb",
    guests: [],
    homeless: [],
    interfaces: [],
    disks: [],
    addresses: [],
    prefixes: [],
    ranges: [],
    ipam: new Ipam({ addresses: [], prefixes: [], ranges: [], ...netbox }, "gateway"),
    customFields: [],
    eventRules: [],
    ...netbox,
  },
  proxmox: new Map(),
  state: {
    names: [],
    guests: new Map(),
    netboxGuests: new Set(),
    promoted: new Set(),
    addresses: new Map(),
    snapshots: new Map(),
    pluginRecords: new Set(),
    records: new Map(),
    resources: [],
    ...state,
  },
  stillUsed: new StillUsed(),
  ...rest,
});
