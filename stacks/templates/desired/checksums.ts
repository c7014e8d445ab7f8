/**
 * The checksum of a file in a published list: as sha256sum prints it (`HEX  FILE`, `HEX *FILE`), or in the BSD form
 * (`SHA256 (FILE) = HEX`). Undefined where the list has no such file.
 */
export function checksumIn(list: string, file: string): string | undefined {
  for (const line of list.split(/\r?\n/)) {
    const [, hex, name] = /^([0-9a-f]{32,128})[ \t]+\*?(?:\.\/)?(.+?)\s*$/i.exec(line) ?? [];
    if (name === file) return hex?.toLowerCase();
    const [, bsdName, bsdHex] = /^[A-Z0-9-]+ \((.+)\) = ([0-9a-f]{32,128})\s*$/i.exec(line) ?? [];
    if (bsdName === file) return bsdHex?.toLowerCase();
  }
  return undefined;
}

/** The last part of a URL's path. */
export const fileOf = (url: string): string => decodeURIComponent(new URL(url).pathname.split("/").pop() ?? "");
