import { LateError } from "./lane";
import type { NotNow } from "./retry";

/**
 * What went wrong with a request, as far as deciding what to do next needs it: it was answered; it was never sent, as there was no
 * connection; the connection ended, or nothing came in time, and nobody knows what was done; the server didn't prove itself; or
 * none of these that is known.
 */
export type HttpFailure =
  | { kind: "status"; status: number; body: unknown; notNow?: NotNow }
  | { kind: "unreachable" | "closed" | "timeout" | "tls" | "unknown"; detail: string };

/** A request that got no success. The message has method, URL and outcome; never a header or a request body. */
export class HttpError extends Error {
  constructor(
    readonly method: string,
    readonly url: string,
    readonly failure: HttpFailure,
    /** Without the request. */
    readonly reason: string,
  ) {
    super(`${method} ${url}: ${reason}`);
    this.name = "HttpError";
  }

  get status(): number | undefined {
    return this.failure.kind === "status" ? this.failure.status : undefined;
  }
}

const tlsCodes = /^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|EPROTO|FINGERPRINT)/;
const closedCodes = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

/** Did it go wrong before there was a connection, so that nothing was sent? Node names the system call that failed. */
function isOfConnecting(error: unknown): boolean {
  if (codeOf(error) === "UND_ERR_CONNECT_TIMEOUT") return true;
  // Of a host with several addresses, each has its error.
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isOfConnecting);
  return error instanceof Error && "syscall" in error && ["connect", "getaddrinfo"].includes(String(error.syscall));
}

/** undici's and Node's own errors by their codes. */
export function failureOf(error: unknown): HttpFailure {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const detail = message || code;
  if (error instanceof LateError) return { kind: "timeout", detail };
  if (tlsCodes.test(code)) return { kind: "tls", detail };
  if (isOfConnecting(error)) return { kind: "unreachable", detail };
  if (closedCodes.has(code)) return { kind: "closed", detail };
  if (code === "ETIMEDOUT") return { kind: "timeout", detail };
  return { kind: "unknown", detail };
}
