import { setTimeout as sleep } from "node:timers/promises";
import type { Faults } from "../faults";
import type { RequestLog } from "../log";
import type { Command, Ending } from "../ssh/server";
import { dig } from "./dig";
import { type LabNameServer, Nsupdate, type NsupdateResult } from "./nsupdate";

/** Words of a command line as sh splits it, single and double quotes taken off. */
function words(command: string): string[] {
  return [...command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"]+)+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, "$1$2"),
  );
}

/** What can be run on the lab's name server: nsupdate and dig. */
export class NameServerCommands {
  /** Milliseconds that an nsupdate takes. */
  latency = 0;

  constructor(
    private readonly nameServer: LabNameServer,
    private readonly log: RequestLog,
    private readonly faults: Faults,
  ) {}

  /** Nothing where a failure switch drops the connection instead of the answer. */
  readonly execute = async (command: Command): Promise<Ending> => {
    const [program = "", ...args] = words(command.line);
    const named = args.filter((arg) => !arg.startsWith("-")).join(" ");
    const entry = this.log.begin("bind9", program, named);
    const fault = this.faults.take("bind9", program, named);
    const script = program === "nsupdate" ? await command.stdin() : "";
    const watched = { n: entry.n, system: "bind9" as const, call: `${program} ${named}`, body: script };
    const before = this.faults.watch?.(watched, "arrived");
    if (before === "hold") return before;
    const stopped = fault?.how === "drop before" || before !== undefined;
    const result = stopped ? undefined : await this.run(program, args, script);
    entry.end(fault === undefined && result !== undefined ? result.code : 0);
    if (result === undefined) return undefined;
    const after = this.faults.watch?.(watched, "done");
    if (after === "hold") return after;
    if (fault?.how === "drop after" || after === "drop") return undefined;
    if (result.stderr) command.err(result.stderr);
    command.out(result.stdout);
    return result.code;
  };

  private async run(program: string, args: string[], script: string): Promise<NsupdateResult> {
    if (program === "nsupdate") {
      await sleep(this.latency);
      return Nsupdate.run(this.nameServer, args, script);
    }
    if (program === "dig") return dig(this.nameServer, args);
    return { code: 127, stdout: "", stderr: `sh: 1: ${program}: not found\n` };
  }
}
