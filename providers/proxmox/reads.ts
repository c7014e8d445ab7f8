import { HttpError } from "../http/errors";
import { Semaphore } from "../semaphore";

// Reads of many guests, nodes or storages, of which one that fails hides none of the others.

/** What was read, or why it could not be. */
export type SingleRead<T> = { found: T; unread?: undefined } | { unread: string };

/** Something that could not be read, and why. */
export interface Unread {
  /** A VMID, a node, a storage. */
  what: string;
  cause: string;
}

/** Is an error of one guest, node or storage? A cluster that can't be connected to, or that refuses the token, is no single one's. */
const isOfOne = (error: unknown): error is HttpError =>
  error instanceof HttpError &&
  error.status !== 401 &&
  error.failure.kind !== "unreachable" &&
  error.failure.kind !== "tls";

/** Did the node give no answer at all? pveproxy says 595 where it has no connection to it. */
const isSilence = ({ failure }: HttpError): boolean => failure.kind !== "status" || failure.status === 595;

/** Reads that share the places of one cluster's API. */
const places = 8;

/** Reads of one cluster, each with a failure of its own. A node that gave no answer is not asked again: each would wait as long. */
export class SingleReads {
  private readonly turns = new Semaphore(places);
  private readonly silent = new Map<string, string>();

  /** @throws what concerns the whole cluster */
  read<T>(node: string, look: () => Promise<T>): Promise<SingleRead<T>> {
    return this.turns.run(async () => {
      const silence = this.silent.get(node);
      if (silence !== undefined) return { unread: silence };
      try {
        return { found: await look() };
      } catch (error) {
        if (!isOfOne(error)) throw error;
        if (isSilence(error)) this.silent.set(node, error.reason);
        return { unread: error.reason };
      }
    });
  }

  /** What each node says, and those that could not be read. @throws what concerns the whole cluster */
  async ofNodes<T>(
    nodes: string[],
    look: (node: string) => Promise<T>,
  ): Promise<{ found: { node: string; value: T }[]; unread: Unread[] }> {
    const unread: Unread[] = [];
    const found = await Promise.all(
      nodes.map(async (node) => {
        const read = await this.read(node, () => look(node));
        if (read.unread === undefined) return [{ node, value: read.found }];
        unread.push({ what: node, cause: read.unread });
        return [];
      }),
    );
    return { found: found.flat(), unread };
  }
}

/** What is named before it is only counted. */
const few = 10;

/** `105, 106 (500 …); 110 (595 No route to host)`: each cause once. */
export function printUnread(all: readonly Unread[]): string {
  const causes = new Map<string, string[]>();
  for (const { what, cause } of all) causes.set(cause, [...(causes.get(cause) ?? []), what]);
  return [...causes]
    .map(([cause, names]) => {
      const more = names.length > few ? ` and ${names.length - few} more` : "";
      return `${names.slice(0, few).join(", ")}${more} (${cause})`;
    })
    .join("; ");
}

/** By the URLs of their nodes, as clusters have the same names for theirs. */
const toldNodes = new Set<string>();

/**
 * What is said where a refresh could not read one object, as its node refused or did not answer: what the state has of it stays.
 * A node that gives no answer is told once. @returns undefined for an error of the whole system, which stops the refresh
 */
export function keptUnread(title: string, error: unknown): string[] | undefined {
  if (!isOfOne(error)) return undefined;
  const [place, node] = /^.*\/nodes\/([^/?]+)/.exec(error.url) ?? [];
  if (place === undefined) return undefined;
  if (!isSilence(error))
    return [`${title} could not be read (${error.reason}): the state keeps what it has of it, unrefreshed.`];
  if (toldNodes.has(place)) return [];
  toldNodes.add(place);
  return [
    `Node ${node} gave no answer (${error.reason}): the state keeps what it has of all that is there, unrefreshed.`,
  ];
}
