import { createHash, randomUUID } from "node:crypto";
import { die, PveError } from "../errors";
import type { Value, Values } from "../schema/parameters";
import type { SdnKind } from "./types";

/** Kinds that are written first, and in force once they are applied. */
export type AppliedKind = Exclude<SdnKind, "ipams" | "dns">;

/** Objects by their id, without it. */
type Objects = Map<string, Values>;
export type RunningSdn = Record<AppliedKind, Objects>;

const copies = (objects: Objects): Objects => new Map([...objects].map(([id, values]) => [id, { ...values }]));

/** Where Perl says that it died, in PVE 9.2.11. */
export const perlLine = (file: string, line: number): string => ` at /usr/share/perl5/PVE/${file} line ${line}.`;

/** An error as the text of another one. */
export function perlText({ status, message, errors }: PveError): string {
  if (errors === undefined) return message;
  const lines = Object.entries(errors).map(([key, text]) => `${key}: ${text}`);
  return [`${status} ${message}`, ...lines].join("\n");
}

/** The SDN's configuration: what is written, and what is in force since it was last applied. */
export class Sdn {
  readonly zones: Objects = new Map();
  readonly vnets: Objects = new Map();
  /** By `ZONE-NETWORK-PREFIX`. */
  readonly subnets: Objects = new Map();
  readonly controllers: Objects = new Map();
  /** Without PVE's own, which is always there. */
  readonly ipams: Objects = new Map();
  readonly dns: Objects = new Map();
  running?: RunningSdn;
  /** Who holds it may write; nobody needs one while there is none. */
  lockToken?: string;

  /** Vnets that are in force. */
  get applied(): string[] {
    return [...(this.running?.vnets.keys() ?? [])];
  }

  /** The zone of a bridge: a vnet's own, or that of plain bridges. */
  zoneOf(bridge: string): string {
    return String(this.running?.vnets.get(bridge)?.zone ?? "localnetwork");
  }

  digest(kind: SdnKind): string {
    const objects = [...this[kind]].map(([id, object]) => [
      id,
      Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    return createHash("sha1")
      .update(objects.length === 0 ? "" : JSON.stringify(objects))
      .digest("hex");
  }

  /** @throws where the object was read before somebody else changed it */
  assertUnmodified(kind: SdnKind, digest: Value | undefined): void {
    if (digest !== undefined && digest !== "" && digest !== this.digest(kind))
      die("detected modified configuration - file changed by other user? Try again.");
  }

  need(kind: SdnKind, id: string): Values {
    return this[kind].get(id) ?? die(`sdn '${id}' does not exist`);
  }

  vnet(id: string): Values {
    return this.vnets.get(id) ?? die(`sdn vnet '${id}' does not exist`);
  }

  /** Vnets and subnets of a zone or vnet. */
  subnetsOf(vnet: string): [id: string, Values][] {
    return [...this.subnets].filter(([, subnet]) => subnet.vnet === vnet);
  }

  /** Changes the configuration. @throws every refusal with `failed` before it; also where the token is not the lock's */
  locked<T>(failed: string, token: Value | undefined, work: () => T): T {
    try {
      if (this.lockToken !== undefined && this.lockToken !== token)
        die(`invalid lock token provided!${perlLine("Network/SDN.pm", 291)}`);
      return work();
    } catch (error) {
      if (!(error instanceof PveError)) throw error;
      return die(`${failed}: ${perlText(error)}`);
    }
  }

  /** Takes the lock. @returns its token */
  lock(allowPending: boolean): string {
    return this.locked("could not acquire lock for SDN config", undefined, () => {
      if (!allowPending && this.isPending)
        die(`configuration has pending changes${perlLine("API2/Network/SDN.pm", 150)}`);
      this.lockToken = randomUUID();
      return this.lockToken;
    });
  }

  private get isPending(): boolean {
    const kinds: AppliedKind[] = ["zones", "vnets", "subnets", "controllers"];
    return kinds.some((kind) => [...this.pending(kind).values()].some(({ state }) => state !== undefined));
  }

  /** What is written is in force from now on. */
  commit(): void {
    const { zones, vnets, subnets, controllers } = this;
    this.running = {
      zones: copies(zones),
      vnets: copies(vnets),
      subnets: copies(subnets),
      controllers: copies(controllers),
    };
  }

  /** What is in force is written. */
  rollback(): void {
    for (const kind of ["zones", "vnets", "subnets", "controllers"] as const) {
      this[kind].clear();
      for (const [id, values] of copies(this.running?.[kind] ?? new Map())) this[kind].set(id, values);
    }
  }

  /** Each object as it is in force, with what is to become of it. */
  pending(kind: AppliedKind): Map<string, Record<string, unknown>> {
    const running: Objects = this.running?.[kind] ?? new Map();
    const ids = [...new Set([...running.keys(), ...this[kind].keys()])].sort();
    return new Map(ids.map((id) => [id, pendingObject(running.get(id), this[kind].get(id))]));
  }
}

function pendingObject(running: Values | undefined, written: Values | undefined): Record<string, unknown> {
  const shown: Record<string, unknown> = { ...running };
  const pending: Values = {};
  for (const [key, value] of Object.entries(written ?? {})) {
    if (key === "type" || key === "vnet") shown[key] = value;
    else if (running?.[key] !== value) pending[key] = value;
  }
  for (const key of Object.keys(running ?? {})) if (written && written[key] === undefined) pending[key] = "deleted";
  const isChanged = Object.keys(pending).length > 0;
  const state = running === undefined ? "new" : written === undefined ? "deleted" : isChanged ? "changed" : undefined;
  return state === undefined ? shown : { ...shown, pending, state };
}
