import { die } from "./errors";
import type { Values } from "./schema/parameters";
import { words } from "./schema/words";

export interface Pool {
  poolid: string;
  comment?: string;
  vms: Set<number>;
  storages: Set<string>;
}

const parentOf = (poolid: string): string => poolid.split("/").slice(0, -1).join("/");

/** Resource pools; a guest is in one at most. */
export class Pools {
  readonly all = new Map<string, Pool>();

  get(poolid: string): Pool {
    return this.all.get(poolid) ?? die(`pool '${poolid}' does not exist`);
  }

  of(vmid: number): Pool | undefined {
    return [...this.all.values()].find((pool) => pool.vms.has(vmid));
  }

  /** The pools that have a guest or storage, by its path. */
  holding(path: string): string[] {
    const [, kind, id = ""] = /^\/(vms|storage)\/(.+)$/.exec(path) ?? [];
    return [...this.all.values()]
      .filter(({ vms, storages }) => (kind === "vms" ? vms.has(Number(id)) : kind !== undefined && storages.has(id)))
      .map(({ poolid }) => poolid);
  }

  /** The paths of all members, whether they are there or not. */
  memberPaths(): string[] {
    return [...this.all.values()].flatMap(({ vms, storages }) => [
      ...[...vms].map((vmid) => `/vms/${vmid}`),
      ...[...storages].map((storage) => `/storage/${storage}`),
    ]);
  }

  create({ poolid, comment }: Values): void {
    const id = String(poolid);
    const failed = (why: string) => die(`create pool failed: ${why}`);
    if (this.all.has(id)) failed(`pool '${id}' already exists`);
    const parent = parentOf(id);
    if (parent !== "" && !this.all.has(parent)) failed(`parent '${parent}' of pool '${id}' does not exist`);
    if (!/^[A-Za-z]/.test(id.slice(parent === "" ? 0 : parent.length + 1)))
      failed("pool name must start with a letter");
    this.all.set(id, {
      poolid: id,
      ...(comment === undefined ? {} : { comment: String(comment) }),
      vms: new Set(),
      storages: new Set(),
    });
  }

  /** @param requirePool throws where a guest may not be taken out of the pool that it is in */
  update(
    { poolid, comment, vms, storage, delete: remove, "allow-move": move }: Values,
    requirePool: (poolid: string) => void,
  ): void {
    const failed = (why: string) => die(`update pools failed: ${why}`);
    const pool = this.all.get(String(poolid)) ?? failed(`pool '${poolid}' does not exist`);
    if (comment !== undefined) pool.comment = String(comment);
    for (const vmid of words(vms).map(Number)) {
      if (remove === 1) {
        if (!pool.vms.delete(vmid)) failed(`VM ${vmid} is not a pool member`);
        continue;
      }
      const now = this.of(vmid);
      if (now === pool) failed(`VM ${vmid} is already a pool member`);
      if (now !== undefined && move !== 1)
        failed(`VM ${vmid} belongs already to pool '${now.poolid}' and 'allow-move' is not set`);
      if (now !== undefined) requirePool(now.poolid);
      now?.vms.delete(vmid);
      pool.vms.add(vmid);
    }
    for (const id of words(storage)) {
      if (remove === 1 && !pool.storages.delete(id)) failed(`Storage '${id}' is not a pool member`);
      if (remove !== 1 && pool.storages.has(id)) failed(`Storage '${id}' is already a pool member`);
      if (remove !== 1) pool.storages.add(id);
    }
  }

  /** @param exists whether a guest or storage is there: members that are gone keep no pool */
  delete(poolid: string, exists: { guest: (vmid: number) => boolean; storage: (id: string) => boolean }): void {
    const failed = (why: string) => die(`delete pool failed: ${why}`);
    const pool = this.all.get(poolid) ?? failed(`pool '${poolid}' does not exist`);
    const child = [...this.all.keys()].sort().find((id) => parentOf(id) === poolid);
    if (child !== undefined) failed(`pool '${poolid}' is not empty (contains pool '${child}')`);
    const vmid = [...pool.vms].find(exists.guest);
    if (vmid !== undefined) failed(`pool '${poolid}' is not empty (contains VM ${vmid})`);
    const storage = [...pool.storages].find(exists.storage);
    if (storage !== undefined) failed(`pool '${poolid}' is not empty (contains storage '${storage}')`);
    this.all.delete(poolid);
  }

  forget(vmid: number): void {
    this.of(vmid)?.vms.delete(vmid);
  }
}
