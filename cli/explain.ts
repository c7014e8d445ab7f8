import type { Context } from "../providers/context";
import { UserError } from "../providers/errors";
import { nearest } from "../providers/nearest";
import {
  configContext,
  configContextFields,
  localContext,
  type NetboxVirtualMachine,
} from "../providers/netbox/schemas";
import { guestUrl } from "../providers/ownership/mark";
import { vmidOf } from "../stacks/netbox/identity";
import type { ValueSource } from "../stacks/netbox/valuesource";
import { ifVisible } from "../stacks/netbox/visible";
import { tableLines } from "../stacks/plan/table";
import type { Settings } from "../stacks/settings";
import { type ContextSources, contextNameAt } from "../stacks/site/desired/contexts";
import { type ExplainedValue, explainer } from "../stacks/site/desired/explained";
import type { NetboxFacts } from "../stacks/site/desired/types";
import { readNetbox } from "../stacks/site/facts";

/** What a guest has from where. */
export interface Explanation {
  name: string;
  cluster: string;
  vmid: number | undefined;
  /** Its page in NetBox. */
  url: string;
  values: (Omit<ExplainedValue, "property" | "source" | "overrules"> & {
    source: string;
    overrules: { value: unknown; source: string }[];
  })[];
}

/** Every value of a guest, with its source and what that overrules. @throws UserError where a name leads to none or to several */
export async function explainGuest(context: Context, settings: Settings, word: string): Promise<Explanation> {
  await context.netbox.status();
  const names = context.proxmox.map(({ name }) => name);
  const netbox = await readNetbox(context.netbox, names, settings);
  const guest = guestNamed(netbox, settings, word);
  const values = explainer({ netbox, settings })(guest);
  const sources = await readContexts(context, guest, values);
  const print = (source: ValueSource) => printSource(source, guest, sources);
  return {
    name: guest.name,
    cluster: guest.clusterName ?? "",
    vmid: vmidOf(guest, settings)?.vmid,
    url: guestUrl({ netboxUrl: netbox.url, netboxId: guest.id }),
    values: values.map(({ name, value, source, overrules }) => ({
      ...{ name, value, source: print(source) },
      overrules: overrules.map((each) => ({ value: each.value, source: print(each.source) })),
    })),
  };
}

function guestNamed({ guests, url }: NetboxFacts, settings: Settings, word: string): NetboxVirtualMachine {
  const [, cluster, rest = word] = /^([^/]+)\/(.+)$/.exec(word) ?? [];
  const near = guests.filter(({ clusterName }) => cluster === undefined || clusterName === cluster);
  const isVmid = /^\d+$/.test(rest);
  const byName = near.filter(({ name }) => name === rest);
  const found =
    isVmid && byName.length === 0 ? near.filter((each) => vmidOf(each, settings)?.vmid === Number(rest)) : byName;
  const [guest, ...more] = found;
  if (guest === undefined) {
    const meant = nearest(
      rest,
      near.map(({ name }) => name),
    );
    const remedy = meant === undefined ? "write its name there, its VMID, or CLUSTER/VMID." : `is ${meant} meant?`;
    throw new UserError(`NetBox at ${url} has no guest ${word} on a configured cluster: ${remedy}`);
  }
  if (more.length > 0)
    throw new UserError(
      `${word} is ${found.length} guests: write ${found.map((each) => `${each.clusterName}/${vmidOf(each, settings)?.vmid ?? each.name} (${guestUrl({ netboxUrl: url, netboxId: each.id })})`).join(" or ")}.`,
    );
  return guest;
}

/** Read only where a value is from one: NetBox gives guests all their contexts as one. */
async function readContexts(
  { netbox }: Context,
  { id }: NetboxVirtualMachine,
  values: readonly ExplainedValue[],
): Promise<ContextSources> {
  const sources = values.flatMap(({ source, overrules }) => [source, ...overrules.map((each) => each.source)]);
  if (!sources.some(({ kind }) => kind === "config context")) return { contexts: [], local: {} };
  const [contexts = [], guest] = await Promise.all([
    ifVisible(netbox.list("extras/config-contexts", configContext, configContextFields)),
    netbox.find("virtualization/virtual-machines", id, localContext, "id,local_context_data"),
  ]);
  return { contexts, local: guest?.local_context_data ?? {} };
}

function printSource({ kind, name }: ValueSource, guest: NetboxVirtualMachine, sources: ContextSources): string {
  switch (kind) {
    case "field":
      return `NetBox: ${name}`;
    case "custom field":
      return `custom field ${name}`;
    case "config context": {
      const from = contextNameAt(guest, name, sources);
      return `config context${from === undefined ? "" : ` ${from}`} (${name})`;
    }
    case "setting":
      return `setting ${name}`;
    case "template":
      return "template";
    case "default":
      return "this program's default";
  }
}

const printValue = (value: unknown): string => {
  if (value === undefined) return "as the template has it";
  if (Array.isArray(value)) return value.map(printValue).join(", ");
  return (typeof value === "object" ? JSON.stringify(value) : String(value)).replace(/\s*\n\s*/g, " ⏎ ");
};

/** Longer ones are cut on the terminal; JSON has them whole. */
const widest = 60;
const shortened = (text: string): string => (text.length > widest ? `${text.slice(0, widest - 1)}…` : text);

export function printExplanation({ name, cluster, vmid, url, values }: Explanation): string[] {
  const rows = values.map((each) => [
    each.name,
    shortened(printValue(each.value)),
    each.source,
    each.overrules.map(({ value, source }) => `${shortened(printValue(value))} (${source})`).join("; "),
  ]);
  return [
    `${name} (${cluster}/${vmid ?? "?"}), ${url}`,
    "",
    ...tableLines([["", "value", "from", "overrules"], ...rows]),
  ];
}
