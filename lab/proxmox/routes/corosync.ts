import { die } from "../errors";
import { none } from "../schema/cluster";
import { type MethodParameters, required, text } from "../schema/parameters";
import { perm, type Route, type RouteCall, route } from "./route";

// What a cluster of several nodes says of corosync, and its nodes of their services.

const reads = perm("/", "Sys.Audit");
const readsNode = perm("/nodes/{node}", "Sys.Audit");
const names = (list: string) => () => list.split(" ").map((name) => ({ name }));

/** @throws as a node that is in no cluster */
const clustered =
  (answer: (call: RouteCall) => unknown) =>
  (call: RouteCall): unknown =>
    call.cluster.nodes.size > 1 ? answer(call) : die("node is not in a cluster, no join info available!");

const totem = ({ cluster }: RouteCall) => ({
  cluster_name: cluster.name,
  config_version: String(cluster.nodes.size),
  interface: { 0: { linknumber: "0" } },
  ip_version: "ipv4-6",
  link_mode: "passive",
  secauth: "on",
  token_coefficient: "125",
  version: "2",
});

const members = ({ cluster }: RouteCall) =>
  [...cluster.nodes.keys()].map((name, n) => ({
    name,
    nodeid: String(n + 1),
    quorum_votes: "1",
    ring0_addr: cluster.address(name),
  }));

/** The services of a node that the API knows, each with what systemd calls it. */
const services: Record<string, string> = {
  chrony: "chrony, an NTP client/server",
  corosync: "Corosync Cluster Engine",
  cron: "Regular background program processing daemon",
  ksmtuned: "Kernel Samepage Merging (KSM) Tuning Daemon",
  lxcfs: "FUSE filesystem for LXC",
  postfix: "Postfix Mail Transport Agent",
  "proxmox-firewall": "Proxmox nftables firewall",
  "pve-cluster": "The Proxmox VE cluster filesystem",
  "pve-firewall": "Proxmox VE firewall",
  "pve-ha-crm": "PVE Cluster HA Resource Manager Daemon",
  "pve-ha-lrm": "PVE Local HA Resource Manager Daemon",
  "pve-lxc-syscalld": "Proxmox VE LXC Syscall Daemon",
  pvedaemon: "PVE API Daemon",
  "pvefw-logger": "Proxmox VE firewall logger",
  pveproxy: "PVE API Proxy Server",
  pvescheduler: "Proxmox VE scheduler",
  pvestatd: "PVE Status Daemon",
  qmeventd: "PVE Qemu Event Daemon",
  spiceproxy: "PVE SPICE Proxy Server",
  sshd: "OpenBSD Secure Shell server",
  syslog: "System Logging Service",
  "systemd-journald": "Journal Service",
  "systemd-timesyncd": "Network Time Synchronization",
};
const serviceParameters: MethodParameters = { service: required(text({ values: Object.keys(services) })) };

/** Every service of a lab's node runs. */
const stateOf = (service: string) => ({
  service,
  name: service,
  desc: services[service],
  state: "running",
  "active-state": "active",
  "unit-state": "enabled",
});

export const corosyncRoutes: Route[] = [
  route("GET", "/cluster/config", none, reads, names("nodes totem join qdevice apiversion")),
  route("GET", "/cluster/config/nodes", none, reads, (call) =>
    call.cluster.nodes.size > 1 ? members(call).map((member) => ({ ...member, node: member.name })) : [],
  ),
  route("GET", "/cluster/config/totem", none, reads, (call) => (call.cluster.nodes.size > 1 ? totem(call) : {})),
  route("GET", "/cluster/config/qdevice", none, reads, () => ({})),
  route("GET", "/cluster/config/apiversion", none, reads, () => 1),
  route(
    "GET",
    "/cluster/config/join",
    { node: text() },
    reads,
    clustered((call) => ({
      config_digest: "0".repeat(40),
      nodelist: members(call).map((member) => ({
        ...member,
        pve_addr: member.ring0_addr,
        pve_fp: call.cluster.fingerprint,
      })),
      preferred_node: call.cluster.local,
      totem: totem(call),
    })),
  ),
  route("GET", "/cluster/metrics/server", none, reads, () => []),
  route("GET", "/nodes/{node}/services", none, readsNode, () => Object.keys(services).map(stateOf)),
  route("GET", "/nodes/{node}/services/{service}", serviceParameters, readsNode, () =>
    "state start stop restart reload".split(" ").map((subdir) => ({ subdir })),
  ),
  route("GET", "/nodes/{node}/services/{service}/state", serviceParameters, readsNode, ({ params }) =>
    stateOf(String(params.service)),
  ),
  route("GET", "/nodes/{node}/capabilities/qemu/migration", none, readsNode, () => ({ "has-dbus-vmstate": true })),
];
