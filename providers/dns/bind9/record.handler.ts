import { context, former } from "../../context";
import { messageOf, UserError } from "../../errors";
import { isReleased } from "../../ownership/adopted";
import { handle } from "../../resource";
import { absolute, canonicalAddress } from "../names";
import { canonicalValue, isSafe } from "../rdata";
import { type NameServer, PrerequisiteError, type ZoneContent } from "./nameserver";
import { bind9Record } from "./record";
import {
  ConflictError,
  changeNode,
  fromZones,
  nodesOf,
  type RecordInputs,
  type RecordState,
  releaseNode,
  sameRecord,
  type WrittenName,
} from "./record.model";

/** One name in DNS. Every change is compare-and-swap: a record that is not ours is never overwritten or deleted. */
export const recordHandler = handle(bind9Record, {
  async create(inputs) {
    const wanted = tidy(inputs);
    return { id: `${wanted.server}/${wanted.name}`, state: await sync(wanted, undefined) };
  },

  async read(state) {
    const known = tidy(state);
    const server = context().nameServer(known.server);
    const { forward, reverse } = nodesOn(server, known, undefined);
    const zones = await contents(server, [forward, ...reverse]);
    const seen = fromZones((name) => zones.get(server.zoneOf(name) ?? ""), known, pointersOf(server));
    return seen && { ...seen, adopted: state.adopted };
  },

  update: (known, wanted) => sync(tidy(wanted), tidy(known)),

  async delete(state) {
    const known = tidy(state);
    // The PTRs go first: nothing points at a name that is gone.
    const { forward, reverse } = nodesOn(context().nameServer(known.server), undefined, known);
    if (known.owner.stack !== "") await write(known, [reverse, [forward]], await isOfReleased(known));
  },
});

/** Is one of its guests released? What that one is called stays. */
async function isOfReleased({ owner, adoptedGuests = [] }: RecordInputs): Promise<boolean> {
  if (!context().hasNetbox) return false;
  const { url: netboxUrl } = context().netbox;
  const released = owner.guests.map((netboxId) =>
    isReleased({ netboxUrl, netboxId, adopted: adoptedGuests.includes(netboxId) }),
  );
  return (await Promise.all(released)).includes(true);
}

/** Values in the one form that comparisons go by. */
function tidy(inputs: RecordInputs): RecordInputs {
  const records = Object.entries(inputs.records).map(([type, values = []]): [string, string[]] => {
    const unsafe = values.find((value) => !isSafe(type, value));
    if (unsafe !== undefined)
      throw new UserError(
        `Unable to write ${inputs.name} on name server ${inputs.server}: a ${type} value holds control characters or is empty. Correct it in NetBox.`,
      );
    return [type, values.map((value) => canonicalValue(type, value)).sort()];
  });
  return {
    ...inputs,
    name: absolute(inputs.name),
    reverse: inputs.reverse.map(canonicalAddress),
    records: Object.fromEntries(records),
  };
}

const pointersOf = (server: NameServer) => (address: string) => server.pointerOf(address);

const nodesOn = (server: NameServer, wanted: RecordInputs | undefined, known: RecordInputs | undefined) =>
  nodesOf(wanted, known, pointersOf(server), (address) => server.formerPointerOf(address));

async function contents(server: NameServer, nodes: WrittenName[]): Promise<Map<string, ZoneContent>> {
  const zones = [...new Set(nodes.flatMap(({ name }) => server.zoneOf(name) ?? []))];
  return new Map(await Promise.all(zones.map(async (zone) => [zone, await server.content(zone)] as const)));
}

async function sync(wanted: RecordInputs, known: RecordInputs | undefined): Promise<RecordState> {
  const { forward, reverse } = nodesOn(context().nameServer(wanted.server), wanted, known);
  if (wanted.adopt && known === undefined) return adopt(wanted, forward, reverse);
  await write(wanted, [[forward], reverse]);
  const { adopt: _adopt, ...kept } = wanted;
  return kept;
}

/** Marks what is there and nobody owns. It is kept as it was found, so that the next plan says how it differs. */
async function adopt(wanted: RecordInputs, forward: WrittenName, reverse: WrittenName[]): Promise<RecordState> {
  const server = context().nameServer(wanted.server);
  const nodes = [forward, ...reverse];
  const contentAt = (zones: Map<string, ZoneContent>, name: string) => zones.get(server.zoneOf(name) ?? "");
  const before = await contents(server, nodes);
  const isThere = ({ name }: WrittenName) => contentAt(before, name)?.has(name) === true;
  // A name that isn't there at all is made as ever.
  await write(wanted, isThere(forward) ? [[forward], reverse.filter(isThere)] : [[forward], reverse]);
  const after = await contents(server, nodes);
  const { adopt: _adopt, ...kept } = wanted;
  const state = fromZones((name) => contentAt(after, name), wanted, pointersOf(server)) ?? kept;
  // What is as the program asks is as good as made.
  return sameRecord(state, kept) ? state : { ...state, adopted: true };
}

/** Writes step after step; nodes of one step need no order among themselves, and go into one transaction a zone. */
async function write(record: RecordInputs, steps: WrittenName[][], released = false): Promise<void> {
  const server = context().nameServer(record.server);
  for (const step of steps) await Promise.all(step.map((node) => writeNode(server, record, node, released)));
}

async function writeNode(
  server: NameServer,
  record: RecordInputs,
  node: WrittenName,
  released: boolean,
): Promise<void> {
  const zone = server.zoneOf(node.name);
  if (zone === undefined) {
    if (node.wanted.size === 0) return;
    throw new UserError(
      `Unable to write ${node.name}: no zone of netbox-proxmox:bind9["${server.name}"].zones holds it.`,
    );
  }
  for (let attempt = 1; ; attempt++) {
    try {
      const content = await server.content(zone);
      const change = released
        ? releaseNode(content, node.name, record.owner, former())
        : changeNode(content, node, record.owner, record.ttl, record, former());
      if (change) await server.change(zone, change);
      return;
    } catch (error) {
      if (error instanceof ConflictError && attempt === 1) {
        // What is in the way may be gone since the zone was read.
        server.forget(zone);
        continue;
      }
      if (error instanceof ConflictError)
        throw new UserError(
          `Unable to write ${record.name} on name server ${server.name}: ${error.message}. Remove that record, or change dns_name in NetBox.`,
        );
      if (!(error instanceof PrerequisiteError))
        throw new UserError(
          `Unable to write ${record.name}${node.name === record.name ? "" : ` (${node.name})`}: ${messageOf(error)}`,
        );
      if (attempt === 3)
        throw new UserError(
          `Unable to write ${node.name} on name server ${server.name}: someone else kept changing it (${error.message}). Run again.`,
        );
    }
  }
}
