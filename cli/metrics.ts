import { messageOf } from "../providers/errors";
import { rewriteShared } from "../providers/sinks/files";
import { type MetricSample, mergeSamples, parseExposition, printExposition } from "./exposition";
import { remark } from "./terminal";

// What a run leaves behind for Prometheus: a file that node_exporter's textfile collector reads, and GET /metrics of `serve`.

export const metricHelp = {
  netbox_proxmox_last_success_timestamp_seconds: "When the last up that succeeded ended.",
  netbox_proxmox_run_timestamp_seconds: "When the last run of an operation ended.",
  netbox_proxmox_run_success: "1 where the last run of an operation succeeded, else 0.",
  netbox_proxmox_run_duration_seconds: "How long the last run of an operation took.",
  netbox_proxmox_drift_changes: "Resources that differed from the last run when that was last looked at.",
  netbox_proxmox_waiting_restarts: "Guests with changes that wait for their next start.",
  netbox_proxmox_tokens_due: "Tokens that are due for rotation, expire soon or have expired.",
  netbox_proxmox_limits_reached: "Limits that stopped the last run.",
} as const;
type MetricName = keyof typeof metricHelp;

/** What a run found out; what it doesn't know keeps its last value. Times in seconds. */
export interface RunMetrics {
  stack: string;
  program: string;
  operation: string;
  /** Since 1970. */
  endedAt: number;
  duration: number;
  succeeded: boolean;
  drift?: number;
  waitingRestarts?: number;
  tokensDue?: number;
  limitsReached?: number;
}

export function samplesOf(run: RunMetrics): MetricSample[] {
  const { stack, program, operation, endedAt } = run;
  const labels = { stack, program };
  const each = { ...labels, operation };
  const sample = (name: MetricName, value: number | undefined, of: Record<string, string> = labels): MetricSample[] =>
    value === undefined ? [] : [{ name, labels: of, value }];
  return [
    ...sample("netbox_proxmox_run_timestamp_seconds", endedAt, each),
    ...sample("netbox_proxmox_run_success", run.succeeded ? 1 : 0, each),
    ...sample("netbox_proxmox_run_duration_seconds", run.duration, each),
    ...sample(
      "netbox_proxmox_last_success_timestamp_seconds",
      operation === "up" && run.succeeded ? endedAt : undefined,
    ),
    ...sample("netbox_proxmox_drift_changes", run.drift),
    ...sample("netbox_proxmox_waiting_restarts", run.waitingRestarts),
    ...sample("netbox_proxmox_tokens_due", run.tokensDue),
    ...sample("netbox_proxmox_limits_reached", run.limitsReached),
  ];
}

/** Metrics as text, with those of a run in the place of its last ones. */
export const withRun = (text: string, run: RunMetrics): string =>
  printExposition(mergeSamples(parseExposition(text), samplesOf(run)), metricHelp);

/** Writes a run's metrics into a file beside those of others. @throws UserError where it can't be written */
export const writeMetrics = (file: string, run: RunMetrics): Promise<void> =>
  rewriteShared(file, (text) => withRun(text, run));

/** The same for a command that goes on whatever comes of it. */
export const noteMetrics = (file: string, run: RunMetrics): Promise<void> =>
  writeMetrics(file, run).catch((error: unknown) => remark(messageOf(error)));

/** Metrics of one text with those of another in the place of the same. */
export const metricsText = (text: string, newer: string): string =>
  printExposition(mergeSamples(parseExposition(text), parseExposition(newer)), metricHelp);
