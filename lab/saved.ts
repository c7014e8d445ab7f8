import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { savedZones } from "./bind9/saved";
import { savedKeys } from "./keys";
import { savedNetbox } from "./netbox/saved";
import { savedCluster } from "./proxmox/saved.model";
import { seedSchema } from "./seed";

/** Of the format below; a change of it that older files don't fit makes it another one. */
const version = 1;
const format = "saved lab";

const head = z.object({ format: z.literal(format), version: z.number() });
const savedLab = z.object({
  format: z.literal(format),
  version: z.literal(version),
  /** What it began with. */
  seed: seedSchema,
  /** NetBox ids of the seed's guests by name. */
  guestIds: z.record(z.string(), z.int()),
  keys: savedKeys,
  /** The token that the lab names for its clusters. */
  proxmoxToken: z.object({ id: z.string(), secret: z.string() }),
  netbox: savedNetbox,
  proxmox: z.array(savedCluster),
  dns: z.object({ zones: savedZones, latency: z.number() }),
});

/** The complete state of a lab's systems. Failure switches, and what commands over ssh left on a node's disk, are no part of it. */
export type SavedLab = z.infer<typeof savedLab>;

/** A saved lab's document without its head. */
export const withHead = (content: Omit<SavedLab, "format" | "version">): SavedLab => ({ format, version, ...content });

/** @param name of the document, for errors. @throws one sentence that says what is wrong with it and what helps */
export function parseSaved(text: string, name: string): SavedLab {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error(`${name} is no whole JSON document: save the lab again with --save.`);
  }
  const begun = head.safeParse(document);
  if (!begun.success) throw new Error(`${name} is no saved lab: make one with npm run lab -- --save FILE.`);
  if (begun.data.version !== version)
    throw new Error(
      `${name} has format ${begun.data.version} and this lab reads format ${version}: save the lab again with this version.`,
    );
  const parsed = savedLab.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(
    `${name} is not a whole saved lab (${issue?.path.join(".")}: ${issue?.message}): save the lab again with --save.`,
  );
}

/** @throws one sentence that says what is wrong with the file and what helps */
export function readSaved(file: string): SavedLab {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(
      `${file} can't be read (${codeOf(error)}): name a file that npm run lab -- --save FILE has written.`,
    );
  }
  return parseSaved(text, file);
}

/** Writes it whole or not at all; it holds secrets. @throws one sentence that says why it can't */
export function writeSaved(file: string, saved: SavedLab): void {
  try {
    writeFileSync(`${file}.part`, `${JSON.stringify(saved)}\n`, { mode: 0o600 });
    renameSync(`${file}.part`, file);
  } catch (error) {
    throw new Error(`${file} can't be written (${codeOf(error)}): name a file in a folder that is there and writable.`);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);
