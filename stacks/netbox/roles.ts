import { familyOf, lengthOf } from "./address";

/** NetBox's roles of addresses that several machines answer to, and of those that no network device has. */
const notOfOneDevice: readonly string[] = ["loopback", "anycast", "vip", "vrrp", "hsrp", "glbp", "carp"];

/** Is it just the one host, as loopbacks and addresses behind a routing daemon are? */
export const isHostRoute = (address: string): boolean => lengthOf(address) === (familyOf(address) === 4 ? 32 : 128);

/** Does every network device have such a one of its own link, which no prefix holds? */
const isLinkLocal = (address: string): boolean => /^(169\.254\.|fe[89ab][0-9a-f]:)/i.test(address);

/**
 * Is an address one that a network device is configured with? Others are brought up by what runs in the guest (keepalived, a
 * routing daemon): they need no prefix, and another machine may have them, too.
 * @param configured does the guest's configuration have just this one already?
 */
export const isConfigurable = (
  { address, role }: { address: string; role?: string | undefined },
  configured = false,
): boolean => !notOfOneDevice.includes(role ?? "") && (configured || !(isHostRoute(address) || isLinkLocal(address)));
