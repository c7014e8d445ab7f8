import { closeSync, openSync, readSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Cluster } from "../proxmox/cluster";
import { die, PveError } from "../proxmox/errors";
import { imageFormat, virtualSize } from "../proxmox/images";
import { invoke, match } from "../proxmox/routes";
import { shortestSize } from "../proxmox/sizes";

/** How a command of a node ended, and what it printed. */
export interface Printed {
  code: number;
  stdout: string;
  stderr: string;
}

const root = { authId: "root@pam", byToken: false };

/** `--key value` and `--key=value` beside the words that stand alone. */
export function commandLineOptions(args: string[]): { words: string[]; options: Record<string, string> } {
  const words: string[] = [];
  const options: Record<string, string> = {};
  for (let n = 0; n < args.length; n++) {
    const arg = args[n] ?? "";
    const [, key = "", , value] = /^--?([\w-]+)(=(.*))?$/s.exec(arg) ?? [];
    if (key === "") words.push(arg);
    else if (value !== undefined) options[key] = value;
    else options[key] = args[++n] ?? "1";
  }
  return { words, options };
}

/** A method of the API as root calls it on the node, and its task to the end. @returns what it printed */
export async function call(
  cluster: Cluster,
  method: string,
  path: string,
  sent: Record<string, string> = {},
): Promise<{ data: unknown; log: string[] }> {
  const data = await invoke(cluster, root, match(method, path), sent);
  const task = typeof data === "string" ? cluster.tasks.find(data) : undefined;
  if (task === undefined) return { data, log: [] };
  await task.done;
  if (task.exitstatus !== "OK" && !task.exitstatus?.startsWith("WARNINGS")) die(task.exitstatus ?? "unknown");
  return { data, log: task.log.filter((line) => !line.startsWith("TASK ")) };
}

/** What a command prints where it fails, as PVE's command-line tools do. */
export async function printed(work: () => Promise<string[]>): Promise<Printed> {
  try {
    const lines = await work();
    return { code: 0, stdout: lines.map((line) => `${line}\n`).join(""), stderr: "" };
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    const { message, errors = {} } = error;
    const details = Object.entries(errors).map(([name, text]) => `${name}: ${String(text).trim()}\n`);
    return {
      code: details.length > 0 ? 255 : 2,
      stdout: "",
      stderr: details.length > 0 ? `400 ${message}\n${details.join("")}` : `${message}\n`,
    };
  }
}

/** `qm`, as far as templates are made with it. */
export function qm(cluster: Cluster, node: string, args: string[], cwd: string): Promise<Printed> {
  const [command = "", ...rest] = args[0] === "disk" ? [`disk ${args[1]}`, ...args.slice(2)] : args;
  const { words, options } = commandLineOptions(rest);
  const [vmid = ""] = words;
  const path = `/nodes/${node}/qemu`;
  const own = `${path}/${vmid}`;
  return printed(async () => {
    switch (command) {
      case "config":
        return Object.entries(Object((await call(cluster, "GET", `${own}/config`)).data))
          .filter(([key]) => key !== "digest")
          .map(([key, value]) => `${key}: ${String(value).replaceAll("\n", "%0A")}`)
          .sort();
      case "status":
        return [`status: ${cluster.vm(node, Number(vmid)).running ? "running" : "stopped"}`];
      case "create":
        return (await call(cluster, "POST", path, { vmid, ...options })).log;
      case "set":
        return (await call(cluster, "POST", `${own}/config`, options)).log;
      case "template":
        return (await call(cluster, "POST", `${own}/template`)).log;
      case "destroy":
        return (await call(cluster, "DELETE", own, options)).log;
      case "disk import":
      case "importdisk":
        return importDisk(cluster, node, words, options.format, cwd);
      default:
        return die(`ERROR: unknown command 'qm ${command}'`);
    }
  });
}

/** Makes a volume of an image file, and keeps it as the guest's first unused disk. */
function importDisk(
  cluster: Cluster,
  node: string,
  words: string[],
  format: string | undefined,
  cwd: string,
): string[] {
  const [vmid = "", file = "", storage = ""] = words;
  const vm = cluster.vm(node, Number(vmid));
  const image = resolve(cwd, file);
  const length =
    statSync(image, { throwIfNoEntry: false })?.size ?? die(`error parsing arguments: file '${file}' does not exist`);
  cluster.storages.usable(node, storage, "images");
  const head = Buffer.alloc(32);
  const opened = openSync(image, "r");
  readSync(opened, head, 0, 32, 0);
  closeSync(opened);
  const size = virtualSize(head, length);
  if (size === 0) die(`qemu-img: ${image}: the image is empty`);
  const log = [`importing disk '${file}' to VM ${vmid} ...`];
  const wanted = { storage, vmid: vm.vmid, size, filled: length, format: format ?? imageFormat(image) };
  const { volid } = cluster.storages.allocate(node, wanted, (line) => log.push(line));
  log.push(`transferred ${shortestSize(size)} of ${shortestSize(size)} (100.00%)`);
  vm.keepUnused(volid);
  return [...log, `unused0: successfully imported disk '${volid}'`];
}
