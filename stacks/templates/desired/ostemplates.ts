import { type FileInputs, volumeOf } from "../../../providers/proxmox/nodes/storage/file.model";
import { fileOf } from "./checksums";
import { type DeclaredTemplates, listNames, onlineOf } from "./declared";
import type { OsTemplateEntry } from "./file";
import type { TemplateCluster } from "./types";

/** Declares an OS template of containers on each node that is to have it. */
export function declareOsTemplate(declared: DeclaredTemplates, key: string, entry: OsTemplateEntry): void {
  const path = ["osTemplates", key];
  const cluster = declared.clusterOf(path, entry.cluster);
  if (cluster === undefined) return;
  const rows = cluster.storages.filter(({ content, available }) => content.includes("vztmpl") && available);
  const storage = declared.storageOf([...path, "storage"], entry.storage, rows, "vztmpl");
  if (storage === undefined) return;
  const there = rows.filter((each) => each.storage === storage);
  const online = onlineOf(cluster, there);
  const nodes = entry.nodes ?? (there.some(({ shared }) => shared) ? online.slice(0, 1) : online);
  const away = nodes.filter((node) => !online.includes(node));
  if (away.length > 0) {
    declared.problem(
      path,
      `can't be fetched on ${listNames(away)}: the node is offline, unknown, or has no storage ${storage}`,
    );
    return;
  }
  const wanted = osFile(declared, path, key, cluster, entry);
  if (wanted === undefined) return;
  for (const node of nodes)
    declared.file(cluster, { cluster: cluster.name, node, storage, content: "vztmpl", ...wanted });
  declared.osVolumes.push({ key, volume: volumeOf({ storage, content: "vztmpl", file: wanted.file }) });
}

function osFile(
  declared: DeclaredTemplates,
  path: string[],
  key: string,
  cluster: TemplateCluster,
  { appliance, url }: OsTemplateEntry,
): Pick<FileInputs, "file" | "url" | "checksum" | "algorithm"> | undefined {
  if (url !== undefined) {
    const checksum = declared.facts.checksums.get(key);
    if (checksum !== undefined && "unread" in checksum) {
      const isOfIt = (file: FileInputs) =>
        file.content === "vztmpl" && file.url === url && file.cluster === cluster.name;
      const there = declared.keepFiles(isOfIt);
      if (there.length > 0) declared.notes.push(`OS template ${key} stays as it was fetched: ${checksum.unread}.`);
      else
        declared.warnings.push(`OS template ${key} of ${cluster.name} is not fetched by this run: ${checksum.unread}.`);
      for (const file of there.slice(0, 1)) declared.osVolumes.push({ key, volume: volumeOf(file) });
      return undefined;
    }
    if (checksum === undefined || "problem" in checksum) {
      declared.problem(path, `can't be fetched: ${checksum === undefined ? "it has no checksum" : checksum.problem}`);
      return undefined;
    }
    return { file: fileOf(url), url, checksum: checksum.hex, algorithm: checksum.algorithm };
  }
  const named = appliance ?? "";
  const matching = cluster.appliances.filter(({ template }) => template === named || template.startsWith(`${named}_`));
  const newest = matching.sort((a, b) => byVersion(a.version, b.version)).at(-1);
  if (newest === undefined) {
    declared.problem(
      [...path, "appliance"],
      `is ${named}, which PVE's list lacks; \`pveam update\` on a node renews it, \`pveam available\` prints it`,
    );
    return undefined;
  }
  return { file: newest.template };
}

/** `12.7-1` before `12.10-1`. */
function byVersion(a: string, b: string): number {
  const parts = (text: string) => text.split(/\D+/).map(Number);
  const [x, y] = [parts(a), parts(b)];
  for (let n = 0; n < Math.max(x.length, y.length); n++)
    if ((x[n] ?? 0) !== (y[n] ?? 0)) return (x[n] ?? 0) - (y[n] ?? 0);
  return 0;
}
