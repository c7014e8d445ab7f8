import type { ProxmoxCaller } from "./access";
import type { Cluster } from "./cluster";
import { die, parameterErrors } from "./errors";
import type { Values } from "./schema/parameters";

/** The lab's list of OS templates (`pveam available`): what a node shows of each. */
const list = [
  ["alpine", "alpine-3.22-default_20250617_amd64.tar.xz", "20250617", "A lightweight distribution"],
  ["debian-12-standard", "debian-12-standard_12.7-1_amd64.tar.zst", "12.7-1", "Debian 12 Bookworm (standard)"],
  ["debian-12-standard", "debian-12-standard_12.12-1_amd64.tar.zst", "12.12-1", "Debian 12 Bookworm (standard)"],
  ["debian-13-standard", "debian-13-standard_13.1-2_amd64.tar.zst", "13.1-2", "Debian 13 Trixie (standard)"],
] as const;

/** GET …/aplinfo. */
export const appliances = (): Values[] =>
  list.map(([name, template, version, headline]) => ({
    package: name,
    template,
    version,
    headline,
    type: "lxc",
    section: "system",
    architecture: "amd64",
    os: template.split("_")[0] ?? "",
    source: "http://download.proxmox.com/images",
  }));

/** POST …/aplinfo: the lab makes up what it downloads. */
export function fetchAppliance(
  cluster: Cluster,
  node: string,
  { storage, template }: Values,
  { authId }: ProxmoxCaller,
): string {
  const found = list.find(([, name]) => name === template);
  if (found === undefined) parameterErrors({ template: "no such template" });
  const volid = `${storage}:vztmpl/${template}`;
  const config = cluster.storages.enabled(node, String(storage));
  if (!config.content.split(",").includes("vztmpl")) die(`storage '${storage}' does not support templates`);
  return cluster.tasks.run(node, "download", String(template), authId, async ({ log }) => {
    log(`downloading http://download.proxmox.com/images/system/${template} to ${storage}`);
    const size = 126_515_062;
    cluster.storages.add(node, {
      volid,
      storage: String(storage),
      content: "vztmpl",
      format: "tzst",
      size,
      filled: size,
    });
    log("download finished: 100 %");
  });
}
