import type { GuestType } from "../../../providers/proxmox/schemas";

// Logical names of the site's resources. A resource's URN has its logical name in it, so it stays what it is in the state,
// whatever the guest is called since; what is new is called as a person calls it.

/** A resource in the state. */
export interface KnownName {
  kind: NameKind;
  /** Its logical name. */
  name: string;
  /** What it is of; nothing where its properties don't say. */
  identity?: string;
  /** Of a machine. */
  type?: GuestType;
}

export type NameKind = "machine" | "guest" | "promotion" | "snapshot" | "allocation" | "record" | "pluginRecord";

/** What a resource is called, and what it was called before. */
export interface MachineName {
  name: string;
  alias?: { name: string; type: GuestType };
}

/** What the allocation of an address is of. */
export const allocationIdentity = (allocation: {
  interfaceId: number;
  family: number;
  ordinal: number;
  given?: boolean | undefined;
}): string =>
  `ip-${allocation.interfaceId}-v${allocation.family}-${allocation.given ? "given-" : ""}${allocation.ordinal}`;

export const recordIdentity = ({ server, name }: { server: string; name: string }): string => `${server}/${name}`;

/** Names as they were before guests gave them. Each says what its resource is of. */
const formerName = {
  machine: (id: string, type: GuestType) => `${type === "qemu" ? "vm" : "ct"}-${id}`,
  guest: (id: string) => `guest-${id}`,
  promotion: (id: string) => `promotion-${id}`,
  snapshot: (id: string) => `snapshot-${id}`,
  allocation: (identity: string) => identity,
  pluginRecord: (key: string) => `record-${key}`,
  record: (identity: string) => `dns-${identity.replace("/", "-").replace(/\.$/, "")}`,
};

/**
 * The logical names of one run. The engine matches a URN before it looks at an alias: a name that the state has, or that
 * another resource of this run got, is given to nothing else, not even when its holder is about to go.
 */
export class LogicalNames {
  private readonly byIdentity = new Map<string, KnownName[]>();
  /** `KIND/NAME`. Virtual machines and containers share their names: one may become the other. */
  private readonly held = new Map<string, KnownName | undefined>();
  private readonly machines = new Map<number, MachineName>();
  private readonly given = new Map<string, string>();

  constructor(known: KnownName[]) {
    for (const each of known) {
      this.held.set(`${each.kind}/${each.name}`, each);
      if (each.identity === undefined) continue;
      const key = `${each.kind}/${each.identity}`;
      this.byIdentity.set(key, [...(this.byIdentity.get(key) ?? []), each]);
    }
  }

  /** Of a guest's machine. Only a name of the former form is exchanged, once, for the guest's own. */
  machine({ id, name, type }: { id: number; name: string; type: GuestType }): MachineName {
    const before = this.machines.get(id);
    if (before !== undefined) return before;
    const known = this.knownMachine(id, type);
    // Names of the former form are given to nobody: a later run would exchange them.
    const former = [formerName.machine(String(id), "qemu"), formerName.machine(String(id), "lxc")];
    const isKept = known !== undefined && !former.includes(known.name);
    const logical = isKept ? known.name : this.free("machine", name, String(id), former);
    const was = known && { name: known.name, type: known.type ?? type };
    const isSame = was === undefined || (was.name === logical && was.type === type);
    const made: MachineName = { name: logical, ...(isSame ? {} : { alias: was }) };
    this.held.set(`machine/${logical}`, known);
    this.machines.set(id, made);
    return made;
  }

  /** Of what belongs to a guest, or of a name in DNS. @param behind tells it from another of the same name */
  of(kind: Exclude<NameKind, "machine">, identity: string, name: string, behind: string): string {
    const key = `${kind}/${identity}`;
    const known = this.given.get(key) ?? this.byIdentity.get(key)?.[0]?.name ?? this.unread(kind, identity);
    const made = known ?? this.free(kind, name, behind);
    this.held.set(`${kind}/${made}`, undefined);
    this.given.set(key, made);
    return made;
  }

  private knownMachine(id: number, type: GuestType): KnownName | undefined {
    const all = this.byIdentity.get(`machine/${id}`) ?? [];
    const found = all.find((each) => each.type === type) ?? all[0];
    if (found !== undefined) return found;
    for (const each of [type, type === "qemu" ? "lxc" : "qemu"] as const) {
      const former = this.held.get(`machine/${formerName.machine(String(id), each)}`);
      if (former !== undefined && former.identity === undefined && former.type === each) return former;
    }
    return undefined;
  }

  /** The former name of a resource whose properties don't say what it is of. */
  private unread(kind: Exclude<NameKind, "machine">, identity: string): string | undefined {
    const name = formerName[kind](identity);
    const held = this.held.get(`${kind}/${name}`);
    return held !== undefined && held.identity === undefined ? name : undefined;
  }

  private free(kind: NameKind, name: string, behind: string, never: string[] = []): string {
    for (let n = 1; ; n++) {
      const next = n === 1 ? name : n === 2 ? `${name}-${behind}` : `${name}-${behind}-${n - 1}`;
      if (!this.held.has(`${kind}/${next}`) && !never.includes(next)) return next;
    }
  }
}
