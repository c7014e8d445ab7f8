import type { Command } from "commander";
import { UserError } from "../../providers/errors";
import { displayName, isByQuality, placeName } from "../guests";
import { numberOf } from "../options";
import { disturbs, type PowerAction, powerActions, powerAll, printPower } from "../power";
import { printList, printStatus, statusOf, watch } from "../status";
import { show } from "../terminal";
import { changing, chosen, decided, type GuestOptions, looked, resultColours, selecting, withGuests } from "./choosing";

const list = (named: string[], options: GuestOptions) =>
  withGuests(options, async ({ read }) => {
    const shown = looked(named, options, read, true).map((guest) => statusOf(guest));
    show(shown, options.json, (all) => printList(all, read.silent));
  });

interface StatusOptions extends GuestOptions {
  watch?: boolean;
  interval: string;
  count?: string;
}

const status = (named: string[], options: StatusOptions) =>
  withGuests(options, async ({ read }) => {
    const { json = false, count } = options;
    const interval = numberOf("interval", options.interval);
    const looks = count === undefined ? undefined : numberOf("count", count, { whole: true });
    const guests = looked(named, options, read, false);
    if (options.watch) return watch(guests, { interval, count: looks, json });
    const shown = guests.map((guest) => statusOf(guest));
    show(shown, json, printStatus);
  });

interface PowerCommandOptions extends GuestOptions {
  record?: boolean;
}

const power = (action: PowerAction) => (named: string[], options: PowerCommandOptions) =>
  withGuests(options, async ({ context, read }) => {
    const { json = false, record = false, yes = false, dryRun = false } = options;
    const { guests, selection } = chosen(named, options, read);
    if (record && (!context.hasNetbox || read.problems.some((problem) => problem.startsWith("NetBox"))))
      throw new UserError("--record needs a NetBox that answers: nothing was done.");
    const parallel = numberOf("parallel", options.parallel ?? "4", { whole: true });
    if (dryRun) {
      show(
        guests.map((guest) => statusOf(guest)),
        json,
        () => guests.map((guest) => `would ${action}  ${displayName(guest)} (${placeName(guest)}, ${guest.status})`),
      );
      return;
    }
    // Who names guests one by one has chosen them; who names a quality may be surprised by what has it.
    if (disturbs(action) && isByQuality(selection)) {
      const few = guests.slice(0, 10).map(displayName).join(", ");
      const more = guests.length > 10 ? ` and ${guests.length - 10} more` : "";
      await decided(`${action} ${guests.length} ${guests.length === 1 ? "guest" : "guests"}: ${few}${more}?`, yes);
    }
    const results = await powerAll(context, guests, action, { record, parallel });
    show(results, json, () => printPower(results, action).map(resultColours));
    if (results.some(({ result, netbox }) => result === "failed" || netbox?.error !== undefined)) process.exitCode = 1;
  });

export function addGuests(program: Command): void {
  selecting(program.command("list")).description("lists guests, on every cluster").action(list);
  selecting(program.command("status"))
    .description("what guests do: CPU, memory, disk, uptime, locks")
    .option("-w, --watch", "again and again, with disk and network traffic: one request a cluster and interval")
    .option("--interval <seconds>", "between two looks", "2")
    .option("--count <looks>", "ends after so many")
    .action(status);
  const what: Record<PowerAction, string> = {
    start: "switches guests on",
    stop: "switches guests off at once, as if by their plugs",
    shutdown: "asks guests to shut down, and waits for them",
    reboot: "asks guests to restart, and waits for them",
    suspend: "pauses guests; their memory stays where it is",
    resume: "lets paused guests go on",
  };
  for (const action of powerActions) {
    const command = changing(program.command(action))
      .description(what[action])
      .option("--record", "writes the status to NetBox too; else the next `up` would undo this")
      .option("--parallel <guests>", "of a cluster at once", "4")
      .option("--dry-run", "only shows which");
    if (action === "shutdown" || action === "reboot")
      command.option("--timeout <seconds>", "for a guest to follow; else the cluster's shutdownTimeout");
    command.action(power(action));
  }
}
