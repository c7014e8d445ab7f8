import { PlainError } from "../body";
import type { Cluster } from "../cluster";
import { die } from "../errors";
import { itemsOf, type Value, type Values } from "../schema/parameters";
import { hostnameOf, needAgent } from "./agent";
import { runProgram, type ShellGuest } from "./shell";
import type { Vm } from "./vm";

// Programs and files inside a guest, by way of its agent.

/** The folders of a guest that has just booted. */
const folders =
  "/ /bin /boot /dev /etc /home /lib /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /usr/bin /usr/lib /usr/local /usr/sbin /var /var/lib /var/log /var/tmp".split(
    " ",
  );
const folderOf = (file: string): string => file.replace(/\/[^/]*$/, "") || "/";

const machineOf = (vm: Vm): ShellGuest => ({
  hostname: hostnameOf(vm),
  read: (file) => {
    const content = file === "/etc/hostname" && !vm.files.has(file) ? `${hostnameOf(vm)}\n` : vm.files.get(file);
    return content;
  },
  write: (file, content) => vm.files.set(file, content),
});

/** POST …/agent/exec: the program runs on; its outcome is asked for by its process id. */
export function execInGuest(cluster: Cluster, vm: Vm, { command, "input-data": input = "" }: Values): Values {
  needAgent(cluster, vm);
  const outcome = runProgram(itemsOf(command), String(input), machineOf(vm));
  // The agent's text has curly quotes, on which the daemon that passes it on dies.
  if (outcome === undefined) throw new PlainError(596, "Broken pipe", "");
  const pid = 177 + vm.executed.size * 2;
  const { exitcode, out, err, took } = outcome;
  vm.executed.set(pid, {
    until: cluster.now() + took,
    exitcode,
    ...(out === "" ? {} : { "out-data": out, "out-truncated": 0 }),
    ...(err === "" ? {} : { "err-data": err, "err-truncated": 0 }),
  });
  return { pid };
}

export function execStatusOf(cluster: Cluster, vm: Vm, pid: Value): Values {
  needAgent(cluster, vm);
  const { until, ...outcome } = vm.executed.get(Number(pid)) ?? die("Agent error: PID ld does not exist");
  return Number(until) > cluster.now() ? { exited: 0 } : { exited: 1, ...outcome };
}

const noFile = (file: string, mode: string): never =>
  die(`Agent error: failed to open file '${file}' (mode: '${mode}'): No such file or directory`);

/** Bytes of a file that one answer holds. */
const readLimit = 16 * 1024 ** 2;

/** GET …/agent/file-read; `decode=0` leaves the content in base64. */
export function readInGuest(cluster: Cluster, vm: Vm, params: Values): Values {
  needAgent(cluster, vm);
  const { file, count = readLimit, decode, offset = 0 } = params;
  const path = String(file);
  const content = Buffer.from(machineOf(vm).read(path) ?? noFile(path, "r"), "latin1");
  const part = content.subarray(Number(offset), Number(offset) + Number(count));
  const isCut = Number(offset) + part.length < content.length;
  return {
    content: part.toString(decode === 0 ? "base64" : "latin1"),
    "bytes-read": part.length,
    ...(isCut ? { truncated: 1 } : {}),
  };
}

/** POST …/agent/file-write; with `encode=0` the content comes in base64. */
export function writeInGuest(cluster: Cluster, vm: Vm, { file, content, encode }: Values): null {
  needAgent(cluster, vm);
  const path = String(file);
  const isFolder = (folder: string) => folders.includes(folder);
  if (!isFolder(folderOf(path)) || isFolder(path)) noFile(path, "wb");
  const text = String(content);
  if (encode === 0 && !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text))
    die("Agent error: Base64 data contains invalid characters");
  const bytes = Buffer.from(text, encode === 0 ? "base64" : "utf8");
  vm.files.set(path, bytes.toString("latin1"));
  return null;
}

/** POST …/agent/set-user-password: the lab's guests have no program that could. */
export function setPasswordInGuest(cluster: Cluster, vm: Vm): never {
  needAgent(cluster, vm);
  return die(
    "Agent error: child process has failed to set user password: failed to exec 'chpasswd': No such file or directory\n",
  );
}
