import { z } from "zod";
import { messageOf } from "../../errors";
import { HttpError } from "../../http/errors";
import type { NetboxClient } from "../client";

/** What is written into the journal of one object. */
export interface NewJournalEntry {
  /** `virtualization.virtualmachine`. */
  objectType: string;
  objectId: number;
  kind: "info" | "success" | "warning";
  /** Markdown. */
  comments: string;
}

const path = "extras/journal-entries";
const created = z.object({ id: z.number() });

const bodyOf = ({ objectType, objectId, kind, comments }: NewJournalEntry) => ({
  assigned_object_type: objectType,
  assigned_object_id: objectId,
  kind,
  comments,
});

/** NetBox takes all entries of a request or none, and doesn't always say which one it was. */
const isRefused = (error: unknown): error is HttpError => error instanceof HttpError && error.status === 400;
/** The object was removed, by this run or by somebody else. */
const isOfNothing = (error: HttpError): boolean => /Invalid assigned_object/.test(error.reason);

export interface WrittenJournal {
  written: number;
  /** One sentence each. */
  warnings: string[];
}

/**
 * Writes entries, many in a request. An object that is gone is left out, and so is one that NetBox refuses: the others are written.
 * Throws nothing: a journal that can't be written fails no run.
 */
export async function writeJournal(netbox: NetboxClient, entries: readonly NewJournalEntry[]): Promise<WrittenJournal> {
  const result: WrittenJournal = { written: 0, warnings: [] };
  try {
    await write(netbox, entries, result);
  } catch (error) {
    const lacksRight = error instanceof HttpError && error.status === 403;
    const remedy = lacksRight
      ? "give the token's user the right to add extras.journalentry (docs/privileges.md), or set netbox-proxmox:site.journal to false"
      : "what was done stands nevertheless";
    result.warnings.push(
      `${entries.length - result.written} of ${entries.length} entries were not written into NetBox's journal (${messageOf(error)}): ${remedy}.`,
    );
  }
  return result;
}

async function write(netbox: NetboxClient, entries: readonly NewJournalEntry[], result: WrittenJournal): Promise<void> {
  const [first, ...others] = entries;
  if (first === undefined) return;
  if (others.length === 0) return writeOne(netbox, first, result);
  let done = 0;
  try {
    await netbox.createAll(path, created, entries.map(bodyOf), (made) => {
      done += made.length;
      result.written += made.length;
    });
  } catch (error) {
    if (!isRefused(error)) throw error;
    // In halves, until the one that is refused is alone.
    const half = done + Math.ceil((entries.length - done) / 2);
    await write(netbox, entries.slice(done, half), result);
    await write(netbox, entries.slice(half), result);
  }
}

async function writeOne(netbox: NetboxClient, entry: NewJournalEntry, result: WrittenJournal): Promise<void> {
  try {
    await netbox.create(path, created, bodyOf(entry));
    result.written++;
  } catch (error) {
    if (!isRefused(error)) throw error;
    if (isOfNothing(error)) return;
    result.warnings.push(
      `The journal of ${entry.objectType} ${entry.objectId} takes no entry (${error.reason}): what was done stands nevertheless.`,
    );
  }
}
