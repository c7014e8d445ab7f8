import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { die } from "./errors";
import { type MappingKind, mapFormats, mappingKinds } from "./schema/mappings";
import { itemsOf, type Values } from "./schema/parameters";
import { parseProperties } from "./schema/properties";
import { words } from "./schema/words";

/** A device or folder that nodes have, under one name for all of them. */
export interface Mapping {
  id: string;
  /** What each node calls it, as property strings. */
  map: string[];
  /** description and, of PCI devices, mdev and live-migration-capable. */
  more: Values;
}

/** A finding about a mapping on a node. */
export interface MappingCheck {
  severity: "warning" | "error";
  message: string;
}

const modified = "detected modified configuration - file changed by other user? Try again.";
/** As errors call the kinds. */
const nouns: Record<MappingKind, string> = { dir: "directory", pci: "hardware", usb: "hardware" };

function entryOf(kind: MappingKind, text: string): Record<string, string> {
  const parsed = parseProperties(mapFormats[kind].properties ?? { keys: {} }, text);
  return typeof parsed === "string" ? die(parsed.trim()) : parsed;
}

/** What is wrong with a folder, which the lab's nodes share with this machine. */
function folderProblem(path: string): string | undefined {
  if (!existsSync(path)) return `Path ${path} does not exist`;
  return statSync(path).isDirectory() ? undefined : `Path ${path} exists, but is not a directory`;
}

/** The nodes have no PCI or USB devices. */
function problemOn(kind: MappingKind, { path = "", id = "" }: Record<string, string>): string | undefined {
  if (kind === "dir") return folderProblem(path);
  if (kind === "usb") return `usb device '${path === "" ? id : path}' not found`;
  const [first = ""] = path.split(";");
  return `pci device '${/\.[a-f0-9]$/.test(first) ? first : `${first}.0`}' not found`;
}

/** Resource mappings of a cluster. */
export class Mappings {
  readonly kinds: Record<MappingKind, Map<string, Mapping>> = { dir: new Map(), pci: new Map(), usb: new Map() };

  /** Of the file that holds a kind's mappings. */
  private digest(kind: MappingKind): string {
    return createHash("sha1")
      .update(JSON.stringify([...this.kinds[kind].values()]))
      .digest("hex");
  }

  private shown(kind: MappingKind, { map, more }: Mapping): Record<string, unknown> {
    return { type: kind, map, ...more, digest: this.digest(kind) };
  }

  list(kind: MappingKind): { id: string; shown: Record<string, unknown> }[] {
    return [...this.kinds[kind].values()].map((mapping) => ({
      id: mapping.id,
      shown: { id: mapping.id, ...this.shown(kind, mapping) },
    }));
  }

  get(kind: MappingKind, id: string): Record<string, unknown> {
    return this.shown(kind, this.kinds[kind].get(id) ?? die(`mapping '${id}' not found`));
  }

  private check(kind: MappingKind, id: string, node: string): MappingCheck[] {
    const mine = (this.kinds[kind].get(id)?.map ?? [])
      .map((text) => entryOf(kind, text))
      .filter((entry) => entry.node === node);
    if (mine.length === 0) return [{ severity: "warning", message: `No mapping for node ${node}.` }];
    return mine.flatMap((entry) => {
      const problem = problemOn(kind, entry);
      return problem === undefined
        ? []
        : [{ severity: "error", message: `Invalid configuration: ${problem}\n` } satisfies MappingCheck];
    });
  }

  /** What a node has under a name, as property strings' keys. */
  on(kind: MappingKind, id: string, node: string): Record<string, string>[] | undefined {
    return this.kinds[kind]
      .get(id)
      ?.map.map((text) => entryOf(kind, text))
      .filter((entry) => entry.node === node);
  }

  /** @throws what a folder on the node that is asked lacks, and a node that is named twice */
  private checkFolders(map: string[], local: string): void {
    const entries = map.map((text) => entryOf("dir", text));
    for (const { node, path = "" } of entries) {
      const problem = node === local ? folderProblem(path) : undefined;
      if (problem !== undefined) die(problem);
    }
    for (const { node } of entries) {
      const count = entries.filter((entry) => entry.node === node).length;
      if (count > 1) die(`Node '${node}' is specified ${count} times.`);
    }
  }

  /** The findings of a node; it speaks for itself only. */
  checked(kind: MappingKind, node: string, local: string): (id: string) => MappingCheck[] {
    if (node !== local) die(kind === "usb" ? "Wrong node to check" : `wrong node to check - ${node} != ${local}`);
    return (id) => this.check(kind, id, node);
  }

  create(kind: MappingKind, { id, map, ...more }: Values, local: string): void {
    const name = String(id);
    const items = itemsOf(map);
    if (kind === "dir") this.checkFolders(items, local);
    if (this.kinds[kind].has(name)) die(`create ${nouns[kind]} mapping failed: ${kind} ID '${name}' already defined`);
    this.kinds[kind].set(name, { id: name, map: items, more });
  }

  update(kind: MappingKind, { id, map, delete: remove, digest, ...more }: Values, local: string): void {
    const failed = (why: string) => die(`update ${nouns[kind]} mapping failed: ${why}`);
    if (digest !== undefined && digest !== this.digest(kind)) failed(modified);
    const found = this.kinds[kind].get(String(id)) ?? failed(`${kind} ID '${id}' does not exist`);
    if (map !== undefined) {
      const items = itemsOf(map);
      if (kind === "dir") this.checkFolders(items, local);
      found.map = items;
    }
    Object.assign(found.more, more);
    for (const key of words(remove)) delete found.more[key];
  }

  /** One that is not there, or that guests use, is no failure. */
  delete(kind: MappingKind, id: string): void {
    this.kinds[kind].delete(id);
  }

  dump(): { kind: MappingKind; mapping: Mapping }[] {
    return mappingKinds.flatMap((kind) => [...this.kinds[kind].values()].map((mapping) => ({ kind, mapping })));
  }
}
