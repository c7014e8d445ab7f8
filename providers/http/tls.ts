import { readFileSync } from "node:fs";
import { TLSSocket } from "node:tls";
import { buildConnector } from "undici";

/** How a server proves who it is: by the system's CAs, by a CA file, by its certificate's SHA-256 fingerprint, or not at all. */
export interface TlsSettings {
  caFile?: string;
  /** SHA-256 in hex, with or without colons. */
  fingerprint?: string;
  insecure?: boolean;
}

const plain = (fingerprint: string) => fingerprint.replace(/:/g, "").toUpperCase();

class FingerprintError extends Error {
  readonly code = "FINGERPRINT_MISMATCH";
}

/** A connector that gives a socket out only after the server has proven itself. */
export function connectorFor({ caFile, fingerprint, insecure }: TlsSettings): buildConnector.connector {
  const ca = caFile === undefined ? undefined : readFileSync(caFile);
  const connect = buildConnector({
    timeout: 10_000,
    ca,
    rejectUnauthorized: fingerprint === undefined && insecure !== true,
    // A resumed session shows no certificate, so there would be nothing to compare the fingerprint with.
    ...(fingerprint === undefined ? {} : { maxCachedSessions: 0 }),
  });
  if (fingerprint === undefined) return connect;
  return (options, callback) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error !== null || !(socket instanceof TLSSocket)) return callback(...result);
      const shown = socket.getPeerCertificate().fingerprint256 ?? "";
      if (plain(shown) === plain(fingerprint)) return callback(null, socket);
      socket.destroy();
      return callback(
        new FingerprintError(`the certificate's SHA-256 fingerprint is ${shown}, not the one configured`),
        null,
      );
    });
}
