import { printMebibytes } from "./guestwords";
import { aList, aMap, anObject, anything, aSentence, aValue, type Property, printScalar } from "./wording";

// What properties are called that most kinds share, and those of NetBox's objects and machines.

export type PropertyWords = Readonly<Record<string, Property>>;

export const plainProperty = (label: string): Property => [label, aValue()];
export const optionalProperty = (label: string, none = "none"): Property => [label, aValue({ none })];
export const yesNoProperty = (label: string): Property => [label, aValue({ none: "no" })];
export const setProperty = (label: string): Property => [label, aList({ isSet: true })];

const day = new Intl.DateTimeFormat("en-US", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
/** `2 Dec 2026`, in UTC: the tokens of both systems end by it. */
function printDay(seconds: unknown): string {
  if (typeof seconds !== "number") return printScalar(seconds);
  if (seconds === 0) return "never";
  const parts = new Map(day.formatToParts(new Date(seconds * 1000)).map(({ type, value }) => [type, value]));
  return `${parts.get("day")} ${parts.get("month")} ${parts.get("year")}`;
}
const ends: Property = ["expires", aValue({ print: printDay, none: "never" })];
const newSecret: Property = [
  "generation",
  aSentence((before) => (before === undefined ? undefined : "gets a new secret")),
];
const retires: Property = [
  "retires",
  aSentence(
    (_before, after) =>
      after === undefined
        ? "stays: another one no longer takes over"
        : `may be deleted from ${printDay(after)} on: another one took over`,
    printDay,
  ),
];

/** Properties that most kinds share. */
export const commonProperties: PropertyWords = {
  mark: ["mark", aSentence((before, after) => `marked ${printScalar(after)} (was ${printScalar(before)})`)],
  stack: ["stack", aValue()],
  owner: [
    "",
    anObject({
      stack: plainProperty("owned by stack"),
      guests: ["of the guests with the NetBox ids", aList({ isSet: true })],
    }),
  ],
  adoptedGuests: setProperty("of adopted guests with the NetBox ids"),
  adopt: yesNoProperty("taken over as it is"),
  adopted: yesNoProperty("adopted"),
  tags: setProperty("tags"),
  customFields: ["custom field", aMap(() => anything)],
  name: plainProperty("name"),
  node: plainProperty("node"),
  cluster: plainProperty("cluster"),
  vmid: plainProperty("VMID"),
  comment: optionalProperty("comment"),
  description: optionalProperty("description"),
  expire: ends,
  generation: newSecret,
  rotation: newSecret,
  retires,
  netboxUrl: plainProperty("NetBox"),
  objectId: optionalProperty("NetBox id"),
  zoneId: plainProperty("NetBox id of the zone"),
};

/** Fields of NetBox's objects. */
const netboxFields: PropertyWords = {
  memory: ["memory", aValue({ unit: "MiB", none: "none" })],
  vcpus: optionalProperty("vCPUs"),
  startOnBoot: optionalProperty("start on boot"),
  untaggedVlan: optionalProperty("untagged VLAN"),
  taggedVlans: setProperty("tagged VLANs"),
  mac: optionalProperty("MAC"),
  mtu: optionalProperty("MTU"),
  vid: plainProperty("VID"),
  vrf: optionalProperty("VRF"),
  defaultTtl: ["default TTL", aValue({ unit: "s", none: "none" })],
  soaMname: plainProperty("SOA MNAME"),
  soaRname: plainProperty("SOA RNAME"),
  nameServers: setProperty("name servers"),
  objectTypes: setProperty("object types"),
  groups: setProperty("groups"),
  users: setProperty("users"),
  actions: setProperty("rights"),
  choices: ["choices", aList()],
  choiceSet: plainProperty("choice set"),
  deviceType: plainProperty("device type"),
  isPool: yesNoProperty("is a pool"),
  isActive: yesNoProperty("active"),
  isPrivate: yesNoProperty("private"),
  ofMachines: yesNoProperty("for VMs"),
  email: optionalProperty("e-mail"),
  firstName: optionalProperty("first name"),
  lastName: optionalProperty("last name"),
  context: ["local config context", anything],
  status: optionalProperty("status"),
  description: optionalProperty("description"),
  comments: ["comments", anything],
};
const fields: Property = ["", anObject(netboxFields)];

export const netboxObjectProperties: PropertyWords = {
  ...commonProperties,
  fields,
  initial: ["at first", anObject(netboxFields)],
  conflicts: [
    "",
    {
      says: (value) => aList().says(value),
      changed: (at, before, after) => {
        const [there, wanted] = [before, after].map((each) => (Array.isArray(each) ? each.map(String) : []));
        return [
          ...(wanted ?? [])
            .filter((each) => !there?.includes(each))
            .map((each) => `left as it is: ${printConflict(each)}`),
          ...(there ?? [])
            .filter((each) => !wanted?.includes(each))
            .map((each) => `agreed again: ${printConflict(each)}`),
        ].map((text) => ({ path: at.path, text }));
      },
    },
  ],
  overwrite: yesNoProperty("overwrites what others wrote"),
  removal: plainProperty("once it is wanted no more"),
  released: [
    "released",
    aSentence((_before, after) =>
      after === true ? "left to another program from now on" : "this program's again from now on",
    ),
  ],
  madeByUs: yesNoProperty("made by an interrupted run"),
};
const printConflict = (text: string): string => printScalar(text).replace(/^"|"$/g, "");

const machinePart = {
  ...commonProperties,
  fields,
  addresses: setProperty("addresses"),
  dnsName: optionalProperty("DNS name"),
};
const virtualDisk = anObject({
  ...commonProperties,
  fields: [
    "",
    anObject({
      ...netboxFields,
      size: [
        "",
        aValue({
          none: "none",
          print: (size) => (typeof size === "number" ? printMebibytes(size) : printScalar(size)),
        }),
      ],
    }),
  ],
});
export const netboxMachineProperties: PropertyWords = {
  ...netboxObjectProperties,
  interfaces: ["", aMap(() => anObject(machinePart))],
  disks: ["", aMap(() => virtualDisk)],
  primary: optionalProperty("primary interface"),
};
