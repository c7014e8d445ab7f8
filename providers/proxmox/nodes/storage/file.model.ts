import { z } from "zod";

/** A file of a storage's `import`, `iso` or `vztmpl` content: a cloud image, an installer, an OS template of containers. */
export const fileInputs = z.object({
  cluster: z.string(),
  /** The node that fetches it; of a shared storage any that has it. */
  node: z.string(),
  storage: z.string(),
  content: z.enum(["import", "iso", "vztmpl"]),
  /** Its name there. */
  file: z.string(),
  /** Where the node downloads it from; left out for a template of PVE's own list (`pveam available`). */
  url: z.string().optional(),
  checksum: z.string().optional(),
  algorithm: z.enum(["md5", "sha1", "sha256", "sha512"]).optional(),
  /** May a server with a certificate that doesn't verify be believed? */
  insecure: z.boolean().optional(),
});

export const fileState = fileInputs.extend({
  volid: z.string(),
  system: z.string(),
  /** It was there before this stack wanted it, and stays when it goes. */
  found: z.boolean().optional(),
});

export type FileInputs = z.infer<typeof fileInputs>;
export type FileState = z.infer<typeof fileState>;

/** What makes another file. */
export const fileSettled = [
  "cluster",
  "node",
  "storage",
  "content",
  "file",
  "checksum",
] as const satisfies readonly (keyof FileInputs)[];

export const volumeOf = ({ storage, content, file }: Pick<FileInputs, "storage" | "content" | "file">): string =>
  `${storage}:${content}/${file}`;
