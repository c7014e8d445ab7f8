import { isRecord } from "../../../providers/values";
import type { Change } from "../change";
import { guestProperties, printDiskSize } from "./guestwords";
import {
  commonProperties,
  netboxMachineProperties,
  netboxObjectProperties,
  optionalProperty,
  type PropertyWords,
  plainProperty,
  setProperty,
  yesNoProperty,
} from "./netboxproperties";
import { aList, aMap, anObject, anything, aSentence, aValue, type Property, printScalar } from "./wording";

// What the properties of every kind of resource are called, and in which units they are.

const seconds = aValue({ unit: "s" });
const accessEntry: PropertyWords = { ...commonProperties, propagate: yesNoProperty("and all below it") };

const imageProperties: PropertyWords = {
  source: ["", aValue()],
  url: optionalProperty("URL"),
  path: optionalProperty("at"),
  algorithm: optionalProperty("checksum by"),
};
function imageSays(image: unknown): string {
  if (!isRecord(image)) return anything.says(image);
  const { source, url, checksum: _checksum, algorithm: _algorithm, ...rest } = image;
  const others = anything.says({ ...rest, ...(url === source || url === undefined ? {} : { url }) });
  return `${printScalar(source)}${others === "none" ? "" : ` (${others})`}`;
}

/** A rule of a firewall: `in ACCEPT tcp from 10.0.0.0/24 to port 443`. */
function ruleSays(rule: unknown): string {
  if (!isRecord(rule)) return anything.says(rule);
  const { type, action, proto, source, dest, dport, comment, ...rest } = rule;
  const said = (word: string, value: unknown) => (value === undefined ? [] : [`${word}${printScalar(value)}`]);
  return [
    ...[...said("", type), ...said("", action), ...said("", proto), ...said("from ", source), ...said("to ", dest)],
    ...[...said("port ", dport), ...said("", comment)],
    ...(Object.keys(rest).length === 0 ? [] : [anything.says(rest)]),
  ].join(" ");
}
const rule = anObject(
  {
    proto: optionalProperty("protocol", "any"),
    source: optionalProperty("from", "any"),
    dest: optionalProperty("to", "any"),
    dport: optionalProperty("port", "any"),
  },
  ruleSays,
);

const isMachine = { ...guestProperties, mark: commonProperties.mark ?? plainProperty("mark") };

/** By the last part of the type token. */
const byType: Readonly<Record<string, PropertyWords>> = {
  ProxmoxVm: isMachine,
  ProxmoxContainer: isMachine,
  NetboxIpAllocation: {
    ...commonProperties,
    address: ["", aValue()],
    addressId: plainProperty("NetBox id"),
    dnsName: optionalProperty("DNS name"),
    renames: ["DNS name", aSentence((_before, after) => `replaces the DNS name ${printScalar(after)}`)],
    primary: [
      "primary",
      aSentence((_before, after) =>
        after === true ? "becomes the primary address" : "is no longer the primary address",
      ),
    ],
    vrfId: optionalProperty("NetBox id of the VRF", "global"),
    given: [
      "given",
      aSentence((_before, after) => (after === true ? "chosen by a person" : "allocated from its prefix")),
    ],
    from: ["taken from", aList({ each: { ...anything, says: sourceSays } })],
    lost: ["lost", aSentence(() => "NetBox lost it: it is made again")],
    avoid: setProperty("reserved, as guests still use it:"),
    notFrom: setProperty("never taken:"),
    label: plainProperty("for"),
    interfaceId: plainProperty("NetBox id of the interface"),
    family: ["IP version", aValue()],
    ordinal: plainProperty("place among the addresses"),
  },
  Bind9Record: {
    ...commonProperties,
    server: plainProperty("name server"),
    ttl: ["TTL", seconds],
    ttls: [
      "TTL of",
      aMap(() => aValue({ unit: "s", none: "as the others" }), { key: (type) => `the ${type} records` }),
    ],
    records: ["", aMap(() => aList({ isSet: true }))],
    reverse: ["PTR of", aList({ isSet: true })],
  },
  NetboxDnsRecord: {
    ...commonProperties,
    key: plainProperty("key"),
    zone: plainProperty("zone"),
    type: plainProperty("type"),
    value: ["", aValue()],
  },
  NetboxGuest: {
    ...commonProperties,
    derived: [
      "",
      aSentence((_before, after) =>
        after === true ? "VMID is computed from the NetBox id" : "VMID is given by a person",
      ),
    ],
    field: [
      "custom field for the VMID",
      anObject({ name: plainProperty("name"), integer: yesNoProperty("is a number") }),
    ],
  },
  NetboxPromotion: commonProperties,
  ProxmoxSnapshot: {
    ...commonProperties,
    due: [
      "takes a snapshot",
      aSentence((_before, after) =>
        after === undefined ? undefined : `takes the snapshot ${printScalar(after)} first`,
      ),
    ],
    before: [
      "before",
      aSentence((_before, after) => (after === undefined ? undefined : `in case of ${printScalar(after)}`)),
    ],
    expired: [
      "expired",
      aSentence((_before, after) =>
        Array.isArray(after) && after.length > 0
          ? `deletes the snapshots whose time is over: ${aList().says(after)}`
          : undefined,
      ),
    ],
    kept: ["snapshots", aList({ each: { ...anything, says: snapshotSays }, isSet: true })],
  },
  NetboxChoices: {
    ...commonProperties,
    set: plainProperty("choice set"),
    choices: ["choices", aList({ each: { ...anything, says: choiceSays } })],
  },
  NetboxToken: {
    ...commonProperties,
    username: plainProperty("user"),
    version: plainProperty("version"),
    writeEnabled: ["may write", aValue({ none: "no" })],
    allowedIps: setProperty("taken from"),
    description: optionalProperty("description"),
  },
  ProxmoxToken: {
    ...commonProperties,
    privsep: yesNoProperty("rights of its own"),
    userid: plainProperty("user"),
    tokenid: plainProperty("token"),
    takeOver: yesNoProperty("taken over with a new secret"),
  },
  ProxmoxRole: { ...commonProperties, privileges: setProperty("privileges") },
  ProxmoxAcl: {
    ...accessEntry,
    path: plainProperty("path"),
    type: plainProperty("for a"),
    ugid: plainProperty("for"),
    roleid: plainProperty("role"),
  },
  ProxmoxUser: {
    ...commonProperties,
    enable: ["enabled", aValue()],
    email: optionalProperty("e-mail"),
    firstname: optionalProperty("first name"),
    lastname: optionalProperty("last name"),
    groups: setProperty("groups"),
    passwordName: plainProperty("password"),
    passwordVersion: ["password", aSentence(() => "gets a new password")],
    generatePassword: yesNoProperty("with a password that nobody chose"),
  },
  ProxmoxGroup: commonProperties,
  ProxmoxFile: {
    ...commonProperties,
    url: optionalProperty("URL"),
    algorithm: optionalProperty("checksum by"),
    insecure: yesNoProperty("certificate not verified"),
  },
  ProxmoxTemplate: {
    ...commonProperties,
    image: ["image", anObject(imageProperties, imageSays)],
    memory: ["memory", aValue({ unit: "MiB" })],
    size: ["disk", aValue({ none: "as the image", print: printDiskSize })],
    ostype: plainProperty("OS type"),
    bios: optionalProperty("BIOS", "default"),
    machine: optionalProperty("machine type", "default"),
    cpu: optionalProperty("CPU type", "default"),
    tpm: yesNoProperty("TPM"),
    serial: yesNoProperty("serial console"),
    agent: yesNoProperty("guest agent"),
    sysprep: yesNoProperty("identity wiped"),
    packages: setProperty("packages"),
    commands: ["commands", aList()],
    tag: optionalProperty("VLAN"),
    method: plainProperty("built by"),
    format: optionalProperty("disk format", "default"),
    title: plainProperty("title"),
    recipe: plainProperty("recipe"),
    notes: ["notes", anything],
  },
  ProxmoxNetwork: {
    ...commonProperties,
    nodes: setProperty("nodes"),
    make: ["make", aSentence((_before, after) => (after === true ? "made where it is missing" : "has to be there"))],
    address: optionalProperty("address"),
    snat: yesNoProperty("SNAT"),
  },
  ProxmoxFirewall: {
    ...commonProperties,
    policyIn: plainProperty("incoming by default"),
    policyOut: plainProperty("outgoing by default"),
    rules: ["", aList({ each: rule, item: "rule" })],
  },
  ContainerService: {
    ...commonProperties,
    settings: ["", anything],
    revision: ["revision", aSentence(() => "goes through its steps again: they are new")],
  },
  GeneratedSecret: { ...commonProperties, bytes: ["length", aValue({ unit: "bytes" })] },
  PlatformCheck: {
    ...commonProperties,
    netbox: ["NetBox", anObject({ certificate: ["certificate", aSentence(() => "NetBox certificate changes")] })],
    proxmox: setProperty("reaches the clusters"),
  },
  SecretSink: { ...commonProperties, destination: ["", anObject({ to: ["", aValue()] })], title: plainProperty("of") },
  AccessAudit: { ...commonProperties, changes: ["", aList()], earlier: ["earlier", aList()] },
};

function sourceSays(source: unknown): string {
  return isRecord(source) && source.text !== undefined ? printScalar(source.text) : anything.says(source);
}
function choiceSays(choice: unknown): string {
  const [value, label] = Array.isArray(choice) ? choice : [choice];
  return label === undefined || label === value ? printScalar(value) : `${printScalar(label)} [${printScalar(value)}]`;
}
function snapshotSays(snapshot: unknown): string {
  return isRecord(snapshot) ? printScalar(snapshot.name) : printScalar(snapshot);
}

/** The types of what reports call by a short name: what an interrupted run left has no resource. */
const typeByObject: Readonly<Record<string, string>> = {
  VM: "ProxmoxVm",
  container: "ProxmoxContainer",
  address: "NetboxIpAllocation",
  name: "Bind9Record",
  "netbox-dns record": "NetboxDnsRecord",
  "NetBox object": "NetboxGuest",
};

/** The type of a change's resource: `ProxmoxVm`. */
export const resourceTypeOf = ({ urn, object }: Pick<Change, "urn" | "object">): string =>
  tokenIn(urn)?.split(":").pop() ?? typeByObject[object] ?? "";

/** `urn:pulumi:STACK::PROJECT::TOKEN::NAME`. */
const tokenIn = (urn: string | undefined): string | undefined => urn?.split("::")[2];

export const isGuestType = (type: string): boolean => type === "ProxmoxVm" || type === "ProxmoxContainer";

/** How a property of a change is called and read; one that is new here goes by its own name. */
export function propertyOf(change: Pick<Change, "urn" | "object">, name: string): Property {
  const type = resourceTypeOf(change);
  const machine = /netbox:(VirtualMachine|Device)$/.test(tokenIn(change.urn) ?? "");
  const properties = byType[type] ?? (machine ? netboxMachineProperties : netboxObjectProperties);
  return (Object.hasOwn(properties, name) ? properties[name] : undefined) ?? [name, anything];
}
