import { context, former } from "../../context";
import { messageOf, UserError } from "../../errors";
import { isReleased } from "../../ownership/adopted";
import { parseRecord, printRecord } from "../../ownership/netbox";
import { type MarkOwner, ownerOf, renewedText } from "../../ownership/owner";
import { handle } from "../../resource";
import { dnsRecord, dnsRecordFields, type NetboxPluginRecord } from "../schemas";
import { proveNetbox } from "../virtualization/guest.handler";
import { netboxDnsRecord } from "./dnsrecord";
import { type DnsRecordInputs, type DnsRecordState, pluginRecordBody } from "./dnsrecord.model";

const path = "plugins/netbox-dns/records";

/** A guest's record in netbox-dns. One that somebody else keeps there with the same value is left to them. */
export const dnsRecordHandler = handle(netboxDnsRecord, {
  async create(wanted) {
    return { id: `${wanted.zone}/${wanted.key}`, state: await sync(wanted, undefined) };
  },

  async read(known) {
    proveNetbox(known);
    const found = known.recordId === undefined ? undefined : await byId(known.recordId);
    if (found === undefined) return undefined;
    const { zoneId, name, value } = found;
    return { ...known, zoneId, name, value };
  },

  update: (known, wanted) => sync(wanted, known),

  async delete(known) {
    proveNetbox(known);
    const { adoptedGuests = [], netboxUrl } = known;
    const released = await Promise.all(
      adoptedGuests.map((netboxId) => isReleased({ netboxUrl, netboxId, adopted: true })),
    );
    const going = released.includes(true) ? { description: "" } : "delete";
    if (known.recordId !== undefined)
      await change(known.recordId, ({ description, fqdn }) => {
        const owner = ownerOfRecord(known, description);
        if (owner.of === "renewed")
          throw new UserError(
            `Unable to delete the record of ${fqdn} in netbox-dns: ${renewedText(owner.stack, known.stack)}.`,
          );
        return owner.of === "us" ? going : undefined;
      });
  },
});

/** Whose a record is: a mark of ours with another key is another record's. */
function ownerOfRecord({ stack, key }: DnsRecordInputs, description: string): MarkOwner {
  const mark = parseRecord(description);
  return mark === undefined || mark.key !== key ? { of: "nobody" } : ownerOf(stack, mark, former());
}

const byId = (id: number) => context().netbox.find(path, id, dnsRecord, dnsRecordFields);

const change = (id: number, decide: (found: NetboxPluginRecord) => object | "delete" | undefined) =>
  context().netbox.change(path, id, dnsRecord, dnsRecordFields, decide);

async function sync(wanted: DnsRecordInputs, known: DnsRecordState | undefined): Promise<DnsRecordState> {
  proveNetbox(wanted);
  const { netbox } = context();
  try {
    const isMarked = (description: string) => ownerOfRecord(wanted, description).of === "us";
    const before =
      known?.recordId === undefined
        ? undefined
        : await change(known.recordId, ({ description }) =>
            isMarked(description) ? pluginRecordBody(wanted) : undefined,
          );
    if (before !== undefined && isMarked(before.description)) return { ...wanted, recordId: before.id };
    const there = (await sameName(wanted)).find(({ value }) => value === wanted.value);
    if (there !== undefined) {
      const isOurs = isMarked(there.description);
      if (isOurs && there.description !== printRecord(wanted)) await change(there.id, () => pluginRecordBody(wanted));
      return { ...wanted, recordId: there.id, kept: !isOurs };
    }
    const made = await netbox.create(path, dnsRecord, pluginRecordBody(wanted));
    return { ...wanted, recordId: made.id };
  } catch (error) {
    throw new UserError(
      `Unable to write record ${wanted.name} ${wanted.type} ${wanted.value} of zone ${wanted.zone} in netbox-dns: ${messageOf(error)}. Correct it there, or the address's dns_name in NetBox.`,
    );
  }
}

async function sameName({ zoneId, name, type }: DnsRecordInputs): Promise<NetboxPluginRecord[]> {
  const found = await context().netbox.list(path, dnsRecord, dnsRecordFields, { zone_id: zoneId, type, name });
  return found.filter((each) => each.zoneId === zoneId && each.name === name && each.type === type && each.active);
}
