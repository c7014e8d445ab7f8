import { sortedOptions } from "../../../providers/proxmox/nodes/qemu/vm.model";
import { withoutUndefined } from "../../../providers/values";
import type { AddressRef, DesiredGuest, DesiredNic, Machine } from "./types";

// A machine's addresses: an address that is not known yet is a stand-in here, and an output where it is declared.

/** What a NIC is given: `ip`, `gw`, `ip6` and `gw6`, each a text or an address to come. */
export function nicAddresses<T>(
  { v4, v6, gateway4, gateway6 }: DesiredNic,
  text: (ref: AddressRef) => T,
): { ip?: T | string; gw?: string; ip6?: T | string; gw6?: string } {
  const given = (ref: DesiredNic["v4"]) =>
    ref === undefined ? undefined : "automatic" in ref ? ref.automatic : text(ref);
  return withoutUndefined({ ip: given(v4), gw: gateway4, ip6: given(v6), gw6: gateway6 });
}

/** `ip=…,gw=…,ip6=…,gw6=…` of cloud-init. */
export const ipconfigText = (parts: object): string =>
  sortedOptions(
    Object.entries(parts)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(","),
  );

const known = (ref: AddressRef): string => ("address" in ref ? ref.address : "(allocated)");

/** The machine with its addresses: those that are known, or what else is told of each. */
export function withAddresses({ machine, nics }: DesiredGuest, text: (ref: AddressRef) => string = known): Machine {
  if (machine.type === "qemu") {
    if (machine.inputs.cloudInit.unmanaged) return machine;
    const ipconfig = Object.fromEntries(
      nics.filter(({ v4, v6 }) => v4 ?? v6).map((nic) => [String(nic.slot), ipconfigText(nicAddresses(nic, text))]),
    );
    return { type: "qemu", inputs: { ...machine.inputs, cloudInit: { ...machine.inputs.cloudInit, ipconfig } } };
  }
  const networks = Object.fromEntries(
    Object.entries(machine.inputs.networks).map(([slot, network]) => {
      const nic = nics.find((each) => `net${each.slot}` === slot);
      return [slot, { ...network, ...(nic ? nicAddresses(nic, text) : {}) }];
    }),
  );
  return { type: "lxc", inputs: { ...machine.inputs, networks } };
}
