import { isRecord } from "../../../providers/values";
import type { KnownGuest } from "./types";

/** The addresses, with prefix length, that a guest of the state is configured with on a network device. */
export function configuredIn(guest: KnownGuest | undefined, slot: number): string[] {
  const { cloudInit, networks } = guest?.last ?? {};
  if (guest?.type === "lxc") {
    const nic = isRecord(networks) ? networks[`net${slot}`] : undefined;
    return isRecord(nic) ? [nic.ip, nic.ip6].filter((each) => typeof each === "string") : [];
  }
  const ipconfig = isRecord(cloudInit) && isRecord(cloudInit.ipconfig) ? cloudInit.ipconfig[String(slot)] : undefined;
  return String(ipconfig ?? "")
    .split(",")
    .flatMap((part) => /^ip6?=(.+)$/.exec(part)?.[1] ?? []);
}

/** PVE's network devices. */
const slots = Array.from({ length: 32 }, (_, slot) => slot);

/** The same on all of its network devices. */
export const allConfigured = (guest: KnownGuest | undefined): string[] =>
  slots.flatMap((slot) => configuredIn(guest, slot)).filter((address) => address.includes("/"));
