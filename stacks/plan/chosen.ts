import { z } from "zod";
import { UserError } from "../../providers/errors";
import { nearest } from "../../providers/nearest";
import { anyMark } from "../../providers/ownership/mark";
import { unknown } from "../../providers/unknown";
import { isRecord } from "../../providers/values";
import { type DeclaredResource, withoutLater } from "../declared";
import { typeInToken } from "../known";
import { choiceText, type GuestChoice } from "./choice";
import type { PlanStep } from "./steps";

// The part of a plan that is about some guests: what is theirs, and what that waits for.

type Properties = Record<string, unknown>;

/** What a guest is and was, as far as a choice goes by it. */
interface PlannedGuest {
  id: number;
  names: Set<string>;
  cluster: string;
  vmid: number;
  type: "vm" | "ct";
  tags: Set<string>;
  nodes: Set<string>;
}

const machines: Record<string, "vm" | "ct"> = { ProxmoxVm: "vm", ProxmoxContainer: "ct" };
const machine = z.object({
  mark: anyMark,
  name: z.string(),
  cluster: z.string(),
  vmid: z.number(),
  node: z.string().optional(),
  tags: z.array(z.string()).default([]),
});
const owned = z.object({
  mark: anyMark.optional().catch(undefined),
  owner: z
    .object({ guests: z.array(z.number()) })
    .optional()
    .catch(undefined),
});

const typeOf = ({ token }: PlanStep): string => typeInToken(token);
const isAnchor = (step: PlanStep): boolean => typeOf(step) === "SiteAnchor";

/** What the state has of it, and what it is to be. */
const bothOf = ({ existing, inputs }: PlanStep): Properties[] => [existing?.properties, inputs].filter(isRecord);

function guestsIn(steps: readonly PlanStep[]): PlannedGuest[] {
  const found = new Map<number, PlannedGuest>();
  for (const step of steps) {
    const type = machines[typeOf(step)];
    if (type === undefined) continue;
    for (const properties of bothOf(step)) {
      const { data } = machine.safeParse(withoutUnknown(properties));
      if (data === undefined || !("netboxId" in data.mark)) continue;
      const { cluster, vmid, name, node, tags } = data;
      const id = data.mark.netboxId;
      const before = found.get(id);
      found.set(id, {
        ...{ id, cluster, vmid, type },
        names: new Set([...(before?.names ?? []), name]),
        nodes: new Set([...(before?.nodes ?? []), ...(node === undefined ? [] : [node])]),
        tags: new Set([...(before?.tags ?? []), ...tags]),
      });
    }
  }
  return [...found.values()];
}

const withoutUnknown = (properties: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== unknown));

const placeOf = ({ cluster, vmid }: PlannedGuest): string => `${cluster}/${vmid}`;

const hasQualities = ({ tag, cluster, node, type }: GuestChoice, guest: PlannedGuest): boolean =>
  (tag.length === 0 || tag.some((each) => guest.tags.has(each))) &&
  (cluster.length === 0 || cluster.includes(guest.cluster)) &&
  (node.length === 0 || node.some((each) => guest.nodes.has(each))) &&
  (type === undefined || guest.type === type);

function named(word: string, guests: readonly PlannedGuest[], choice: GuestChoice): PlannedGuest {
  const [, of, rest = word] = /^([^/]+)\/(.+)$/.exec(word) ?? [];
  const found = guests.filter(
    ({ cluster, vmid, names }) =>
      (of === undefined || cluster === of) && (/^\d+$/.test(rest) ? vmid === Number(rest) : names.has(rest)),
  );
  const near = nearest(word, [...guests.flatMap(({ names }) => [...names]), ...guests.map(placeOf)]);
  if (found.length === 0)
    throw new UserError(
      `There is no guest ${word} in the plan${near === undefined ? "" : ` (did you mean ${near}?)`}: write a name, a VMID, or CLUSTER/VMID.`,
    );
  const fitting = found.filter((guest) => hasQualities(choice, guest));
  const [first, ...others] = fitting;
  if (first === undefined)
    throw new UserError(`${word} is not what the options ask for: it is ${found.map(placeOf).join(", ")}.`);
  if (others.length > 0)
    throw new UserError(`${word} is ${fitting.length} guests: write ${fitting.map(placeOf).join(" or ")}.`);
  return first;
}

/** @throws UserError where a name leads to no guest or to several, or nothing is chosen */
function chosenGuests(steps: readonly PlanStep[], choice: GuestChoice): PlannedGuest[] {
  const guests = guestsIn(steps);
  if (choice.only.length > 0) return [...new Set(choice.only.map((word) => named(word, guests, choice)))];
  const found = guests.filter((guest) => hasQualities(choice, guest));
  if (found.length === 0) throw new UserError(`No guest of the plan is chosen by ${choiceText(choice)}.`);
  return found;
}

function belongsTo(step: PlanStep, ids: ReadonlySet<number>): boolean {
  return bothOf(step).some((properties) => {
    const { mark, owner } = owned.parse(withoutUnknown(properties));
    const own = mark !== undefined && "netboxId" in mark ? [mark.netboxId] : [];
    return [...own, ...(owner?.guests ?? [])].some((id) => ids.has(id));
  });
}

/**
 * All steps of the chosen guests: what is theirs, the names that lead to them, what of others that waits for and isn't there yet,
 * and the anchor, which names all that the stack has.
 * @throws UserError where a name leads to no guest or to several, or nothing is chosen
 */
export function chosenSteps(steps: readonly PlanStep[], choice: GuestChoice): PlanStep[] {
  const ids = new Set(chosenGuests(steps, choice).map(({ id }) => id));
  const byResource = new Map(steps.flatMap((step) => (step.resource === undefined ? [] : [[step.resource, step]])));
  const own = new Set(steps.filter((step) => belongsTo(step, ids)));
  const machinesOf = new Set([...own].filter((step) => typeOf(step) in machines).map(({ resource }) => resource));
  const chosen = new Set(
    steps.filter(
      (step) => own.has(step) || isAnchor(step) || step.resource?.after.some((each) => machinesOf.has(each)),
    ),
  );
  // An item that is added while a set is gone through is gone through too.
  for (const { resource } of chosen)
    for (const each of resource === undefined || isAnchorResource(resource) ? [] : awaitedBy(resource)) {
      const step = byResource.get(each);
      if (step !== undefined && step.existing === undefined) chosen.add(step);
    }
  return steps.filter((step) => chosen.has(step));
}

const isAnchorResource = ({ definition }: DeclaredResource): boolean => definition.kind === "site-anchor";

/** What a resource waits for, or has values of. */
function awaitedBy({ after, inputs }: DeclaredResource): DeclaredResource[] {
  const found = [...after];
  withoutLater(inputs, ({ sources }) => {
    found.push(...sources.map(({ of }) => of));
    return unknown;
  });
  return found;
}
