import { type DeclaredTemplates, listNames, onlineOf } from "./declared";
import type { TemplateEntry } from "./file";
import type { ImageSource } from "./images";
import type { TemplateCluster } from "./types";

/** Where a template goes, and where its image goes first. */
export interface TemplatePlace {
  nodes: string[];
  storage: string;
  importStorage: string | undefined;
  /** Are its disks files, so that their format has to be chosen? */
  isFiles: boolean;
}

/** Where an entry goes; `away` where a node that it was built on is offline now. */
export function placeOfTemplate(
  declared: DeclaredTemplates,
  path: string[],
  cluster: TemplateCluster,
  entry: TemplateEntry,
): TemplatePlace | { away: string[] } | undefined {
  const unknown = (entry.nodes ?? []).filter((node) => !cluster.nodes.some((each) => each.node === node));
  if (unknown.length > 0) {
    declared.problem(
      [...path, "nodes"],
      `names ${unknown.join(", ")}; ${cluster.name} has ${listNames(cluster.nodes.map(({ node }) => node))}`,
    );
    return undefined;
  }
  const holding = (content: string) =>
    cluster.storages.filter((each) => each.content.includes(content) && each.available);
  const storage = declared.storageOf([...path, "storage"], entry.storage, holding("images"), "images");
  if (storage === undefined) return undefined;
  const imports = [...new Set(holding("import").map((each) => each.storage))];
  const importStorage = entry.importStorage ?? (imports.length === 1 ? imports[0] : undefined);
  if (entry.importStorage !== undefined && !imports.includes(entry.importStorage)) {
    declared.problem(
      [...path, "importStorage"],
      `is ${entry.importStorage}, which holds no content \`import\` on ${cluster.name}; there is ${listNames(imports)}`,
    );
    return undefined;
  }
  const rows = holding("images").filter((each) => each.storage === storage);
  const online = onlineOf(cluster, rows);
  const isShared = rows.some(({ shared }) => shared);
  // One of the cluster stays where it was built, whichever node comes first today.
  const home = [...declared.knownTemplates.values()].find(
    (each) => each.title === path[1] && each.cluster === cluster.name,
  )?.node;
  const one = home === undefined ? online.slice(0, 1) : [home];
  const nodes = entry.nodes ?? (isShared ? one : online);
  const away = nodes.filter((node) => !online.includes(node));
  if (away.length > 0 && entry.nodes === undefined) {
    return { away };
  }
  if (away.length > 0 || nodes.length === 0) {
    declared.problem(
      path,
      `can't be built on ${listNames(away)}: the node is offline, or has no storage ${storage}; run again when it is back, or take it out of \`nodes\``,
    );
    return undefined;
  }
  return { nodes, storage, importStorage, isFiles: rows.some(({ isFiles }) => isFiles) };
}

/** Can the method do what the entry asks for? Problems say what it can't. */
export function canDo(
  declared: DeclaredTemplates,
  path: string[],
  method: "api" | "ssh",
  cluster: TemplateCluster,
  { nodes, importStorage }: { nodes: string[]; importStorage: string | undefined },
  {
    wants,
    image,
    sysprep,
  }: {
    wants: boolean;
    image: ImageSource;
    sysprep?: boolean | undefined;
  },
): boolean {
  const before = declared.problems.length;
  if (method === "ssh") {
    const lacking = nodes.filter((node) => !cluster.sshNodes.includes(node));
    if (lacking.length > 0)
      declared.problem(
        path,
        `is built over ssh (${wants ? "its packages, commands or file need that" : importStorage === undefined ? `no storage of ${cluster.name} holds \`import\`` : "its method says so"}), and netbox-proxmox:proxmox["${cluster.name}"].ssh.nodes lacks ${listNames(lacking)}`,
      );
    if (image.volume !== undefined)
      declared.problem(
        [...path, "image"],
        "is a volume, which the method `api` takes; write `path` for a file on the node",
      );
  } else {
    if (wants || sysprep === true)
      declared.problem(
        path,
        "changes its image (packages, commands, sysprep or a file on the node), which the API can't: take `method: ssh`",
      );
    if (image.volume === undefined && importStorage === undefined)
      declared.problem(
        [...path, "importStorage"],
        `is missing: no storage of ${cluster.name}, or more than one, holds content \`import\`; give one that content, or take \`method: ssh\``,
      );
  }
  return declared.problems.length === before;
}
