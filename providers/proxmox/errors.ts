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
  /** PVE::LXC: the text of the cause is in the log of a start with `debug`. */
  containerFailed: (text: string) => /^startup for container '\d+' failed/.test(text),
  /** PVE::API2::Tasks. */
  noSuchTask: (error: unknown) => /no such task/.test(messageIn(error)),
  noSuchResource: (error: unknown) => /no such resource|not HA managed/.test(messageIn(error)),
};

/** A line of LXC's log that says what went wrong, without its place in LXC's sources. */
const lxcLine = /^lxc-start \S+ \S+ (?:ERROR\s.* - |DEBUG\s.* - Script exec produced output: )(.*)$/;

/** The causes that LXC's log names, from the first on. */
const lxcCauses = (log: string[]): string[] =>
  log.map((line) => lxcLine.exec(line)?.[1]?.trim() ?? "").filter((cause) => cause !== "");

/** A task that ended badly: PVE had answered its request with 200. */
export class ProxmoxTaskError extends Error {
  constructor(
    readonly exitstatus: string,
    log: string[],
  ) {
    const causes = lxcCauses(log).slice(0, 3);
    const excerpt = causes.length > 0 ? causes : log.filter((line) => !line.startsWith("TASK ")).slice(-3);
    super(excerpt.length === 0 ? exitstatus : `${exitstatus} (task log: ${excerpt.join(" | ")})`);
    this.name = "ProxmoxTaskError";
  }
}
