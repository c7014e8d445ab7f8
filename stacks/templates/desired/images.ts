import { volumeOf } from "../../../providers/proxmox/nodes/storage/file.model";
import type { TemplateInputs } from "../../../providers/proxmox/nodes/template.model";
import { fileOf } from "./checksums";
import type { DeclaredTemplates } from "./declared";
import type { KnownChecksum, TemplateCluster } from "./types";

/** Where an entry's image comes from: one of the three. */
export interface ImageSource {
  url?: string | undefined;
  volume?: string | undefined;
  path?: string | undefined;
}

/** The image as a template's inputs name it, and the file that has to be there. */
export function imageOf(
  declared: DeclaredTemplates,
  cluster: TemplateCluster,
  node: string,
  { importStorage = "" }: { importStorage: string | undefined },
  method: "api" | "ssh",
  given: ImageSource,
  checksum: KnownChecksum,
): { image: TemplateInputs["image"]; after: string[] } {
  const { url, volume, path } = given;
  const checked = checksum === undefined ? {} : { checksum: checksum.hex, algorithm: checksum.algorithm };
  if (url === undefined) {
    const source = volume ?? path ?? "";
    return {
      image: { source, file: fileName(source.split(/[/:]/).pop() ?? "", checksum?.hex), path: source, ...checked },
      after: [],
    };
  }
  const file = fileName(fileOf(url), checksum?.hex);
  if (method === "ssh") return { image: { source: url, file, url, ...checked }, after: [] };
  const wanted = {
    cluster: cluster.name,
    node,
    storage: importStorage,
    content: "import" as const,
    file,
    url,
    ...checked,
  };
  const after = declared.file(cluster, wanted);
  return { image: { source: url, file, path: volumeOf(wanted), ...checked }, after: [after] };
}

/** `noble-server-cloudimg-amd64.img` of this content → `noble-server-cloudimg-amd64-3f2a1b0c9d8e.qcow2`: PVE knows images by their extensions. */
function fileName(name: string, hex: string | undefined): string {
  const [, base = name, extension = ""] = /^(.*?)\.(qcow2|raw|vmdk|img)$/i.exec(name) ?? [];
  const kept = ["raw", "vmdk"].includes(extension.toLowerCase()) ? extension.toLowerCase() : "qcow2";
  const safe = base.replace(/[^\w.-]+/g, "-").replace(/^[-.]+/, "");
  return `${safe || "image"}${hex === undefined ? "" : `-${hex.slice(0, 12)}`}.${kept}`;
}
