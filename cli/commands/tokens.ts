import type { Command } from "commander";
import { UserError } from "../../providers/errors";
import { secondsOf } from "../../stacks/access/desired/rotation";
import { duration } from "../../stacks/duration";
import type { StackChoice } from "../configuration";
import { noteMetrics } from "../metrics";
import { tell, tokenNotice } from "../notify";
import { withContext, withJson, withStack } from "../options";
import { say, show } from "../terminal";
import { auditOf, inventoryOf, listTokens, needsCare, printTokens } from "../tokens";

interface TokensOptions extends StackChoice {
  within: string;
  usage?: boolean;
  json?: boolean;
  notify?: boolean;
  metrics?: string;
}

/** Lists tokens; exits with 3 where somebody has to look after one. */
async function list(options: TokensOptions): Promise<void> {
  const { within, usage = false, json = false, notify = false, metrics, ...stack } = options;
  const began = Date.now();
  const { stack: name } = stack;
  if ((notify || metrics !== undefined) && name === undefined)
    throw new UserError("--notify and --metrics are of a stack: name it with --stack.");
  if (!duration.safeParse(within).success)
    throw new UserError(`--within ${within}: write minutes, hours or days, like 7d.`);
  await withContext({ ...stack, needsProxmox: false, needsNetbox: false }, async ({ context, connections }) => {
    if (Object.keys(connections.proxmox).length === 0 && connections.netbox === undefined)
      throw new UserError("No Proxmox VE cluster and no NetBox is configured: name a stack with --stack.");
    const known = stack.stack === undefined ? {} : await inventoryOf(stack.stack);
    const now = Math.floor(Date.now() / 1000);
    const tokens = await listTokens(context, { known, usage, within: secondsOf(within), now });
    show(tokens, json, () => [printTokens(tokens, { usage, now })]);
    const waiting = tokens.filter(needsCare);
    if (name !== undefined && metrics !== undefined)
      await noteMetrics(metrics, {
        ...{ stack: name, program: "access", operation: "tokens", succeeded: true, tokensDue: waiting.length },
        endedAt: now,
        duration: (Date.now() - began) / 1000,
      });
    if (waiting.length === 0) return;
    if (!json)
      say(
        `${waiting.length} of ${tokens.length} ${waiting.length === 1 ? "needs" : "need"} care: ${waiting.map(({ token, state }) => `${token} (${state})`).join(", ")}`,
      );
    if (name !== undefined && notify)
      await tell(
        { ...stack, stack: name },
        tokenNotice(
          name,
          waiting.map(({ token, state }) => `${token} (${state})`),
        ),
      );
    process.exitCode = 3;
  });
}

/** Prints the record of an access stack. */
async function audit({ stack, json = false }: { stack: string; json?: boolean }): Promise<void> {
  show(await auditOf(stack), json, (lines) => lines);
}

export function addTokens(program: Command): void {
  const command = withStack(
    program.command("tokens"),
    "the access stack, whose rotation is looked after; else the environment alone",
  )
    .description(
      "lists every API token of Proxmox VE and NetBox; exits with 3 where one is due for rotation, expires or has expired",
    )
    .option("--within <time>", "what expires within it is told, like 7d", "7d")
    .option("--notify", "tells the stack's channels where one needs care (docs/notifications.md)")
    .option("--metrics <file>", "writes a file for Prometheus (docs/schedules.md)")
    .option("--usage", "shows when each was used last: from the nodes' task logs, and from NetBox");
  withJson(command).action(list);
  const record = program
    .command("audit")
    .description("prints who was granted what on Proxmox VE and in NetBox, by which run: the last hundred changes")
    .requiredOption("-s, --stack <name>", "the access stack");
  withJson(record).action(audit);
}
