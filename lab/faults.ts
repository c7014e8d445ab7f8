import type { LoggedCall } from "./log";

/** A call that goes wrong: its answer is replaced, or its connection dropped before or after the effect. */
export interface CallFault {
  system: LoggedCall["system"];
  /** A regular expression on `METHOD path`, the path as the lab's call log has it. */
  call: string;
  how: "drop before" | "drop after" | "status";
  /** For `status`: the code of the answer, given before any effect. */
  status?: number;
  /** How often; once where it is left out. */
  times?: number;
}

/** A call has arrived and did nothing yet, or has done all and was not answered. */
export type Moment = "arrived" | "done";

/** The calls that are to go wrong, in the order in which they were asked for. */
export class Faults {
  private rules: CallFault[] = [];
  /** Sees every call at both moments: true drops its connection there, a number is its status before any effect. */
  watch?: (system: CallFault["system"], call: string, moment: Moment) => boolean | number;

  /** What becomes of this call at this moment. */
  at(system: CallFault["system"], method: string, path: string, moment: Moment): boolean | number {
    return this.watch?.(system, `${method} ${path}`, moment) ?? false;
  }

  add(rule: CallFault): void {
    this.rules.push({ times: 1, ...rule });
  }

  clear(): void {
    this.rules = [];
  }

  /** The fault of this call, used up by it. */
  take(system: CallFault["system"], method: string, path: string): CallFault | undefined {
    const found = this.rules.find(
      (rule) => rule.system === system && (rule.times ?? 0) > 0 && new RegExp(rule.call).test(`${method} ${path}`),
    );
    if (found) found.times = (found.times ?? 0) - 1;
    return found;
  }
}
