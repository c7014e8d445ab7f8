import { HttpError } from "../http/errors";

// What PVE says where something did not work.

/** PVE's message, with what it says of single parameters. */
export function explainProxmox(_status: number, body: unknown): string {
  if (typeof body !== "object" || body === null || !("message" in body)) return "";
  const errors =
    "errors" in body && typeof body.errors === "object" && body.errors !== null
      ? Object.entries(body.errors).map(([name, text]) => `${name}: ${String(text).trim()}`)
      : [];
  return [String(body.message).trim(), ...errors].join(" ");
}

const messageIn = (error: unknown): string =>
  error instanceof HttpError && error.failure.kind === "status"
    ? explainProxmox(error.failure.status, error.failure.body)
    : "";

/** The texts are PVE's own (PVE::Cluster, PVE::QemuServer, PVE::Tools), which give no codes. */
export const says = {
  missingGuest: (error: unknown) => /^Configuration file '.*' does not exist/.test(messageIn(error)),
  taken: (text: string) =>
    /config file already exists|(VM|CT) \d+ already exists|\.conf' failed: File exists/.test(text),
  changedMeanwhile: (error: unknown) => /checksum mismatch|file changed by other user/.test(messageIn(error)),
  shutdownTimedOut: (text: string) => /got timeout|did not stop/.test(text) && !/can't lock file/.test(text),
  /** PVE::Storage. */
  stillCloned: (text: string) => /is still in use by linked clone/.test(text),
  /** PVE::AbstractConfig. */
  noSnapshots: (text: string) => /snapshot feature is not available/.test(text),
  /** PVE::API2::Tasks. */
  noSuchTask: (error: unknown) => /no such task/.test(messageIn(error)),
  noSuchResource: (error: unknown) => /no such resource|not HA managed/.test(messageIn(error)),
};

/** A task that ended badly: PVE had answered its request with 200. */
export class ProxmoxTaskError extends Error {
  constructor(
    readonly exitstatus: string,
    log: string[],
  ) {
    const excerpt = log.filter((line) => !line.startsWith("TASK ")).slice(-3);
    super(excerpt.length === 0 ? exitstatus : `${exitstatus} (task log: ${excerpt.join(" | ")})`);
    this.name = "ProxmoxTaskError";
  }
}
