import { isIPv4, isIPv6 } from "node:net";
import { privilegesOf } from "../privileges";
import type { Format } from "./parameters";
import { parseProperties } from "./properties";
import { words } from "./words";

const matches =
  (pattern: RegExp, message: (value: string) => string): Format =>
  (value) =>
    pattern.test(value) ? undefined : message(value);

const looksLike = (kind: string) => () => `value does not look like a valid ${kind}\n`;

/** A format of every item of a list, as PVE splits one. */
export const listOf =
  (format: Format): Format =>
  (value) =>
    words(value)
      .map(format)
      .find((problem) => problem !== undefined);

const label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
export const dnsName = matches(new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`), looksLike("DNS name"));
export const guestId = matches(/^[1-9]\d{2,8}$/, looksLike("VM ID"));
export const nodeLabel = matches(new RegExp(`^${label}$`), looksLike("node name"));
export const storageId = matches(
  /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i,
  (id) => `storage ID '${id}' contains illegal characters\n`,
);
export const configId = matches(/^[a-z][a-z0-9_-]*$/i, (id) => `invalid configuration ID '${id}'\n`);
export const replicationJobId = matches(/^[1-9]\d{2,8}-\d{1,9}$/, (id) => `invalid replication job id '${id}'\n`);
export const dayOfWeek: Format = (value) =>
  /^(mon|tue|wed|thu|fri|sat|sun)$/.test(value) ? undefined : `invalid day '${value}'\n`;
export const mac = matches(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i, looksLike("unicast MAC address"));
export const macPrefix = matches(
  /^[0-9a-f][02468ace](:[0-9a-f]{2}){2}(:([0-9a-f]{2}){0,1}){0,2}$/i,
  () => "value is not a valid unicast MAC address prefix\n",
);
export const urlEncoded = matches(/^[-%a-zA-Z0-9_.!~*'()]*$/, (value) => `invalid urlencoded string: ${value}\n`);
export const tag = matches(/^[a-z0-9_][a-z0-9_\-+.]*$/i, () => "invalid characters in tag\n");
export const diskSize = matches(/^\d+(\.\d+)?[KMGT]?$/, looksLike("disk size"));
export const volumeId = matches(/^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i, (id) => `unable to parse volume ID '${id}'\n`);
/** A drive's `file`: `none`, `cdrom`, a volume or a path. */
export const volumeOrPath = matches(
  /^(none|cdrom|\/.*|[a-z][a-z0-9\-_.]*[a-z0-9]:.+)$/i,
  (id) => `unable to parse volume ID '${id}'\n`,
);
export const absolutePath = matches(/^(\/.*|[a-z][a-z0-9\-_.]*[a-z0-9]:.+)$/i, () => "invalid volume or path\n");
export const storagePath = matches(
  /^\/[^;,=()]+$/,
  () => "Value does not look like a valid absolute path. These symbols are currently not allowed in path: ;,=()\n",
);
export const poolId: Format = (id) => {
  if (id.split("/").length > 3) return `pool name '${id}' nested too deeply (max levels = 3)\n`;
  return /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){0,2}$/.test(id)
    ? undefined
    : `pool name '${id}' contains invalid characters\n`;
};
export const groupId = matches(/^[A-Za-z0-9._-]+$/, (id) => `group name '${id}' contains invalid characters\n`);
export const roleId = matches(/^[A-Za-z0-9._-]+$/, (id) => `role name '${id}' contains invalid characters\n`);
export const userId = matches(
  /^[^\s:/]+@[A-Za-z][A-Za-z0-9._-]+$/,
  (id) => `value '${id}' does not look like a valid user name\n`,
);
export const tokenId = matches(
  /^[^\s:/]+@[A-Za-z][A-Za-z0-9._-]+![A-Za-z][A-Za-z0-9._-]+$/,
  (id) => `value '${id}' does not look like a valid token ID\n`,
);
/** Of every release; whether it is one of the cluster's the route says. */
const known = [...privilegesOf(8), ...privilegesOf(9)];
export const privilegeName: Format = (value) => (known.includes(value) ? undefined : `invalid privilege '${value}'\n`);
const contents = "images rootdir vztmpl iso backup snippets import none".split(" ");
export const content: Format = (value) => (contents.includes(value) ? undefined : `invalid content type '${value}'\n`);
export const email = matches(/^$|^[\w+-~]+(\.[\w+-~]+)*@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*$/, looksLike("email address"));
export const address: Format = (value) =>
  isIPv4(value) || isIPv6(value) || dnsName(value) === undefined ? undefined : looksLike("address")();
export const ip: Format = (value) => (isIPv4(value) || isIPv6(value) ? undefined : looksLike("IP address")());
export const ipv4: Format = (value) => (isIPv4(value) ? undefined : looksLike("ipv4 address")());
export const ipv6: Format = (value) => (isIPv6(value) ? undefined : looksLike("ipv6 address")());

const inNetwork = (value: string, is: (text: string) => boolean, bits: number): boolean => {
  const [host = "", prefix = ""] = value.split("/");
  return is(host) && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
};
export const cidrNetwork: Format = (value) =>
  inNetwork(value, isIPv4, 32) || inNetwork(value, isIPv6, 128) ? undefined : looksLike("CIDR network")();
export const ipv4Config: Format = (value) =>
  value === "dhcp" || value === "manual" || inNetwork(value, isIPv4, 32)
    ? undefined
    : looksLike("ipv4 network configuration")();
export const ipv6Config: Format = (value) =>
  ["dhcp", "auto", "manual"].includes(value) || inNetwork(value, isIPv6, 128)
    ? undefined
    : looksLike("ipv6 network configuration")();

const cpuModels =
  "486 athlon Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS Cascadelake-Server Cascadelake-Server-noTSX Cascadelake-Server-v2 Cascadelake-Server-v4 Cascadelake-Server-v5 Conroe Cooperlake Cooperlake-v2 core2duo coreduo EPYC EPYC-Genoa EPYC-IBPB EPYC-Milan EPYC-Milan-v2 EPYC-Rome EPYC-Rome-v2 EPYC-Rome-v3 EPYC-Rome-v4 EPYC-Turin EPYC-v3 EPYC-v4 GraniteRapids Haswell Haswell-IBRS Haswell-noTSX Haswell-noTSX-IBRS host Icelake-Client Icelake-Client-noTSX Icelake-Server Icelake-Server-noTSX Icelake-Server-v3 Icelake-Server-v4 Icelake-Server-v5 Icelake-Server-v6 IvyBridge IvyBridge-IBRS KnightsMill kvm32 kvm64 max Nehalem Nehalem-IBRS Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 Penryn pentium pentium2 pentium3 phenom qemu32 qemu64 SandyBridge SandyBridge-IBRS SapphireRapids SapphireRapids-v2 SierraForest Skylake-Client Skylake-Client-IBRS Skylake-Client-noTSX-IBRS Skylake-Client-v4 Skylake-Server Skylake-Server-IBRS Skylake-Server-noTSX-IBRS Skylake-Server-v4 Skylake-Server-v5 Westmere Westmere-IBRS x86-64-v2 x86-64-v2-AES x86-64-v3 x86-64-v4".split(
    " ",
  );

/** `cpu`: a model that QEMU has or a `custom-` one, with flags. */
export const cpu: Format = (value) => {
  const parsed = parseProperties({ keys: {}, head: "cputype" }, value);
  if (typeof parsed === "string") return parsed;
  const type = parsed.cputype;
  if (type === undefined || type.startsWith("custom-") || cpuModels.includes(type)) return undefined;
  return `Built-in cputype '${type}' is not defined (missing 'custom-' prefix?)\n`;
};

/** `boot`: `order=a;b`, or the letters of old versions. */
export const boot: Format = (value) => {
  if (value.trim() === "" || /^order=([\w;]*)$/.test(value) || /^(legacy=)?[acdn]{1,4}$/.test(value)) return undefined;
  return value.includes("=")
    ? "format error\nboot.order: invalid boot device\n"
    : "format error\nboot.legacy: value does not match the regex pattern\n";
};
export const hotplug: Format = (value) =>
  /^([01]|(network|disk|cpu|memory|usb|cloudinit)([,;\s]+(network|disk|cpu|memory|usb|cloudinit))*)$/.test(value)
    ? undefined
    : "unknown hotplug feature\n";
export const startupOrder: Format = (value) =>
  /^(\d+|(order|up|down)=\d+)(,(order|up|down)=\d+)*$/.test(value) ? undefined : "unable to parse startup options\n";

/** `head,key=value,…` whose keys are not looked at closer. */
export const loose =
  (head?: string): Format =>
  (value) => {
    const parsed = parseProperties({ keys: {}, head }, value);
    return typeof parsed === "string" ? parsed : undefined;
  };
