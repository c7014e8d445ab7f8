import type { Command } from "commander";
import { UserError } from "../../providers/errors";
import { secondsOf } from "../../stacks/access/desired/rotation";
import { duration } from "../../stacks/duration";
import type { StackChoice } from "../configuration";
import { withContext, withJson, withStack } from "../options";
import { say, show } from "../terminal";
import { inventoryOf, listTokens, needsCare, printTokens } from "../tokens";

interface TokensOptions extends StackChoice {
  within: string;
  usage?: boolean;
  json?: boolean;
}

/** Lists tokens; exits with 3 where somebody has to look after one. */
async function list({ within, usage = false, json = false, ...stack }: TokensOptions): Promise<void> {
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
    if (waiting.length === 0) return;
    if (!json)
      say(
        `${waiting.length} of ${tokens.length} ${waiting.length === 1 ? "needs" : "need"} care: ${waiting.map(({ token, state }) => `${token} (${state})`).join(", ")}`,
      );
    process.exitCode = 3;
  });
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
    .option("--usage", "shows when each was used last: from the nodes' task logs, and from NetBox");
  withJson(command).action(list);
}
