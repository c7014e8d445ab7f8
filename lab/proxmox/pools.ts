import { die } from "./errors";
import type { Values } from "./schema/parameters";
import { words } from "./schema/words";

export interface Pool {
  poolid: string;
  comment?: string;
  vms: Set<number>;
  storages: Set<string>;
}

/** Resource pools; a guest is in one at most. */
export class Pools {
  readonly all = new Map<string, Pool>();

  get(poolid: string): Pool {
    return this.all.get(poolid) ?? die(`pool '${poolid}' does not exist`);
  }

  of(vmid: number): Pool | undefined {
    return [...this.all.values()].find((pool) => pool.vms.has(vmid));
  }

  create({ poolid, comment }: Values): void {
    const id = String(poolid);
    if (this.all.has(id)) die(`create pool failed: pool '${id}' already exists`);
    const parent = id.split("/").slice(0, -1).join("/");
    if (parent !== "" && !this.all.has(parent))
      die(`create pool failed: parent '${parent}' of pool '${id}' does not exist`);
    this.all.set(id, {
      poolid: id,
      ...(comment === undefined ? {} : { comment: String(comment) }),
      vms: new Set(),
      storages: new Set(),
    });
  }

  update({ poolid, comment, vms, storage, delete: remove, "allow-move": move }: Values): void {
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
        failed(`VM ${vmid} belongs already to pool '${now.poolid}' and allow-move is not set`);
      now?.vms.delete(vmid);
      pool.vms.add(vmid);
    }
    for (const id of words(storage)) {
      if (remove === 1 && !pool.storages.delete(id)) failed(`Storage '${id}' is not a pool member`);
      if (remove !== 1 && pool.storages.has(id)) failed(`Storage '${id}' is already a pool member`);
      if (remove !== 1) pool.storages.add(id);
    }
  }

  /** @param exists whether a guest is there: members that are gone keep no pool */
  delete(poolid: string, exists: (vmid: number) => boolean): void {
    const failed = (why: string) => die(`delete pool failed: ${why}`);
    const pool = this.all.get(poolid) ?? failed(`pool '${poolid}' does not exist`);
    const vmid = [...pool.vms].find(exists);
    if (vmid !== undefined) failed(`pool '${poolid}' is not empty (contains VM ${vmid})`);
    const [storage] = pool.storages;
    if (storage !== undefined) failed(`pool '${poolid}' is not empty (contains storage '${storage}')`);
    this.all.delete(poolid);
  }

  forget(vmid: number): void {
    this.of(vmid)?.vms.delete(vmid);
  }
}
