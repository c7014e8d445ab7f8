import type { z } from "zod";
import type { ShellStep } from "../ssh/shell";

/** A service in a container of its own: what is done there, and how it is asked. Pure: nothing here runs anything. */
export interface Service<S extends z.ZodType = z.ZodType, X extends z.ZodType = z.ZodType> {
  title: string;
  settings: S;
  secrets: X;
  /** In this order; each may be run any number of times. */
  steps(settings: z.output<S>, secrets: z.output<X>): ServiceStep[];
  /** Prints `key=value` lines: `files` is `yes`, and every unit `active`, while it is as it was made. */
  probe(settings: z.output<S>): ShellStep;
}

/** A step inside the container; or, with `from`, what another container's step prints goes to this one's standard input. */
export interface ServiceStep extends ShellStep {
  from?: { vmid: number; script: string; args: string[] };
  /** Seconds, where it may take longer than the usual. */
  deadline?: number;
}
