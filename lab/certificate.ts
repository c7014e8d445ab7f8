import { X509Certificate } from "node:crypto";
import { generate } from "selfsigned"; // makes the lab's TLS certificate: Node can read certificates but not make one

export interface Certificate {
  key: string;
  cert: string;
  /** SHA-256, as colon-separated hex pairs. */
  fingerprint: string;
}

/** A self-signed certificate like that of a fresh Proxmox VE node, for the loopback address. */
export async function makeCertificate({
  host = "127.0.0.1",
  notAfterDate,
}: {
  host?: string;
  notAfterDate?: Date;
} = {}): Promise<Certificate> {
  const notBeforeDate = notAfterDate && new Date(notAfterDate.getTime() - 86_400_000);
  const made = await generate([{ name: "commonName", value: host }], {
    ...(notAfterDate && notBeforeDate ? { notAfterDate, notBeforeDate } : {}),
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 7, ip: host },
          { type: 2, value: "localhost" },
        ],
      },
    ],
  });
  return { key: made.private, cert: made.cert, fingerprint: new X509Certificate(made.cert).fingerprint256 };
}
