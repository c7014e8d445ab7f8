import type { Definition } from "../../resource";
import type { RequestParameters } from "../api";
import type { ProxmoxCluster } from "../client";
import type { GuestConfig, GuestType, TaskRow } from "../schemas";
import type { Changes, Disks, Found, GuestInputs, Observed } from "./guest.model";

/** What one kind of guest knows of itself; the life is the same for both. */
export interface GuestKind<I extends GuestInputs, K extends string = string> {
  type: GuestType;
  /** As PVE calls it. */
  noun: "VM" | "CT";
  definition: Definition<K, I, I & Found>;
  /** Clones or creates it, with the mark in the very call. @returns the node where it is */
  make: (cluster: ProxmoxCluster, wanted: I, title: string) => Promise<string>;
  /** Is this running task the one that makes it? */
  isMaking: (task: TaskRow, log: () => Promise<string[]>, wanted: I) => Promise<boolean>;
  disks: Disks;
  fromApi: (config: GuestConfig, observed: Observed, wanted: I) => I;
  /** @param config as it will be when it is started anew, `current` as it is */
  changesTo: (config: GuestConfig, wanted: I, known: I | undefined, current: GuestConfig) => Changes;
  /** The secret value that changes the password. */
  password: (wanted: I) => RequestParameters;
  /** What PVE gave it and nobody changes. */
  uuid: (config: GuestConfig) => string | undefined;
  /** A network device's text with a MAC, where Proxmox VE would make up another one whenever it is plugged. */
  withMac?: (text: string, makeUp: () => string) => string;
}
