import type { Command } from "commander";
import { isByQuality } from "../guests";
import {
  createSnapshots,
  deleteSnapshots,
  listSnapshots,
  lossesOf,
  printLoss,
  printSnapshotResults,
  printSnapshots,
  rollBack,
  type SnapshotResult,
} from "../snapshots";
import { remark, show } from "../terminal";
import { changing, chosen, decided, type GuestOptions, looked, resultColours, selecting, withGuests } from "./choosing";

const list = (named: string[], options: GuestOptions) =>
  withGuests(options, async ({ read }) => {
    const { snapshots: all, problems } = await listSnapshots(looked(named, options, read, false));
    for (const problem of problems) remark(problem);
    if (problems.length > 0) process.exitCode = 1;
    show(all, options.json, () => printSnapshots(all, Date.now() / 1000));
  });

function showResults(results: SnapshotResult[], what: string, json: boolean): void {
  show(results, json, () => printSnapshotResults(results, what).map(resultColours));
  if (results.some(({ result }) => result === "failed")) process.exitCode = 1;
}

const createSnapshot = (
  name: string,
  named: string[],
  options: GuestOptions & { description?: string; ram?: boolean },
) =>
  withGuests(options, async ({ read }) => {
    const { description = "", ram = false, json = false } = options;
    showResults(await createSnapshots(chosen(named, options, read).guests, name, { description, ram }), "taken", json);
  });

const rollbackSnapshot = (name: string, named: string[], options: GuestOptions & { start?: boolean }) =>
  withGuests(options, async ({ read }) => {
    const { yes = false, start = false, json = false, dryRun = false } = options;
    const losses = await lossesOf(chosen(named, options, read).guests, name);
    const told = losses.flatMap((loss) => printLoss(loss, Date.now() / 1000));
    // What is lost is no result, but it has to be seen.
    for (const line of told) remark(line);
    if (dryRun) return;
    await decided(`Roll ${losses.length} ${losses.length === 1 ? "guest" : "guests"} back?`, yes);
    showResults(await rollBack(losses, start), "rolled back to", json);
  });

const deleteSnapshot = (name: string, named: string[], options: GuestOptions) =>
  withGuests(options, async ({ read }) => {
    const { yes = false, json = false } = options;
    const { guests, selection } = chosen(named, options, read);
    if (isByQuality(selection)) await decided(`Delete ${name} of ${guests.length} guests?`, yes);
    showResults(await deleteSnapshots(guests, name), "deleted", json);
  });

export function addSnapshots(program: Command): void {
  const snapshot = program.command("snapshot").description("snapshots of guests");
  selecting(snapshot.command("list")).description("lists them").action(list);
  changing(snapshot.command("create").argument("<name>"))
    .description("takes one of each guest")
    .option("--description <text>", "what it is for")
    .option("--ram", "with the memory of running virtual machines, which go on from there")
    .action(createSnapshot);
  changing(snapshot.command("rollback").argument("<name>"))
    .description("brings guests back to one; says what is lost, and asks")
    .option("--start", "starts them then")
    .option("--dry-run", "only says what would be lost")
    .action(rollbackSnapshot);
  changing(snapshot.command("delete").argument("<name>"))
    .description("deletes one of each guest")
    .action(deleteSnapshot);
}
