import { absolute, canonicalAddress } from "./names";

/** The record types that are written: those that netbox-dns offers and BIND takes by update, but for DNSSEC's own. */
export const recordTypes = [
  ...["A", "AAAA", "CNAME", "TXT", "MX", "NS", "PTR", "SRV", "CAA", "SSHFP", "TLSA", "SMIMEA", "DS", "CDS", "NAPTR"],
  ...["DNAME", "LOC", "HINFO", "RP", "AFSDB", "URI", "SVCB", "HTTPS", "SPF", "OPENPGPKEY", "CERT", "DHCID"],
] as const;

/** A TXT value as it is written: strings of 255 bytes, quoted. */
export function quoteTxt(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  const chunks = Array.from({ length: Math.max(1, Math.ceil(bytes.length / 255)) }, (_, n) =>
    bytes.subarray(n * 255, (n + 1) * 255),
  );
  const escaped = (byte: number) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte < 0x20 || byte > 0x7e ? `\\${String(byte).padStart(3, "0")}` : String.fromCharCode(byte);
  };
  return chunks.map((chunk) => `"${[...chunk].map(escaped).join("")}"`).join(" ");
}

/** The text of a TXT value as dig prints it. */
export function unquoteTxt(value: string): string {
  const bytes: number[] = [];
  for (const [, quoted, bare] of value.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g))
    for (const [, decimal, escaped, plain] of (quoted ?? bare ?? "").matchAll(/\\(\d{3})|\\(.)|(.)/gs))
      bytes.push(...(decimal === undefined ? Buffer.from(escaped ?? plain ?? "", "utf8") : [Number(decimal)]));
  return Buffer.from(bytes).toString("utf8");
}

const isText = (type: string) => type === "TXT" || type === "SPF";
/** Which of a value's fields, counted from the end, is a domain name. */
const names = ["CNAME", "NS", "PTR", "DNAME", "MX", "SRV", "AFSDB", "NAPTR"];
/** Types whose value ends in hexadecimal digits or Base64, which dig breaks into pieces, after so many fields. */
const blobs: Record<string, { after: number; hex: boolean }> = {
  SSHFP: { after: 2, hex: true },
  TLSA: { after: 3, hex: true },
  SMIMEA: { after: 3, hex: true },
  DS: { after: 3, hex: true },
  CDS: { after: 3, hex: true },
  OPENPGPKEY: { after: 0, hex: false },
  DHCID: { after: 0, hex: false },
  CERT: { after: 3, hex: false },
};

/** A value in the one form that comparisons go by: texts as they are, everything else as BIND would print it. */
export function canonicalValue(type: string, value: string): string {
  if (isText(type)) return value;
  if (type === "A" || type === "AAAA") return canonicalAddress(value);
  const fields = value.trim().split(/\s+/);
  const blob = blobs[type];
  if (blob !== undefined) {
    const tail = fields.slice(blob.after).join("");
    return [...fields.slice(0, blob.after), blob.hex ? tail.toUpperCase() : tail].join(" ");
  }
  if (names.includes(type)) return [...fields.slice(0, -1), absolute(fields.at(-1) ?? "")].join(" ");
  if (type === "RP") return fields.map(absolute).join(" ");
  if (type === "CAA") {
    const text = fields.slice(2).join(" ");
    return [fields[0], fields[1]?.toLowerCase(), text.startsWith('"') ? text : `"${text}"`].join(" ");
  }
  return fields.join(" ");
}

/** As nsupdate takes it. */
export const toWire = (type: string, value: string): string => (isText(type) ? quoteTxt(value) : value);

/** From what dig prints. */
export const fromWire = (type: string, value: string): string =>
  isText(type) ? unquoteTxt(value) : canonicalValue(type, value);

/** May the value stand in a line of nsupdate? A text is quoted; anything else must have no end of line in it. */
export const isSafe = (type: string, value: string): boolean => isText(type) || /^[\x20-\x7e]+$/.test(value);
