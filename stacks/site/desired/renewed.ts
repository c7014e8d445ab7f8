import { parseAllocation, parseRecord, printAllocation, printRecord } from "../../../providers/ownership/netbox";
import type { Self } from "../../../providers/ownership/owner";
import { Ipam } from "../../netbox/ipam";
import type { NetboxFacts, PluginFacts } from "./types";

// Marks under a former name of this stack are read as today's: the plan knows one name only, and the providers write it.

export function renewedAddresses(netbox: NetboxFacts, self: Self, gatewayTag: string): NetboxFacts {
  if (self.former.stacks.length === 0) return netbox;
  const addresses = netbox.addresses.map((address) => {
    const mark = parseAllocation(address.description);
    if (mark === undefined || !self.owns(mark.stack)) return address;
    return { ...address, description: printAllocation({ ...mark, stack: self.stack }) };
  });
  return { ...netbox, addresses, ipam: new Ipam({ ...netbox, addresses }, gatewayTag) };
}

export function renewedRecords(plugin: PluginFacts, self: Self): PluginFacts {
  if (self.former.stacks.length === 0) return plugin;
  const records = plugin.records.map((record) => {
    const mark = parseRecord(record.description);
    if (mark === undefined || !self.owns(mark.stack)) return record;
    return { ...record, description: printRecord({ ...mark, stack: self.stack }) };
  });
  return { ...plugin, records };
}
