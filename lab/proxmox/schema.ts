import { numbered, type Parameter, type Parameters } from "./parameters";
import { parsePropertyString } from "./propertystring";

const text: Parameter = { type: "string" };
const flag: Parameter = { type: "boolean" };
export const vmid: Parameter = { type: "integer", min: 100, max: 999999999 };
const dnsName: Parameter = {
  type: "string",
  format: (value) =>
    /^(?=.{1,253}$)([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/.test(
      value,
    )
      ? undefined
      : "value does not look like a valid DNS name",
};
const digest: Parameter = { type: "string", maxLength: 40 };
export const storageId: Parameter = {
  type: "string",
  format: (value) =>
    /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i.test(value) ? undefined : "storage ID contains illegal characters",
};

const unicast = /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i;
export const netModels = ["virtio", "e1000", "e1000e", "vmxnet3", "rtl8139", "ne2k_pci", "i82551", "pcnet"];
const netOptions = new Set([
  "model",
  "macaddr",
  "bridge",
  "firewall",
  "link_down",
  "mtu",
  "queues",
  "rate",
  "tag",
  "trunks",
  "host-managed",
]);

function net(value: string): string | undefined {
  const { head, options } = parsePropertyString(value);
  const model = options.model ?? head ?? Object.keys(options).find((key) => netModels.includes(key));
  const problems: string[] = [];
  if (model === undefined || !netModels.includes(model))
    problems.push("net.model: property is missing and it is not optional");
  const mac = options.macaddr ?? (model === undefined ? undefined : options[model]);
  if (mac !== undefined && !unicast.test(mac))
    problems.push("net.macaddr: invalid format - value does not look like a valid unicast MAC address\n");
  for (const key of Object.keys(options))
    if (!netOptions.has(key) && !netModels.includes(key))
      problems.push(
        `net.${key}: property is not defined in schema and the schema does not allow additional properties`,
      );
  if (options.tag !== undefined && !(Number(options.tag) >= 1 && Number(options.tag) <= 4094))
    problems.push("net.tag: value must have a maximum value of 4094");
  return problems.length === 0 ? undefined : `format error\n${problems.join("\n")}\n`;
}

const v4cidr = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/;

function ipconfig(value: string): string | undefined {
  const { options } = parsePropertyString(value);
  const problems: string[] = [];
  if (options.gw !== undefined && options.ip === undefined)
    problems.push("ipconfig.ip: missing property required by 'ipconfig.gw'");
  if (options.gw6 !== undefined && options.ip6 === undefined)
    problems.push("ipconfig.ip6: missing property required by 'ipconfig.gw6'");
  if (options.ip !== undefined && options.ip !== "dhcp" && !v4cidr.test(options.ip))
    problems.push("ipconfig.ip: invalid format - value does not look like a valid ipv4 network configuration\n");
  if (
    options.ip6 !== undefined &&
    !["dhcp", "auto"].includes(options.ip6) &&
    !/^[0-9a-f:]+\/\d{1,3}$/i.test(options.ip6)
  )
    problems.push("ipconfig.ip6: invalid format - value does not look like a valid ipv6 network configuration\n");
  return problems.length === 0 ? undefined : `format error\n${problems.join("\n")}\n`;
}

const urlEncoded = (value: string) =>
  /^[-%a-zA-Z0-9_.!~*'()]*$/.test(value) ? undefined : `invalid urlencoded string: ${value}\n`;
const tagList = (value: string) =>
  value.split(/[;, ]+/).every((tag) => tag === "" || /^[a-z0-9_][a-z0-9_\-+.]*$/i.test(tag))
    ? undefined
    : "invalid characters in tag\n";

export const driveFamilies = { ide: 4, sata: 6, scsi: 31, virtio: 16 } as const;
export const driveSlots = Object.entries(driveFamilies).flatMap(([family, count]) =>
  Array.from({ length: count }, (_, n) => `${family}${n}`),
);

/** Options of a QEMU guest's configuration, after PVE's own schema. */
export const qemuOptions: Parameters = {
  name: dnsName,
  description: { type: "string", maxLength: 8192 },
  tags: { type: "string", format: tagList },
  memory: { type: "string", pattern: /^(current=)?\d+$/ },
  balloon: { type: "integer", min: 0 },
  cores: { type: "integer", min: 1 },
  sockets: { type: "integer", min: 1 },
  vcpus: { type: "integer", min: 1 },
  cpu: text,
  cpulimit: { type: "number", min: 0, max: 128 },
  cpuunits: { type: "integer", min: 1, max: 262144 },
  numa: flag,
  onboot: flag,
  protection: flag,
  template: flag,
  tablet: flag,
  acpi: flag,
  kvm: flag,
  localtime: flag,
  ciupgrade: flag,
  startup: text,
  agent: text,
  boot: text,
  bios: { type: "string", values: ["seabios", "ovmf"] },
  machine: text,
  ostype: text,
  scsihw: {
    type: "string",
    values: ["lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi"],
  },
  vga: text,
  hotplug: text,
  rng0: text,
  smbios1: text,
  vmgenid: text,
  efidisk0: text,
  tpmstate0: text,
  ciuser: text,
  cipassword: text,
  citype: { type: "string", values: ["configdrive2", "nocloud", "opennebula"] },
  cicustom: text,
  sshkeys: { type: "string", format: urlEncoded },
  nameserver: text,
  searchdomain: text,
  lock: {
    type: "string",
    values: [
      "backup",
      "clone",
      "create",
      "migrate",
      "rollback",
      "snapshot",
      "snapshot-delete",
      "suspending",
      "suspended",
    ],
  },
  ...numbered("net", 32, { type: "string", format: net }),
  ...numbered("ipconfig", 32, { type: "string", format: ipconfig }),
  ...numbered("serial", 4, text),
  ...numbered("unused", 256, text),
  ...numbered("hostpci", 16, text),
  ...numbered("usb", 14, text),
  ...Object.fromEntries(driveSlots.map((slot) => [slot, text])),
};

export const configUpdate: Parameters = {
  ...qemuOptions,
  delete: text,
  revert: text,
  digest,
  skiplock: flag,
  force: flag,
  background_delay: { type: "integer" },
};
export const qemuCreate: Parameters = {
  ...qemuOptions,
  vmid: { ...vmid, required: true },
  pool: text,
  storage: storageId,
  start: flag,
  unique: flag,
};
export const qemuClone: Parameters = {
  newid: { ...vmid, required: true },
  name: dnsName,
  description: text,
  pool: text,
  snapname: text,
  storage: storageId,
  format: { type: "string", values: ["raw", "qcow2", "vmdk"] },
  full: flag,
  target: text,
  bwlimit: { type: "integer", min: 0 },
};
export const qemuResize: Parameters = {
  disk: { type: "string", required: true, values: [...driveSlots, "efidisk0", "tpmstate0"] },
  size: { type: "string", required: true, pattern: /^\+?\d+(\.\d+)?[KMGT]?$/ },
  digest,
  skiplock: flag,
};
export const qemuMoveDisk: Parameters = {
  disk: { type: "string", required: true, values: [...driveSlots, "efidisk0", "tpmstate0"] },
  storage: storageId,
  delete: flag,
  digest,
  format: { type: "string", values: ["raw", "qcow2", "vmdk"] },
  bwlimit: { type: "integer", min: 0 },
};
export const qemuDestroy: Parameters = { purge: flag, skiplock: flag, "destroy-unreferenced-disks": flag };
export const qemuStart: Parameters = { timeout: { type: "integer", min: 0 }, skiplock: flag };
export const qemuStop: Parameters = {
  timeout: { type: "integer", min: 0 },
  "overrule-shutdown": flag,
  skiplock: flag,
  keepActive: flag,
};
export const qemuShutdown: Parameters = {
  timeout: { type: "integer", min: 0 },
  forceStop: flag,
  skiplock: flag,
  keepActive: flag,
};
export const qemuReboot: Parameters = { timeout: { type: "integer", min: 0 } };
export const taskList: Parameters = {
  source: { type: "string", values: ["archive", "active", "all"] },
  vmid,
  typefilter: text,
  userfilter: text,
  limit: { type: "integer", min: 0 },
  start: { type: "integer", min: 0 },
  errors: flag,
};
export const login: Parameters = {
  username: { type: "string", required: true },
  password: { type: "string", required: true },
  otp: text,
  realm: text,
};
export const none: Parameters = {};
export const listing = { start: { type: "integer", min: 0 }, limit: { type: "integer", min: 0 } } satisfies Parameters;
export const resourceKinds: Parameters = {
  type: { type: "string", values: ["vm", "storage", "node", "sdn", "network"] },
};
export const guestConfig: Parameters = { current: flag, snapshot: text };
export const qemuList: Parameters = { full: flag };
export const nextId: Parameters = { vmid };
export const storageContent: Parameters = { content: text, vmid };
