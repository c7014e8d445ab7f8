import type { Cluster } from "../cluster";
import { die } from "../errors";
import type { Vm } from "./vm";

/** A mapped folder must be there on the VM's node. */
function checkFolder(cluster: Cluster, { node }: Vm, id: string): void {
  const mapped = cluster.mappings.on("dir", id, node);
  if (mapped === undefined) die(`Directory ID ${id} does not exist.`);
  if (mapped?.length === 0) die(`No directory mapping for node ${node}.`);
}

/** A mapped device must be there on the VM's node: the lab's nodes have none. */
function refuseDevice(cluster: Cluster, { node }: Vm, kind: "pci" | "usb", id: string): never {
  const name = kind.toUpperCase();
  const [mapped] = cluster.mappings.on(kind, id, node) ?? [];
  const { path = "", id: device = "" } = mapped ?? die(`${name} device mapping not found for '${id}'`);
  const missing = kind === "usb" ? `usb device '${path === "" ? device : path}'` : `pci device '${path.split(";")[0]}'`;
  return die(`${name} device mapping invalid (hardware probably changed): ${missing} not found`);
}

/** Mapped devices and folders of a VM that starts. */
export function checkMapped(cluster: Cluster, vm: Vm): void {
  for (const [option, value] of vm.config) {
    const [, kind] = /^(hostpci|usb|virtiofs)\d+$/.exec(option) ?? [];
    const [first = ""] = String(value).split(",");
    if (kind === "virtiofs") checkFolder(cluster, vm, first.replace(/^dirid=/, ""));
    const id = /(?:^|,)mapping=([^,]+)/.exec(String(value))?.[1];
    if (id !== undefined && (kind === "hostpci" || kind === "usb"))
      refuseDevice(cluster, vm, kind === "usb" ? "usb" : "pci", id);
  }
}
