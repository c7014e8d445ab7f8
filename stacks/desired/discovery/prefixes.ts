import ipaddr from "ipaddr.js"; // networks of both families

/** The network of an address with its prefix length; nothing of a single host's. */
export function prefixOf(address: string): string | undefined {
  const [host = "", length = ""] = address.split("/");
  if (!ipaddr.isValid(host) || !/^\d+$/.test(length)) return undefined;
  const parsed = ipaddr.parse(host);
  if (Number(length) === 0 || Number(length) >= (parsed.kind() === "ipv4" ? 32 : 128)) return undefined;
  const network =
    parsed.kind() === "ipv4"
      ? ipaddr.IPv4.networkAddressFromCIDR(address)
      : ipaddr.IPv6.networkAddressFromCIDR(address);
  return `${network.toString()}/${length}`;
}
