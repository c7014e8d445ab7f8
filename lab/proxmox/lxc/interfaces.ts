import { type Container, parseContainerOption } from "./container";

/** The link-local address that a MAC makes. */
export function linkLocal(mac: string): string {
  const bytes = mac.split(":").map((byte) => Number.parseInt(byte, 16));
  const eui = [(bytes[0] ?? 0) ^ 2, bytes[1], bytes[2], 0xff, 0xfe, bytes[3], bytes[4], bytes[5]];
  const hex = (n: number) => (((eui[n] ?? 0) << 8) | (eui[n + 1] ?? 0)).toString(16);
  return `fe80::${hex(0)}:${hex(2)}:${hex(4)}:${hex(6)}`;
}

function shown(name: string, mac: string, addresses: string[]): unknown {
  const of = (family: "inet" | "inet6") => addresses.find((address) => address.includes(":") === (family === "inet6"));
  const [inet, inet6] = [of("inet"), of("inet6")];
  return {
    name,
    hwaddr: mac,
    "hardware-address": mac,
    ...(inet === undefined ? {} : { inet }),
    ...(inet6 === undefined ? {} : { inet6 }),
    "ip-addresses": addresses.map((address) => {
      const [ip = "", prefix = ""] = address.split("/");
      return { "ip-address": ip, prefix, "ip-address-type": ip.includes(":") ? "inet6" : "inet" };
    }),
  };
}

/** GET …/interfaces: what a running container's network is; nobody answers its DHCP. */
export function interfacesOfContainer(container: Container): unknown[] | null {
  if (!container.running) return null;
  const cards = [...container.config]
    .filter(([key]) => /^net\d+$/.test(key))
    .map(([, value]) => {
      const { name = "", hwaddr = "", ip, ip6 } = parseContainerOption("net0", String(value));
      const given = [ip, ip6].filter((address) => address?.includes("/") ?? false).map(String);
      const mac = hwaddr.toLowerCase();
      return shown(name, mac, [...given, `${linkLocal(mac)}/64`]);
    });
  return [shown("lo", "00:00:00:00:00:00", ["127.0.0.1/8", "::1/128"]), ...cards];
}
