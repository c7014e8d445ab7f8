import { type FileInputs, fileInputs, volumeOf } from "../../../providers/proxmox/nodes/storage/file.model";
import { type TemplateInputs, templateInputs } from "../../../providers/proxmox/nodes/template.model";
import type { PlannedResource, TemplateCluster, TemplatesFacts } from "./types";

/** What is declared so far, what is said of it, and what every entry of the file looks up. */
export class DeclaredTemplates {
  readonly files = new Map<string, PlannedResource<FileInputs>>();
  readonly templates = new Map<string, PlannedResource<TemplateInputs>>();
  readonly taken = new Map<string, Set<number>>();
  /** Entries with a template that is current. */
  readonly current = new Set<string>();
  readonly osVolumes: { key: string; volume: string }[] = [];
  readonly notes: string[] = [];
  readonly warnings: string[] = [];
  readonly problems: string[] = [];
  readonly knownTemplates: Map<string, TemplateInputs>;

  constructor(readonly facts: TemplatesFacts) {
    this.knownTemplates = new Map(
      [...facts.known].flatMap(([name, { type, properties }]) => {
        const parsed = type === "ProxmoxTemplate" ? templateInputs.safeParse(properties) : undefined;
        return parsed?.success ? [[name, parsed.data] as const] : [];
      }),
    );
    for (const { name, guests } of facts.clusters) this.taken.set(name, new Set(guests.keys()));
    for (const { cluster, vmid } of this.knownTemplates.values()) this.taken.get(cluster)?.add(vmid);
  }

  problem(path: string[], text: string): void {
    this.problems.push(`${this.facts.placeOf(path)}: ${path.join(".")} ${text}`);
  }

  clusterOf(path: string[], named: string | undefined): TemplateCluster | undefined {
    const { clusters } = this.facts;
    const names = clusters.map(({ name }) => name).join(", ");
    if (named === undefined && clusters.length === 1) return clusters[0];
    const found = clusters.find(({ name }) => name === named);
    if (named === undefined) this.problem(path, `names no \`cluster\`; there is ${names}`);
    else if (found === undefined) this.problem(path, `names the cluster ${named}; there is ${names}`);
    return found;
  }

  /** Files in the state stay as they are. @returns those that do */
  keepFiles(which: (file: FileInputs) => boolean): FileInputs[] {
    return [...this.facts.known].flatMap(([name, { type, properties }]) => {
      const file = type === "ProxmoxFile" ? fileInputs.safeParse(properties) : undefined;
      if (!file?.success || this.files.has(name) || !which(file.data)) return [];
      this.files.set(name, { name, inputs: file.data, after: [] });
      return [file.data];
    });
  }

  storageOf(
    path: string[],
    named: string | undefined,
    there: { storage: string }[],
    content: string,
  ): string | undefined {
    const names = [...new Set(there.map(({ storage }) => storage))].sort();
    if (named === undefined && names.length === 1) return names[0];
    if (named !== undefined && names.includes(named)) return named;
    this.problem(
      path,
      named === undefined
        ? `is missing: name one of ${listNames(names)}`
        : `is ${named}, which holds no \`${content}\`; there is ${listNames(names)}`,
    );
    return undefined;
  }

  /** Declares a file once for a shared storage, and for each node of another. */
  file(cluster: TemplateCluster, wanted: FileInputs): string {
    const rows = cluster.storages.filter(({ storage }) => storage === wanted.storage);
    const isShared = rows.some(({ shared }) => shared);
    const name = `${cluster.name}/${isShared ? "" : `${wanted.node}/`}${volumeOf(wanted)}`;
    const known = this.facts.known.get(name)?.properties.node;
    // Who fetched it doesn't matter afterwards.
    const node = isShared && typeof known === "string" ? known : wanted.node;
    if (!this.files.has(name)) this.files.set(name, { name, inputs: { ...wanted, node }, after: [] });
    return name;
  }
}

/** Of the nodes that have a storage, those that are online. */
export const onlineOf = ({ nodes }: TemplateCluster, rows: { node: string }[]): string[] =>
  rows
    .map(({ node }) => node)
    .filter((node) => nodes.some((each) => each.node === node && each.online))
    .sort();

export const listNames = (names: string[]): string => (names.length === 0 ? "none" : [...new Set(names)].join(", "));
