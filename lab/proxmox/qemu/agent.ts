import type { Cluster } from "../cluster";
import { die } from "../errors";
import type { Value, Values } from "../schema/parameters";
import { cards } from "./net";
import { parseVmOption, type Vm } from "./vm";

/** Whether a guest's agent answers. */
export const agentRuns = (cluster: Cluster, vm: Vm): boolean =>
  vm.agentEnabled && cluster.booted(vm) && !cluster.agentless.has(vm.vmid);

/** @throws PVE's text where no agent can answer */
function needAgent(cluster: Cluster, vm: Vm): void {
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

/** The link-local address that a MAC makes. */
function linkLocal(mac: string): string {
  const bytes = mac.split(":").map((byte) => Number.parseInt(byte, 16));
  const eui = [(bytes[0] ?? 0) ^ 2, bytes[1], bytes[2], 0xff, 0xfe, bytes[3], bytes[4], bytes[5]];
  const hex = (n: number) => (((eui[n] ?? 0) << 8) | (eui[n + 1] ?? 0)).toString(16);
  return `fe80::${hex(0)}:${hex(2)}:${hex(4)}:${hex(6)}`;
}

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
  "guest-ping guest-info guest-get-osinfo guest-get-host-name guest-network-get-interfaces guest-exec guest-exec-status guest-fsfreeze-freeze guest-fsfreeze-thaw guest-fsfreeze-status guest-shutdown guest-get-fsinfo guest-get-time guest-set-user-password".split(
    " ",
  );

const results: Record<string, (vm: Vm) => unknown> = {
  ping: () => ({}),
  info: () => ({
    version: "10.0.13",
    supported_commands: commands.map((name) => ({ name, enabled: true, "success-response": true })),
  }),
  "get-host-name": (vm) => ({ "host-name": vm.text("name") ?? `VM${vm.vmid}` }),
  "get-osinfo": () => ({
    machine: "x86_64",
    "kernel-release": "6.12.107+deb13-cloud-amd64",
    "kernel-version": "#1 SMP PREEMPT_DYNAMIC Debian 6.12.107-1 (2026-08-29)",
  }),
  "network-get-interfaces": interfaces,
};

/** What the agent answers to a command without parameters. */
export function askAgent(cluster: Cluster, vm: Vm, command: string): Record<string, unknown> {
  needAgent(cluster, vm);
  return { result: results[command]?.(vm) };
}

/** The programs that the lab's guests have. */
const programs: Record<string, (vm: Vm, words: string[]) => string> = {
  hostname: (vm) => `${vm.text("name") ?? `VM${vm.vmid}`}\n`,
  uname: () => "Linux\n",
  echo: (_, args) => `${args.join(" ")}\n`,
  true: () => "",
};

export function execInGuest(cluster: Cluster, vm: Vm, command: Value): Values {
  needAgent(cluster, vm);
  const [path = "", ...args] = String(command).split("\0");
  const program = programs[path.split("/").pop() ?? ""];
  if (program === undefined)
    return die(
      `Agent error: Guest agent command failed, error was 'Failed to execute child process “${path}” (No such file or directory)'`,
    );
  const pid = 190 + vm.executed.size * 2;
  const output = program(vm, args);
  vm.executed.set(pid, {
    exited: 1,
    exitcode: 0,
    ...(output === "" ? {} : { "out-data": output, "out-truncated": 0 }),
  });
  return { pid };
}

export function execStatusOf(cluster: Cluster, vm: Vm, pid: Value): Values {
  needAgent(cluster, vm);
  return vm.executed.get(Number(pid)) ?? die(`Agent error: PID ${pid} does not exist`);
}
