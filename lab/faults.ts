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

/** A call as a watcher sees it, with its number in the lab's log and what it carries. */
export interface WatchedCall {
  n: number;
  system: LoggedCall["system"];
  /** `METHOD path`, or a program and its arguments. */
  call: string;
  body: string;
}

/** What is to become of it: nothing, its connection drops, its answer never comes, or this status before any effect. */
export type Fate = undefined | "drop" | "hold" | number;

/** The calls that are to go wrong, in the order in which they were asked for. */
export class Faults {
  private rules: CallFault[] = [];
  /** Sees every call at both moments. */
  watch?: (call: WatchedCall, moment: Moment) => Fate;

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
