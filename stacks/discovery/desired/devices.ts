import type { ObjectRow } from "../../../providers/netbox/objects/object.model";
import { pageOf } from "../../../providers/page";
import { isRecord } from "../../../providers/values";
import { Prerequisites } from "../../netbox/prerequisites";
import type { ClusterPlace } from "../../netbox/vlans";
import { DiscoveredMachines } from "./machines";
import { nodeName } from "./names";
import { nodeArgs, nodeRole, nodeType } from "./nodes";
import { isReached, Reached } from "./types";
import { placeInVrfs, type VrfChoices } from "./vrfs";

/** Declares the nodes of a cluster as devices. @returns the names of those that are there, by node */
export function declareNodes(
  machines: DiscoveredMachines,
  view: Reached,
  prerequisites: Prerequisites,
  { cluster, declare, vrfs, place }: { cluster: string; declare: boolean; vrfs: VrfChoices; place: ClusterPlace },
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
        `Node ${node.node} of ${view.name} is not put into NetBox, as a device needs a site: give the cluster a scope in NetBox (${pageOf(netbox.url, "virtualization/clusters")}), or set netbox-proxmox:discovery.site.`,
      );
      continue;
    }
    const args = nodeArgs(node, view.name, site, (vid) => {
      const found = prerequisites.vlan(vid, place);
      if ("name" in found) return found.name;
      machines.warnings.push(
        `Node ${node.node} of ${view.name} has VLAN ${vid}, and NetBox has ${found.several.length} of that number: its interface gets none until netbox-proxmox:discovery.clusters["${view.name}"].vlanGroup says which.`,
      );
      return undefined;
    });
    // What a person's device is, the person said.
    if (there === undefined || state?.made === true || state?.fields.role !== undefined) {
      prerequisites.deviceType(nodeType.maker, nodeType.model);
      Object.assign(args.fields ?? {}, { role: prerequisites.role(nodeRole, false), deviceType: nodeType.model });
    }
    // What a node that is away has nobody can say.
    if ((!node.online || node.unread !== undefined) && state !== undefined)
      Object.assign(args, { interfaces: state.interfaces, primary: state.primary });
    if (node.unread !== undefined)
      machines.warnings.push(
        `Node ${node.node} of ${view.name} could not be read (${node.unread}): its interfaces stay in NetBox as they are.`,
      );
    const isElsewhere = (device: ObjectRow) => device.id !== there?.id;
    const isShared =
      documented.devicesNamed(node.node).some(isElsewhere) ||
      machines.facts.views.some(
        (other) => other.name !== view.name && isReached(other) && other.nodes.some((each) => each.node === node.node),
      );
    devices.set(node.node, isShared ? `${node.node} @ ${view.name}` : node.node);
    const bridgeField = machines.facts.site.customFields.bridge;
    const conflicts = placeInVrfs(documented, args, there, {
      ...{ choices: vrfs, bridgeField, type: "interface", known: state },
    });
    machines.declare(key, view.name, { type: "device", ...args, conflicts }, there, state, declare, {
      after: [cluster],
    });
  }
  return devices;
}

const nameOfNested = (nested: unknown): string | undefined => (isRecord(nested) ? String(nested.name) : undefined);
