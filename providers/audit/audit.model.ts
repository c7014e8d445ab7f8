import { z } from "zod";

/** What one run changes of who may do what. It holds nothing that moves from run to run: time and run are found out when it is written. */
export const auditInputs = z.object({
  /** A line each; none in a run that changes nothing. */
  changes: z.array(z.string()),
  /** The record as the stack's outputs had it, for the first run that writes it here. */
  earlier: z.array(z.string()).optional(),
});

export const auditState = auditInputs.omit({ earlier: true }).extend({
  /** `2026-11-26T06:04:44Z RUN: CHANGE`, the newest last. */
  lines: z.array(z.string()),
});

export type AuditInputs = z.infer<typeof auditInputs>;
export type AuditState = z.infer<typeof auditState>;

const longest = 100;

/** The record with what a run changes. @param run a link to it, or `USER@HOST` */
export function recorded(lines: readonly string[], changes: readonly string[], run: string, now: Date): string[] {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  return [...lines, ...changes.map((change) => `${time} ${run}: ${change}`)].slice(-longest);
}

/** Who runs this, as pipelines and shells say it: a link to the run, or `USER@HOST`. */
export function runOf(env: Readonly<Record<string, string | undefined>>, user: string, host: string): string {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID, CI_JOB_URL, BUILD_URL } = env;
  if (GITHUB_SERVER_URL && GITHUB_REPOSITORY && GITHUB_RUN_ID)
    return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
  return CI_JOB_URL || BUILD_URL || `${user}@${host}`;
}
