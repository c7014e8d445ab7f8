import type { Context } from "../providers/context";
import { messageOf } from "../providers/errors";
import type { Choice } from "../providers/netbox/extras/choices.model";
import { choiceSetNamed, offerChoices } from "../providers/netbox/extras/choiceset";
import type { ProxmoxCluster } from "../providers/proxmox/client";
import { configText, descriptionFrom } from "../providers/proxmox/nodes/guest.model";
import { findTemplateOwner, supersededTag } from "../providers/proxmox/nodes/template.model";
import { printUnread, SingleReads, type Unread } from "../providers/proxmox/reads";
import type { GuestType } from "../providers/proxmox/schemas";
import type { CustomFieldNames } from "../stacks/netbox/customfields";
import { tableLines } from "../stacks/plan/table";
import { choiceLabel } from "../stacks/templates/desired/choices";
import { linkedClonesOn, offeredFields } from "../stacks/templates/facts";

/** A template, or an OS template of containers. */
export interface FoundTemplate {
  cluster: string;
  /** VMID, or the volume of an OS template. */
  id: string;
  type: GuestType;
  name: string;
  nodes: string[];
  /** `2026-11-26`; undefined where nothing says it. */
  builtAt: string | undefined;
  /** Whole days. */
  age: number | undefined;
  /** The stack that made it. */
  stack: string | undefined;
  superseded: boolean;
  /** VMIDs that share its disk. */
  linkedClones: number[];
  /** Guests in NetBox that name it; undefined where NetBox was not asked. */
  inNetbox: number | undefined;
  label: string;
}

/** Every template of every cluster, and what could not be read. @param now of the day, in milliseconds */
export async function listTemplates(
  context: Context,
  names: CustomFieldNames,
  now: number,
): Promise<{ found: FoundTemplate[]; problems: string[] }> {
  const problems: string[] = [];
  const lists = await Promise.all(
    context.proxmox.map((cluster) =>
      templatesOf(cluster, now, problems).catch((error: unknown) => {
        problems.push(messageOf(error));
        return [];
      }),
    ),
  );
  const found = lists.flat();
  if (!context.hasNetbox) return { found, problems };
  return { found: await countedInNetbox(context, names, found), problems };
}

/** With how many guests of NetBox name each. */
async function countedInNetbox(
  context: Context,
  names: CustomFieldNames,
  found: FoundTemplate[],
): Promise<FoundTemplate[]> {
  const { netbox } = context;
  await netbox.status();
  const fields = await offeredFields(context, names);
  return Promise.all(
    found.map(async (each) => {
      const field = each.type === "qemu" ? names.template : names.lxcTemplate;
      if (!fields.some(({ name }) => name === field)) return each;
      const query = { [`cf_${field}`]: each.id };
      return { ...each, inNetbox: await netbox.count("virtualization/virtual-machines", query) };
    }),
  );
}

async function templatesOf(cluster: ProxmoxCluster, now: number, problems: string[]): Promise<FoundTemplate[]> {
  await cluster.version();
  const { guests, storages, nodes } = await cluster.inventory();
  const online = new Set(nodes.filter((each) => each.online).map(({ node }) => node));
  const reads = new SingleReads();
  const unread: Unread[] = [];
  /** What a node says; undefined where that can't be read, which is told. */
  const readOf = async <T>(what: string, node: string, look: () => Promise<T>): Promise<T | undefined> => {
    const read = online.has(node) ? await reads.read(node, look) : { unread: `${node} is offline` };
    if (read.unread === undefined) return read.found;
    unread.push({ what, cause: read.unread });
    return undefined;
  };
  const there = storages.filter(({ available }) => available);
  const disks = there.filter(({ content }) => content.includes("images"));
  const [linked, machines, files] = await Promise.all([
    linkedClonesOn(cluster, disks, reads),
    Promise.all(
      guests
        .filter(({ template }) => template)
        .map(async (guest) => {
          const { vmid, node, type } = guest;
          return { guest, seen: await readOf(String(vmid), node, () => cluster.guest(type, node, vmid)) };
        }),
    ),
    Promise.all(
      there
        .filter(({ content }) => content.includes("vztmpl"))
        .map(async ({ node, storage }) => {
          const volids = await readOf(`${storage} on ${node}`, node, () => cluster.osTemplates(node, storage));
          return { node, volids: volids ?? [] };
        }),
    ),
  ]);
  const { clones } = linked;
  unread.push(...linked.unread.map(({ node, storage, cause }) => ({ what: `disks of ${storage} on ${node}`, cause })));
  if (unread.length > 0) problems.push(`Of ${cluster.name} could not be read: ${printUnread(unread)}.`);
  const nodesOf = (volid: string) =>
    files
      .filter(({ volids }) => volids.includes(volid))
      .map(({ node }) => node)
      .sort();
  return [
    ...machines
      .sort((a, b) => a.guest.vmid - b.guest.vmid)
      .map(({ guest, seen }): FoundTemplate => {
        const { vmid, type, name, node, tags } = guest;
        const owner = seen && findTemplateOwner(descriptionFrom(seen.config));
        const seconds = Number(/ctime=(\d+)/.exec((seen && configText(seen.config, "meta")) ?? "")?.[1] ?? 0);
        const builtAt =
          owner?.builtAt ?? (seconds > 0 ? new Date(seconds * 1000).toISOString().slice(0, 10) : undefined);
        const superseded = tags.includes(supersededTag);
        return {
          cluster: cluster.name,
          id: String(vmid),
          type,
          name,
          nodes: [node],
          builtAt,
          superseded,
          age: builtAt === undefined ? undefined : Math.floor((now - Date.parse(builtAt)) / 86_400_000),
          stack: owner?.owner,
          linkedClones: clones.get(vmid) ?? [],
          inNetbox: undefined,
          label: choiceLabel(owner?.title ?? name, node, owner?.recipe, superseded),
        };
      }),
    ...[...new Set(files.flatMap(({ volids }) => volids))].sort().map((volid): FoundTemplate => {
      const name = volid.replace(/^.*vztmpl\//, "").replace(/\.tar\.\w+$/, "");
      return {
        cluster: cluster.name,
        id: volid,
        type: "lxc",
        name,
        nodes: nodesOf(volid),
        builtAt: undefined,
        age: undefined,
        stack: undefined,
        superseded: false,
        linkedClones: [],
        inNetbox: undefined,
        label: name,
      };
    }),
  ];
}

const few = (ids: number[]): string => `${ids.slice(0, 5).join(" ")}${ids.length > 5 ? " …" : ""}`;

export function printTemplates(found: FoundTemplate[]): string {
  if (found.length === 0) return "No cluster has a template.";
  const rows = found.map(({ cluster, id, name, nodes, age, stack, superseded, linkedClones, inNetbox }) => [
    ...[cluster, id, name, nodes.join(" "), age === undefined ? "" : `${age} d`, stack ?? ""],
    [
      ...(superseded ? ["superseded"] : []),
      ...(linkedClones.length === 0 ? [] : [`linked clones ${few(linkedClones)}`]),
      ...(inNetbox === undefined || inNetbox === 0 ? [] : [`named by ${inNetbox} in NetBox`]),
    ].join(", "),
  ]);
  return tableLines([["cluster", "id", "name", "node", "age", "stack", "used"], ...rows]).join("\n");
}

/** Brings NetBox's choice sets to the templates that there are. @returns a line for each set that changed */
export async function writeChoices(
  context: Context,
  names: CustomFieldNames,
  found: FoundTemplate[],
): Promise<string[]> {
  const { netbox } = context;
  const fields = await offeredFields(context, names);
  const lines: string[] = [];
  for (const [field, type] of [
    [names.template, "qemu"],
    [names.lxcTemplate, "lxc"],
  ] as const) {
    const set = fields.find(({ name }) => name === field)?.set;
    if (set === undefined) {
      lines.push(
        `The custom field ${field} is missing, or is no selection: \`npm run ops -- netbox-schema\` makes it.`,
      );
      continue;
    }
    const row = await choiceSetNamed(netbox, set);
    if (row === undefined) continue;
    const ours = found
      .filter((each) => each.type === type)
      .sort((a, b) => Number(a.superseded) - Number(b.superseded))
      .map(({ id, label }): Choice => [id, label]);
    const gone = await goneChoices(context, field, row.choices, ours);
    await offerChoices(netbox, row.id, ours, gone);
    const added = ours.filter(([value]) => !row.choices.some(([old]) => old === value));
    lines.push(
      `${set} offers ${ours.length} ${ours.length === 1 ? "template" : "templates"}: ${added.length} new, ${gone.length} taken away.`,
    );
  }
  return lines;
}

/** Choices that name nothing any more, and that no guest has. */
async function goneChoices({ netbox }: Context, field: string, there: Choice[], ours: Choice[]): Promise<Choice[]> {
  const old = there.filter(([value]) => /^\d+$|:vztmpl\//.test(value) && !ours.some(([own]) => own === value));
  const used = await Promise.all(
    old.map(([value]) => netbox.hasAny("virtualization/virtual-machines", { [`cf_${field}`]: value })),
  );
  return old.filter((_, n) => !used[n]);
}
