import { expect } from "vitest";
import type { TestSystems } from "../systems";

/** What has to be the same however a run went: guests with their status, how many addresses and records of each kind. */
export async function holdings(systems: TestSystems): Promise<string[]> {
  const guests = (await systems.clients.guests()).map(
    ({ vmid, type, name, status }) => `${type} ${vmid} ${name} ${status}`,
  );
  const addresses = await systems.clients.addresses();
  const hosts = addresses.map(({ address }) => address.split("/")[0]);
  expect(new Set(hosts).size, "no address twice").toBe(hosts.length);
  const ours = (await systems.ourAddresses()).map(
    ({ assigned_object_id: on, address }) => `address ${on} ${address.includes(":")}`,
  );
  expect(new Set(ours).size, "one of each family an interface").toBe(ours.length);
  const records = (await systems.newRecords()).map((line) => line.split(" "));
  // Which of two guests gets the first free address is nobody's promise, so PTRs are only counted.
  const names = records.map(([name = "", type = ""]) =>
    name.endsWith(".arpa.") ? `record ${type}` : `record ${name} ${type}`,
  );
  const machines = (
    await systems.clients.all<{ name: string; status: { value: string } }>("virtualization/virtual-machines")
  ).map(({ name, status }) => `netbox ${name} ${status.value}`);
  return [...guests, ...ours, ...names, ...machines, `addresses ${addresses.length}`].sort();
}

/** What is not ours on Proxmox VE. */
export async function foreign(systems: TestSystems): Promise<string> {
  return JSON.stringify(
    (await systems.clients.guests())
      .filter(({ vmid }) => vmid <= 9100 && vmid !== 250)
      .map(({ vmid, config }) => [vmid, config]),
  );
}

const isOurAddress = ({ description }: { description: string }): boolean => description.startsWith("Managed by Pulumi");

/** The addresses on a guest's interfaces. */
async function addressesOn({ clients }: TestSystems, id: number) {
  const nics = await clients.all<{ id: number }>("virtualization/interfaces", `&virtual_machine_id=${id}`);
  return (await clients.addresses()).filter(({ assigned_object_id: on }) => nics.some((nic) => nic.id === on));
}

/** How many addresses people gave a guest: they stay where it is decommissioned, and go where a person deletes its object. */
export async function given(systems: TestSystems, name: string): Promise<number> {
  const { id } = await systems.clients.vm(name);
  return (await addressesOn(systems, id)).filter((address) => !isOurAddress(address)).length;
}

/** What may stay of a guest that is decommissioned before anything was made for it: its object, which shows no trace of ours. */
export async function untouched(systems: TestSystems, name: string): Promise<string | undefined> {
  const { clients } = systems;
  const { id } = await clients.vm(name);
  const { custom_fields: fields } = (await clients.netbox("GET", `virtualization/virtual-machines/${id}/`)) as {
    custom_fields: { proxmox_vmid: string | null };
  };
  const isOurs =
    fields.proxmox_vmid === String(100_000 + id) ||
    (await addressesOn(systems, id)).some(isOurAddress) ||
    (await systems.ourGuests()).some((guest) => guest.name === name);
  return isOurs ? undefined : `netbox ${name} decommissioning`;
}

/** @throws with what is lost, doubled or left */
export function compare(held: string[], wanted: string[], after: string): void {
  const lost = wanted.filter((line) => !held.includes(line)).map((line) => `- ${line}`);
  const more = held.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`);
  expect([...lost, ...more].join(", "), `after ${after}`).toBe("");
  expect(held.length, `nothing doubled after ${after}`).toBe(wanted.length);
}
