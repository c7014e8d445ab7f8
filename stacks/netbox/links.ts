import { planPage } from "../plan/planpage";
import type { CustomFieldNames } from "./customfields";

// Links on a guest's page in NetBox: its console on Proxmox VE, and the page of its plan.

export interface GuestLink {
  name: string;
  /** Jinja, with the guest as `object`. Where it gives nothing NetBox shows no link. */
  text: string;
  url: string;
  opensWindow: boolean;
}

/** A text as Jinja's own. */
const literal = (text: string): string => JSON.stringify(text);

const slugOfLink = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, "-");

/** NetBox's longest name of a link. */
const longestName = 100;

const field = (name: string): string => `object.custom_field_data[${literal(name)}]`;

/** The values of a guest that its console needs, as Jinja's variables. A node that only Proxmox VE knows has no console here. */
function consoleValues({ vmid, node, type }: CustomFieldNames): string {
  return [
    `{% set vmid = ${field(vmid)} %}`,
    `{% set node = ${field(node)} or (object.device.name if object.device else "") %}`,
    `{% set kind = ${field(type)} or ("lxc" if object.role and object.role.name == "Proxmox LXC" else "vm") %}`,
  ].join("");
}

const onCluster = (name: string): string => `object.cluster and object.cluster.name == ${literal(name)}`;

/**
 * The links of a stack's guests.
 * @param clusters by name in NetBox, with the URL of the web interface
 * @param stack whose plan is linked to, where `site.planUrl` says where
 */
export function guestLinks(
  clusters: Readonly<Record<string, { url: string }>>,
  fields: CustomFieldNames,
  { stack, planUrl }: { stack: string | undefined; planUrl: string | undefined },
): GuestLink[] {
  const values = consoleValues(fields);
  const consoles = Object.entries(clusters).map(([name, { url }]): GuestLink => {
    const console = `${url}/?console={{ "lxc" if kind == "lxc" else "kvm" }}&novnc=1&vmid={{ vmid }}&node={{ node }}&vmname={{ object.name|urlencode }}`;
    return {
      name: `netbox-proxmox console ${name}`.slice(0, longestName),
      text: `${values}{% if ${onCluster(name)} and vmid and node %}Console{% endif %}`,
      url: `${values}${console}`,
      opensWindow: true,
    };
  });
  const page = stack === undefined ? undefined : planPage(planUrl, stack);
  const names = Object.keys(clusters);
  if (stack === undefined || page === undefined || names.length === 0) return consoles;
  return [
    ...consoles,
    {
      name: `netbox-proxmox plan ${slugOfLink(stack)}`.slice(0, longestName),
      text: `{% if object.cluster and object.cluster.name in ${JSON.stringify(names)} %}Plan (${stack.replace(/[{}%<>&]/g, "")}){% endif %}`,
      url: page,
      opensWindow: true,
    },
  ];
}
