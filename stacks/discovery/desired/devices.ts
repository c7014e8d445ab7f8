import { isRecord } from "../../../providers/values";
import { Prerequisites } from "../../netbox/prerequisites";
import { Machines } from "./machines";
import { nodeName } from "./names";
import { nodeArgs, nodeRole, nodeType } from "./nodes";
import { Reached } from "./types";
import { placeInVrfs, type VrfChoices } from "./vrfs";

/** Declares the nodes of a cluster as devices. @returns the names of those that are there, by node */
export function declareNodes(
  machines: Machines,
  view: Reached,
  prerequisites: Prerequisites,
  { cluster, declare, vrfs }: { cluster: string; declare: boolean; vrfs: VrfChoices },
): Map<string, string> {
  const { documented } = machines;
  const { settings, netbox, known } = machines.facts;
  const clusterRow = netbox.clusters.find((each) => each.name === view.name);
  const scope = clusterRow?.scope ?? clusterRow?.site;
  const home =
    isRecord(scope) && (clusterRow?.scope_type ?? "dcim.site") === "dcim.site" ? String(scope.name) : undefined;
  const devices = new Map<string, string>();
  for (const node of view.nodes) {
    const key = nodeName(view.name, node.node);
    const state = known.get(key);
    const there =
      documented.object("devices", state?.netboxId) ??
      documented
        .devicesNamed(node.node)
        .find((each) => each.cluster === null || nameOfNested(each.cluster) === view.name);
    const site = there === undefined ? (home ?? settings.site) : nameOfNested(there.site);
    if (site === undefined) {
      machines.warnings.push(
        `Node ${node.node} of ${view.name} is not put into NetBox, as a device needs a site: give the cluster a scope in NetBox (${netbox.url}/virtualization/clusters/), or set netbox-proxmox:discovery.site.`,
      );
      continue;
    }
    const args = nodeArgs(node, view.name, site, (vid) => prerequisites.vlan(vid));
    if (there === undefined || state !== undefined) {
      prerequisites.role(nodeRole, false);
      prerequisites.deviceType(nodeType.maker, nodeType.model);
      Object.assign(args.fields ?? {}, { role: nodeRole, deviceType: nodeType.model });
    }
    // What a node that is away has nobody can say.
    if (!node.online && state !== undefined)
      Object.assign(args, { interfaces: state.interfaces, primary: state.primary });
    devices.set(node.node, node.node);
    const bridgeField = machines.facts.site.customFields.bridge;
    const conflicts = placeInVrfs(documented, args, there, { choices: vrfs, bridgeField, type: "interface" });
    machines.declare(key, view.name, { type: "device", ...args, conflicts }, there, state, declare, {
      after: [cluster],
    });
  }
  return devices;
}

const nameOfNested = (nested: unknown): string | undefined => (isRecord(nested) ? String(nested.name) : undefined);
