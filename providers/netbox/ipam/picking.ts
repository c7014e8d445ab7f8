import { z } from "zod";
import { HttpError } from "../../http/errors";
import { Semaphore } from "../../semaphore";
import { isRecord } from "../../values";
import type { NetboxClient } from "../client";
import { ipAddress, ipAddressFields, type NetboxAddress } from "../schemas";
import { type AddressSource, hostOf } from "./ipallocation.model";
import { bitsOf, coveringCidr, printHost, type Span, spanOf } from "./spans";

const addresses = "ipam/ip-addresses";
/** Addresses that NetBox may refuse in a row, as something holds them that was not there when the source was read. */
const mostRefused = 100;

/** A source as it was read: what it may give, and the next one to try. */
interface ReadSource {
  span: Span;
  length: number;
  vrfId: number | undefined;
  taken: Set<bigint>;
  next: bigint;
}

/**
 * Addresses of sources of which not everything is to be given: NetBox's own next available one knows no exceptions. Which one is
 * free is found out here, and whether it still is, NetBox says: it takes addresses one after the other, and refuses a second.
 */
export class Picker {
  private readonly sources = new Map<string, Promise<ReadSource>>();
  private readonly turns = new Map<string, Semaphore>();

  constructor(private readonly netbox: NetboxClient) {}

  /**
   * The first address of the source that is free and outside of `notFrom`, made by `body`.
   * @returns undefined where there is none left
   */
  pick(
    source: AddressSource,
    notFrom: readonly string[],
    body: (address: string, vrfId: number | undefined) => object,
  ): Promise<NetboxAddress | undefined> {
    const key = `${source.kind}/${source.id}`;
    const turn = this.turns.get(key) ?? new Semaphore(1);
    this.turns.set(key, turn);
    return turn.run(async () => {
      const known = this.sources.get(key);
      const found = known && (await this.take(await known, notFrom, body));
      if (found !== undefined) return found;
      // Some may be free again since it was read.
      const read = this.read(source);
      this.sources.set(key, read);
      return this.take(await read, notFrom, body);
    });
  }

  private async take(
    source: ReadSource,
    notFrom: readonly string[],
    body: (address: string, vrfId: number | undefined) => object,
  ): Promise<NetboxAddress | undefined> {
    const out = notFrom.map(spanOf).filter(({ family }) => family === source.span.family);
    for (let refused = 0; source.next <= source.span.last; ) {
      const bits = source.next;
      const [within] = out.filter(({ first, last }) => first <= bits && bits <= last);
      source.next = within === undefined ? bits + 1n : within.last + 1n;
      if (within !== undefined || source.taken.has(bits)) continue;
      const address = `${printHost(source.span.family, bits)}/${source.length}`;
      const made = await this.make(body(address, source.vrfId), source.vrfId);
      if (made !== undefined) return made;
      if (++refused === mostRefused) return undefined;
    }
    return undefined;
  }

  /** Makes one address, unless NetBox or a look afterwards says that somebody has it. */
  private async make(body: object, vrfId: number | undefined): Promise<NetboxAddress | undefined> {
    let made: NetboxAddress;
    try {
      made = await this.netbox.create(addresses, ipAddress, body);
    } catch (error) {
      if (isRefused(error)) return undefined;
      throw error;
    }
    // Where NetBox lets addresses repeat, whoever sees another one gives way.
    const same = await this.netbox.list(addresses, ipAddress, ipAddressFields, { address: hostOf(made.address) });
    const isTwin = (each: NetboxAddress) =>
      each.id !== made.id && each.vrfId === vrfId && bitsOf(each.address) === bitsOf(made.address);
    if (!same.some(isTwin)) return made;
    await this.netbox.change(addresses, made.id, ipAddress, ipAddressFields, () => "delete");
    return undefined;
  }

  private async read({ kind, id, text }: AddressSource): Promise<ReadSource> {
    const range = spanOf(text);
    const [row, there] = await Promise.all([
      kind === "prefix"
        ? this.netbox.find("ipam/prefixes", id, prefixRow, "id,prefix,vrf,is_pool")
        : this.netbox.find("ipam/ip-ranges", id, rangeRow, "id,start_address,vrf"),
      this.netbox.list(addresses, ipAddress, ipAddressFields, { parent: coveringCidr(range) }),
    ]);
    const vrfId = row?.vrf?.id;
    const span = row !== undefined && "prefix" in row ? usable(spanOf(row.prefix), row.is_pool) : range;
    const length = Number((row === undefined ? "" : "prefix" in row ? row.prefix : row.start_address).split("/")[1]);
    const taken = new Set(there.filter((each) => each.vrfId === vrfId).map(({ address }) => bitsOf(address)));
    // One that is gone gives nothing.
    const last = row === undefined ? span.first - 1n : span.last;
    return { span: { ...span, last }, length, vrfId, taken, next: span.first };
  }
}

const vrf = z.object({ id: z.number() }).nullable();
const prefixRow = z.object({ prefix: z.string(), is_pool: z.boolean(), vrf });
const rangeRow = z.object({ start_address: z.string(), vrf });

/** What NetBox gives of a prefix: not its network and broadcast address, nor IPv6's subnet router, unless it is a pool. */
function usable({ family, first, last }: Span, isPool: boolean): Span {
  if (isPool || last - first < 2n) return { family, first, last };
  return { family, first: first + 1n, last: family === 4 ? last - 1n : last };
}

/** NetBox refuses the address itself: somebody has it, or nothing may be made there. */
const isRefused = (error: unknown): boolean =>
  error instanceof HttpError &&
  error.failure.kind === "status" &&
  error.failure.status === 400 &&
  isRecord(error.failure.body) &&
  "address" in error.failure.body;
