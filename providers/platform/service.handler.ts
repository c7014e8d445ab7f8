import { context } from "../context";
import { UserError } from "../errors";
import { keepSecret } from "../http/redact";
import { Progress } from "../progress";
import { handle } from "../resource";
import { lackingCommand } from "../ssh/remedies";
import type { Shell } from "../ssh/shell";
import { containerService } from "./containerservice";
import type { ServiceStep } from "./service";
import { observedFrom, type ServiceInputs } from "./service.model";
import { serviceOf } from "./services";

/** A service in a container: every step is run again, and does what is missing. It goes with its container. */
export const serviceHandler = handle(containerService, {
  create: async (wanted) => ({
    id: `${wanted.cluster}/${wanted.vmid}/${wanted.service}`,
    state: await setUp(wanted),
  }),
  read: async (known) => ({ ...known, observed: await look(known) }),
  update: (_known, wanted) => setUp(wanted),
  delete: async () => {},
});

const titleOf = ({ vmid, node, cluster, service, settings, secrets }: ServiceInputs): string =>
  `${serviceOf({ service, settings, secrets }).title} (CT ${vmid} on ${node} of ${cluster})`;

async function setUp(wanted: ServiceInputs) {
  for (const secret of Object.values(wanted.secrets)) if (typeof secret === "string") keepSecret(secret);
  const shell = context().shell(wanted.cluster, wanted.node);
  const progress = new Progress(titleOf(wanted));
  for (const step of serviceOf(wanted).steps()) {
    progress.step(step.title);
    await inContainer(shell, wanted, step);
  }
  return { ...wanted, observed: await look(wanted) };
}

/** Runs a step in the container; one that reads from another container gets what that one's step prints. */
async function inContainer(shell: Shell, { vmid }: ServiceInputs, step: ServiceStep): Promise<string> {
  const { title, script, args = [], stdin = "", from, deadline = 1800 } = step;
  const there = ["sh", "-euc", `cd /\n${script}`, "sh", ...args];
  const running = { deadline };
  const what = `${title} in CT ${vmid}`;
  if (from === undefined)
    return shell.run({ title: what, script: exec, args: [lockOf(shell, vmid), vmid, ...there], stdin }, running);
  const archive = `${shell.folder}/ct-${vmid}.tar`;
  const source = ["sh", "-euc", from.script, "sh", ...from.args];
  await shell.run({ title: what, script: writes, args: [archive, from.vmid, ...source] }, running);
  return shell.run({ title: what, script: reads, args: [archive, vmid, ...there] }, running);
}

const lockOf = ({ folder }: Shell, vmid: number): string => `${folder}/ct-${vmid}.lock`;

/**
 * $1 a lock file on the node, $2 the container, then the words of a command. What a run that was cut off still does there is
 * waited for; what is in a container begins a while after it does.
 */
const exec = `
mkdir -p "$(dirname "$1")"
exec 9>"$1"
flock -w 7200 9
vmid=$2; shift 2
for n in $(seq 60); do
  # What is on standard input is the command's.
  case "$(pct exec "$vmid" -- systemctl is-system-running 2>/dev/null </dev/null)" in running | degraded) break ;; esac
  sleep 0.5
done
exec pct exec "$vmid" -- "$@"
`;

/** $1 a file on the node, $2 the container, then the words of a command that writes it. */
const writes = `
umask 077
mkdir -p "$(dirname "$1")"
archive=$1 vmid=$2; shift 2
pct exec "$vmid" -- "$@" > "$archive.part" </dev/null
mv "$archive.part" "$archive"
`;

/** The same, then the words of a command that reads it. */
const reads = `
archive=$1 vmid=$2; shift 2
pct exec "$vmid" -- "$@" < "$archive"
rm -f "$archive"
`;

async function look(wanted: ServiceInputs): Promise<Record<string, string>> {
  const { cluster, node, vmid } = wanted;
  const shell = context().shell(cluster, node);
  const { script, args = [] } = serviceOf(wanted).probe();
  const { code, stdout, stderr } = await shell.attempt({
    script: exec,
    args: [lockOf(shell, vmid), vmid, "sh", "-euc", script, "sh", ...args],
  });
  if (code === 0) return observedFrom(stdout);
  if (/not running|does not exist|no such/i.test(stderr)) return { container: "missing" };
  const said = lackingCommand(code, stderr) ?? `${stderr.trim().split("\n").pop() ?? ""} (exit status ${code})`;
  throw new UserError(`Unable to look at ${titleOf(wanted)}: ${said}.`);
}
