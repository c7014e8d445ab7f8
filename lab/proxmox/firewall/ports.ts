import { isIcmpType, isService } from "./names";

/** Ports, services and ranges with commas between. @param icmp whether names of ICMP types will do @throws what is wrong */
export function checkPorts(text: string, icmp: boolean): void {
  const items = text.split(",");
  if (items.at(-1) === "") throw new Error("extraneous commas in list");
  let count = 0;
  let named = false;
  for (const item of items) {
    const [, from, to] = /^(\d+):(\d+)$/.exec(item) ?? [];
    if (from !== undefined && to !== undefined) {
      count += 2;
      for (const port of [from, to]) checkPort(port);
      if (Number(from) > Number(to))
        throw new Error(`backwards range '${from}:${to}' not allowed, did you mean '${to}:${from}'?`);
    } else if (/^\d+$/.test(item)) {
      count += 1;
      checkPort(item);
    } else if (icmp && isIcmpType(item)) named = true;
    else if (!isService(item)) throw new Error(`invalid port '${item}'`);
  }
  if (named && count > 0) throw new Error("ICMP ports not allowed in port range");
  if (count > 15) throw new Error("too many entries in port list (> 15 numbers)");
}

function checkPort(port: string): void {
  if (Number(port) > 65535) throw new Error(`invalid port '${port}'`);
}
