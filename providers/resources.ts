import type * as pulumi from "@pulumi/pulumi";
import { accessAudit } from "./audit/audit";
import { type AuditInputs } from "./audit/audit.model";
import { bind9Record } from "./dns/bind9/record";
import { type RecordInputs } from "./dns/bind9/record.model";
import { DynamicResource } from "./dynamic";
import { netboxChoices } from "./netbox/extras/choices";
import { type ChoicesInputs } from "./netbox/extras/choices.model";
import { netboxIpAllocation } from "./netbox/ipam/ipallocation";
import { type IpAllocationInputs } from "./netbox/ipam/ipallocation.model";
import { type MachineArgs, netboxMachine } from "./netbox/objects/machine";
import { netboxObject, type ObjectArgs } from "./netbox/objects/object";
import { netboxDnsRecord } from "./netbox/plugins/dnsrecord";
import { type DnsRecordInputs } from "./netbox/plugins/dnsrecord.model";
import { netboxToken } from "./netbox/users/token";
import { type NetboxTokenInputs } from "./netbox/users/token.model";
import { netboxGuest } from "./netbox/virtualization/guest";
import { type NetboxGuestInputs } from "./netbox/virtualization/guest.model";
import { netboxPromotion } from "./netbox/virtualization/promotion";
import { type PromotionInputs } from "./netbox/virtualization/promotion.model";
import { siteAnchor } from "./ownership/anchor";
import { type AnchorInputs } from "./ownership/anchor.model";
import { platformCheck } from "./platform/check";
import { type CheckInputs } from "./platform/check.model";
import { containerService } from "./platform/containerservice";
import { generatedSecret } from "./platform/secret";
import { type ServiceInputs } from "./platform/service.model";
import { proxmoxAcl } from "./proxmox/access/acl";
import { type AclInputs } from "./proxmox/access/acl.model";
import { proxmoxGroup } from "./proxmox/access/group";
import { type GroupInputs } from "./proxmox/access/group.model";
import { proxmoxRole } from "./proxmox/access/role";
import { type RoleInputs } from "./proxmox/access/role.model";
import { proxmoxToken } from "./proxmox/access/token";
import { type TokenInputs } from "./proxmox/access/token.model";
import { proxmoxUser } from "./proxmox/access/user";
import { type UserInputs } from "./proxmox/access/user.model";
import { proxmoxFirewall } from "./proxmox/nodes/firewall/firewall";
import { type FirewallInputs } from "./proxmox/nodes/firewall/firewall.model";
import { proxmoxContainer } from "./proxmox/nodes/lxc/container";
import { type ContainerInputs } from "./proxmox/nodes/lxc/container.model";
import { proxmoxNetwork } from "./proxmox/nodes/network/network";
import { type NetworkInputs } from "./proxmox/nodes/network/network.model";
import { proxmoxVm } from "./proxmox/nodes/qemu/vm";
import { type VmInputs } from "./proxmox/nodes/qemu/vm.model";
import { proxmoxSnapshot } from "./proxmox/nodes/snapshot";
import { type SnapshotInputs } from "./proxmox/nodes/snapshot.model";
import { proxmoxFile } from "./proxmox/nodes/storage/file";
import { type FileInputs } from "./proxmox/nodes/storage/file.model";
import { proxmoxTemplate } from "./proxmox/nodes/template";
import { type TemplateInputs } from "./proxmox/nodes/template.model";
import { secretSink } from "./sinks/secretsink";
import { type Destination } from "./sinks/secretsink.model";

// The resources as classes: for programs of one's own.

/** A guest's inputs, some of which may not be known yet. */
type GuestArgs<T> = pulumi.Inputs & { [K in keyof T]: pulumi.Input<pulumi.Unwrap<T[K]>> | pulumi.Inputs };

/** The record of who was granted what, by which run. */
export class AccessAudit extends DynamicResource {
  constructor(name: string, inputs: AuditInputs, options?: pulumi.CustomResourceOptions) {
    super(accessAudit, name, inputs, options);
  }
}

/** One name on a BIND 9 name server: its RRsets, and the PTRs of its addresses. */
export class Bind9Record extends DynamicResource {
  constructor(
    name: string,
    inputs: { [K in keyof RecordInputs]: pulumi.Input<RecordInputs[K]> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(bind9Record, name, inputs, options);
  }
}

/** What a custom field of NetBox's offers because of this stack. */
export class NetboxChoices extends DynamicResource {
  constructor(name: string, inputs: ChoicesInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxChoices, name, inputs, options);
  }
}

/** An address of a guest's interface in NetBox's IPAM. */
export class NetboxIpAllocation extends DynamicResource {
  declare readonly address: pulumi.Output<string>;

  constructor(name: string, inputs: IpAllocationInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxIpAllocation, name, inputs, options);
  }
}

/** A virtual machine or a device in NetBox with its parts: interfaces with MACs and addresses, virtual disks. */
export class NetboxMachine extends DynamicResource {
  constructor(name: string, inputs: MachineArgs, options?: pulumi.CustomResourceOptions) {
    super(netboxMachine, name, inputs, options);
  }
}

/** One object in NetBox, of which only some fields are ours; its type in the plan is NetBox's name for it. */
export class NetboxObject extends DynamicResource {
  constructor(name: string, inputs: ObjectArgs, options?: pulumi.CustomResourceOptions) {
    super(netboxObject, name, inputs, options);
  }
}

/** A guest's record in netbox-dns. */
export class NetboxDnsRecord extends DynamicResource {
  constructor(
    name: string,
    inputs: { [K in keyof DnsRecordInputs]: pulumi.Input<DnsRecordInputs[K]> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(netboxDnsRecord, name, inputs, options);
  }
}

/** An API token of NetBox; its secret is an output that the engine keeps encrypted. */
export class NetboxToken extends DynamicResource {
  declare readonly value: pulumi.Output<string>;
  declare readonly key: pulumi.Output<string | undefined>;
  /** Seconds since 1970. */
  declare readonly madeAt: pulumi.Output<number>;

  constructor(name: string, inputs: NetboxTokenInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxToken, name, inputs, options);
  }
}

/** What this program owns of a guest's object in NetBox. */
export class NetboxGuest extends DynamicResource {
  constructor(name: string, inputs: NetboxGuestInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxGuest, name, inputs, options);
  }
}

/** A staged guest that becomes active in NetBox, after it was built and started. */
export class NetboxPromotion extends DynamicResource {
  constructor(name: string, inputs: PromotionInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxPromotion, name, inputs, options);
  }
}

/** The last resource of a stack: it depends on all others. */
export class SiteAnchor extends DynamicResource {
  constructor(name: string, inputs: AnchorInputs, options?: pulumi.CustomResourceOptions) {
    super(siteAnchor, name, inputs, options);
  }
}

/** Tries from NetBox's container what it needs. */
export class PlatformCheck extends DynamicResource {
  constructor(
    name: string,
    inputs: Omit<CheckInputs, "token" | "netbox"> & {
      token: pulumi.Input<string>;
      netbox: pulumi.Input<CheckInputs["netbox"]>;
    },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(platformCheck, name, inputs, options);
  }
}

/** A service in a container. Its secrets stay secret in the state. */
export class ContainerService extends DynamicResource {
  /** Nothing of one that was never set up. */
  declare readonly observed: pulumi.Output<Record<string, string> | undefined>;

  constructor(
    name: string,
    inputs: Omit<ServiceInputs, "secrets"> & { secrets: Record<string, pulumi.Input<string>> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(containerService, name, inputs, options);
  }
}

/** A secret that is made once. */
export class GeneratedSecret extends DynamicResource {
  declare readonly value: pulumi.Output<string>;

  constructor(name: string, bytes = 32, options?: pulumi.CustomResourceOptions) {
    super(generatedSecret, name, { bytes, generation: 0 }, options);
  }
}

/** An entry of the access control list: who has which role at which path. */
export class ProxmoxAcl extends DynamicResource {
  constructor(name: string, inputs: AclInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxAcl, name, inputs, options);
  }
}

/** A group; who is in it stands with the users. */
export class ProxmoxGroup extends DynamicResource {
  constructor(name: string, inputs: GroupInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxGroup, name, inputs, options);
  }
}

/** A role: a list of privileges. */
export class ProxmoxRole extends DynamicResource {
  constructor(name: string, inputs: RoleInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxRole, name, inputs, options);
  }
}

/** An API token; its secret is an output that the engine keeps encrypted. */
export class ProxmoxToken extends DynamicResource {
  declare readonly value: pulumi.Output<string>;
  /** Seconds since 1970. */
  declare readonly madeAt: pulumi.Output<number>;

  constructor(name: string, inputs: TokenInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxToken, name, inputs, options);
  }
}

/** A user; its tokens are resources of their own. */
export class ProxmoxUser extends DynamicResource {
  /** Where it was generated: a secret. */
  declare readonly password: pulumi.Output<string | undefined>;

  constructor(name: string, inputs: UserInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxUser, name, inputs, options);
  }
}

/** The firewall of a container. */
export class ProxmoxFirewall extends DynamicResource {
  constructor(name: string, inputs: FirewallInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxFirewall, name, inputs, options);
  }
}

/** An LXC container of a Proxmox VE cluster. */
export class ProxmoxContainer extends DynamicResource {
  declare readonly pending: pulumi.Output<string[] | undefined>;

  constructor(name: string, inputs: GuestArgs<ContainerInputs>, options?: pulumi.CustomResourceOptions) {
    super(proxmoxContainer, name, inputs, options);
  }
}

/** A bridge of the nodes, or a vnet. */
export class ProxmoxNetwork extends DynamicResource {
  constructor(name: string, inputs: NetworkInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxNetwork, name, inputs, options);
  }
}

/** A QEMU guest of a Proxmox VE cluster, cloned from a cloud-init template. */
export class ProxmoxVm extends DynamicResource {
  declare readonly pending: pulumi.Output<string[] | undefined>;

  constructor(name: string, inputs: GuestArgs<VmInputs>, options?: pulumi.CustomResourceOptions) {
    super(proxmoxVm, name, inputs, options);
  }
}

/** A guest's safety snapshots, taken before risky changes and deleted when their time is over. */
export class ProxmoxSnapshot extends DynamicResource {
  constructor(name: string, inputs: SnapshotInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxSnapshot, name, inputs, options);
  }
}

/** A cloud image, an installer or an OS template in a storage. */
export class ProxmoxFile extends DynamicResource {
  constructor(name: string, inputs: FileInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxFile, name, inputs, options);
  }
}

/** A template made of an image, which guests are cloned from. */
export class ProxmoxTemplate extends DynamicResource {
  constructor(name: string, inputs: TemplateInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxTemplate, name, inputs, options);
  }
}

interface SecretSinkArgs {
  destination: Destination;
  title: string;
  generation: number;
  outcome: pulumi.Output<string>;
  credential: pulumi.Output<string>;
}

/** A place outside of the state where a token's secret is put, for who works with it. */
export class SecretSink extends DynamicResource {
  constructor(name: string, inputs: SecretSinkArgs, options?: pulumi.CustomResourceOptions) {
    super(secretSink, name, inputs, options);
  }
}
