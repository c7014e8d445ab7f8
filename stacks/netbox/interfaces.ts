import { NetboxInterface } from "../../providers/netbox/schemas";

/** Interfaces named netN are NIC N; the others take the free numbers in the order of their names. */
export function slots(interfaces: NetboxInterface[], problem: (text: string) => void): Map<number, NetboxInterface> {
  const taken = new Map<number, NetboxInterface>();
  const rest: NetboxInterface[] = [];
  for (const each of interfaces) {
    const number = /^net(\d+)$/.exec(each.name)?.[1];
    if (number === undefined) rest.push(each);
    else if (Number(number) > 31) problem(`interface ${each.name} is past PVE's last NIC; name it net0 to net31`);
    else taken.set(Number(number), each);
  }
  let next = 0;
  for (const each of rest.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))) {
    while (taken.has(next)) next++;
    taken.set(next, each);
  }
  return new Map([...taken].sort(([a], [b]) => a - b));
}

/** Its name inside a container, which is at most 15 characters long. */
export const nameInside = (slot: number, { name }: NetboxInterface): string =>
  /^net\d+$/.test(name) ? `eth${slot}` : name.slice(0, 15);
