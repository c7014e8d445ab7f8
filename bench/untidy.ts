import type { Seed } from "../lab/seed";

// What an old NetBox holds beside the guests of a stack.

const vrfCount = 20;
const prefixCount = 2000;
const addressCount = 50_000;

/** The twenty VRFs; every fifth thing is in the global table, where the guests' own prefixes are. */
const vrfs = Array.from({ length: vrfCount }, (_, n) => `vrf-${String(n + 1).padStart(2, "0")}`);
const inVrf = (n: number): { vrf?: string } => {
  const vrf = vrfs[((n % 5) - 1) * 5 + (Math.floor(n / 5) % 5)];
  return vrf === undefined ? {} : { vrf };
};

/** The first three bytes of network n of 172.16.0.0/12. */
const leaf = (n: number) => `172.${16 + (n >> 8)}.${n & 255}`;
const nested = [
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.71.0.0/16",
  "172.16.0.0/12",
  "::/0",
  "fd00::/8",
  "fd71::/32",
  "fd71::/48",
];

/**
 * The seed with 2,000 more prefixes and 50,000 more addresses in 20 VRFs and the global table: wide ones that hold the guests'
 * addresses, too, and narrow ones that are the same in several VRFs. One address in a hundred has the gateway's tag.
 */
export function untidy(seed: Seed, gatewayTag = "gateway"): Seed {
  const { netbox } = seed;
  const wide = [{}, ...vrfs.map((vrf) => ({ vrf }))].flatMap((where) => nested.map((prefix) => ({ prefix, ...where })));
  const narrow = Array.from({ length: prefixCount - wide.length }, (_, n) => ({
    prefix: `${leaf(Math.floor(n / 4))}.0/24`,
    ...inVrf(n),
  }));
  const addresses = Array.from({ length: addressCount }, (_, n) => ({
    address: `${leaf(Math.floor(n / 200))}.${(n % 200) + 1}/24`,
    ...inVrf(n),
    description: `Somebody else's host ${n + 1}`,
    ...(n % 100 === 0 ? { tags: [gatewayTag] } : {}),
  }));
  return {
    ...seed,
    netbox: {
      ...netbox,
      vrfs: [...netbox.vrfs, ...vrfs],
      tags: [...new Set([...netbox.tags, gatewayTag])],
      prefixes: [...netbox.prefixes, ...wide, ...narrow],
      addresses: [...netbox.addresses, ...addresses],
    },
  };
}
