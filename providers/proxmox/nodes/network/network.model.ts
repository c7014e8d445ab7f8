import ipaddr from "ipaddr.js"; // the network of an address
import { z } from "zod";

/** A network that containers are attached to: a bridge of every node, or a vnet of the SDN; made here, or only looked for. */
export const networkInputs = z.object({
  cluster: z.string(),
  /** Its name as guests name it. */
  name: z.string(),
  kind: z.enum(["bridge", "vnet"]),
  /** The nodes where a bridge has to be. */
  nodes: z.array(z.string()),
  /** Is it made where it is missing? Else it has to be there. */
  make: z.boolean(),
  /** Of a vnet: its zone, which is made as a simple one. */
  zone: z.string().optional(),
  /** The node's own address in it, with prefix length: without one it reaches nothing but its guests. */
  address: z.string().optional(),
  /** Do packets leave it under the node's address? Of a vnet with an address. */
  snat: z.boolean().optional(),
});

export const networkState = networkInputs.extend({
  system: z.string(),
  /** Nodes whose bridge this stack made; or what it made of the SDN. */
  made: z.array(z.string()),
});

export type NetworkInputs = z.infer<typeof networkInputs>;
export type NetworkState = z.infer<typeof networkState>;

export const networkSettled = ["cluster", "name", "kind", "zone"] as const satisfies readonly (keyof NetworkInputs)[];

/** `10.30.0.0/24` of `10.30.0.1/24`. */
export const prefixOfNetwork = (address: string): string =>
  `${ipaddr.IPv4.networkAddressFromCIDR(address).toString()}/${address.split("/")[1]}`;
