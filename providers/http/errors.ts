/** What went wrong with a request, as far as deciding what to do next needs it. */
export type HttpFailure =
  | { kind: "status"; status: number; body: unknown }
  | { kind: "unreachable" | "closed" | "timeout" | "tls"; detail: string };

/** A request that got no success. The message has method, URL and outcome; never a header or a request body. */
export class HttpError extends Error {
  constructor(
    readonly method: string,
    readonly url: string,
    readonly failure: HttpFailure,
    reason: string,
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
const timeoutCodes = new Set([
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "ETIMEDOUT",
]);

/** undici's and Node's own errors by their codes. */
export function failureOf(error: unknown): HttpFailure {
  const detail = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (tlsCodes.test(code)) return { kind: "tls", detail };
  if (closedCodes.has(code)) return { kind: "closed", detail };
  if (timeoutCodes.has(code) || (error instanceof Error && error.name === "TimeoutError"))
    return { kind: "timeout", detail };
  return { kind: "unreachable", detail: code === "" ? detail : `${detail || code}` };
}
