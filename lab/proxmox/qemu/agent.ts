import type { Cluster } from "../cluster";
import { die } from "../errors";
import { linkLocal } from "../lxc/interfaces";
import { cards } from "./net";
import { haltVm } from "./power";
import { parseVmOption, type Vm } from "./vm";

/** Whether a guest's agent answers. */
export const agentRuns = (cluster: Cluster, vm: Vm): boolean =>
  vm.agentEnabled && cluster.booted(vm) && !cluster.agentless.has(vm.vmid);

/** @throws PVE's text where no agent can answer */
export function needAgent(cluster: Cluster, vm: Vm): void {
  if (!vm.running) die(`VM ${vm.vmid} is not running`);
  if (!vm.config.has("agent")) die("No QEMU guest agent configured");
  if (vm.paused || !agentRuns(cluster, vm)) die("QEMU guest agent is not running");
}

const noTraffic = Object.fromEntries(
  ["rx-bytes", "rx-dropped", "rx-errs", "rx-packets", "tx-bytes", "tx-dropped", "tx-errs", "tx-packets"].map((key) => [
    key,
    0,
  ]),
);

function addressOf(config: string | undefined): { "ip-address": string; "ip-address-type": string; prefix: number }[] {
  if (config === undefined || !config.includes("/")) return [];
  const [address = "", prefix = ""] = config.split("/");
  return [
    { "ip-address": address, "ip-address-type": address.includes(":") ? "ipv6" : "ipv4", prefix: Number(prefix) },
  ];
}

function interfaces(vm: Vm): unknown[] {
  const loopback = {
    name: "lo",
    "hardware-address": "00:00:00:00:00:00",
    "ip-addresses": [...addressOf("127.0.0.1/8"), ...addressOf("::1/128")],
    statistics: noTraffic,
  };
  const seen = cards(vm).map(({ n, card }) => {
    const { ip, ip6 } = parseVmOption("ipconfig0", String(vm.seeded.get(`ipconfig${n}`) ?? ""));
    const mac = (card.macaddr ?? "").toLowerCase();
    return {
      name: `eth${n}`,
      "hardware-address": mac,
      "ip-addresses": [...addressOf(ip), ...addressOf(ip6), ...addressOf(`${linkLocal(mac)}/64`)],
      statistics: noTraffic,
    };
  });
  return [loopback, ...seen];
}

const commands =
  `ping info get-osinfo get-host-name get-time get-timezone get-users get-vcpus get-fsinfo get-memory-blocks
  get-memory-block-info network-get-interfaces fstrim fsfreeze-freeze fsfreeze-thaw fsfreeze-status shutdown suspend-disk
  suspend-ram suspend-hybrid set-user-password exec exec-status file-open file-close file-read file-write`.split(/\s+/);

/** Bytes of the pieces in which a guest's memory can be switched off. */
const memoryBlock = 128 * 1024 ** 2;

/** The name that the guest gives itself: without a domain. */
export const hostnameOf = (vm: Vm): string => vm.text("name") ?? `VM${vm.vmid}`;

const cpusOf = (vm: Vm): number =>
  Number(vm.config.get("vcpus") ?? Number(vm.config.get("cores") ?? 1) * Number(vm.config.get("sockets") ?? 1));

const suspend = (): never => die("Agent error: the requested suspend mode is not supported by the guest");

/** Its root is in memory: there is no file system that could be frozen or trimmed. */
const results: Record<string, (vm: Vm, cluster: Cluster) => unknown> = {
  ping: () => ({}),
  info: () => ({
    version: "10.0.13",
    supported_commands: commands.map((name) => ({ name: `guest-${name}`, enabled: true, "success-response": true })),
  }),
  "get-host-name": (vm) => ({ "host-name": hostnameOf(vm) }),
  "get-osinfo": () => ({
    machine: "x86_64",
    "kernel-release": "6.12.107+deb13-cloud-amd64",
    "kernel-version": "#1 SMP PREEMPT_DYNAMIC Debian 6.12.107-1 (2026-08-29)",
  }),
  "get-time": (_, cluster) => cluster.now() * 1_000_000,
  "get-timezone": () => ({ zone: "UTC", offset: 0 }),
  "get-users": () => [],
  "get-vcpus": (vm) =>
    Array.from({ length: cpusOf(vm) }, (_, n) => ({ "logical-id": n, online: true, "can-offline": n > 0 })),
  "get-fsinfo": () => [],
  "get-memory-blocks": (vm) => {
    const count = Math.ceil((Number(vm.config.get("memory") ?? 512) * 1024 ** 2) / memoryBlock);
    return Array.from({ length: count }, (_, n) => ({ "phys-index": n, online: true, "can-offline": true }));
  },
  "get-memory-block-info": () => ({ size: memoryBlock }),
  "network-get-interfaces": interfaces,
  fstrim: () => ({ paths: [] }),
  "fsfreeze-freeze": () => 0,
  "fsfreeze-thaw": () => 0,
  "fsfreeze-status": () => "thawed",
  shutdown: (vm, cluster) => {
    haltVm(cluster, vm);
    return null;
  },
  "suspend-disk": suspend,
  "suspend-ram": suspend,
  "suspend-hybrid": suspend,
};

/** What the agent answers to a command without parameters. */
export function askAgent(cluster: Cluster, vm: Vm, command: string): Record<string, unknown> {
  needAgent(cluster, vm);
  return { result: results[command]?.(vm, cluster) };
}
