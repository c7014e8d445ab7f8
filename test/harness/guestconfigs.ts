import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { lxcOptions } from "../../lab/proxmox/schema/lxc";
import {
  checkParameters,
  type MethodParameters,
  type Parameter,
  type PropertyFormat,
} from "../../lab/proxmox/schema/parameters";
import { driveSlots, qemuOptions } from "../../lab/proxmox/schema/qemu";
import type { GuestConfig, GuestType } from "../../providers/proxmox/schemas";
import type { SeenMachine } from "../../stacks/discovery/desired/types";

// Guests of any configuration that Proxmox VE takes, by the lab's tables of its keys and forms, in the spellings of old releases too.

// ---- values of a parameter

/** Texts that one format or another takes. */
const candidates = [
  ...["1", "0", "local:snippets/a.yaml", "order=scsi0", "network,disk", "host", "10.0.0.53", "example.com", "0-3"],
  ...["order=1,up=30", "uuid=4c1e2f0a-0000-4000-8000-000000000001", "socket", "user=local:snippets/cloudinit.yaml"],
  ...["mapping=gpu", "kvm64,flags=+aes", "std", "i6300esb", "/dev/urandom", "local:1/x.raw", "web", "c", "UTC"],
];

const truths = fc.constantFrom("0", "1", "yes", "no", "on", "off", "true", "false");

/** @param isPart of a property string, whose separators it can't hold */
function value(parameter: Parameter, isPart = false): fc.Arbitrary<string> {
  const { type, properties, values, pattern, format, min, max } = parameter;
  if (properties !== undefined) return propertyString(properties);
  if (values !== undefined) return fc.constantFrom(...values);
  if (type === "boolean") return truths;
  if (type === "integer") return fc.integer({ min: min ?? 0, max: max ?? (min ?? 0) + 4096 }).map(String);
  if (type === "number")
    return fc.constantFrom("0", "0.5", "1", "2.25", "64").filter((each) => Number(each) >= (min ?? 0));
  if (pattern !== undefined) return fc.stringMatching(new RegExp(`^(?:${pattern.source})$`), { size: "xsmall" });
  const fitting = candidates.filter((each) => format?.(each) === undefined && !(isPart && /[,=]/.test(each)));
  return fc.constantFrom(...fitting);
}

/** Some keys of a property string, those that must be there among them, each key by its own rule where there is one. */
function propertyString(
  { keys, head, aliases = {}, keyed }: PropertyFormat,
  own: Record<string, fc.Arbitrary<string | undefined>> = {},
): fc.Arbitrary<string> {
  const names = Object.keys(keys);
  const optional = names.filter((name) => keys[name]?.required !== true && !(name in own));
  const parts = fc.uniqueArray(fc.constantFrom(...(optional.length > 0 ? optional : [""])), { maxLength: 3 });
  return parts.chain((chosen) => {
    const all = names.filter((name) => chosen.includes(name) || name in own || keys[name]?.required === true);
    const values = fc.tuple(...all.map((name) => own[name] ?? value(keys[name] ?? { type: "string" }, true)));
    return fc
      .tuple(values, fc.boolean(), fc.boolean(), fc.integer({ min: 0, max: 3 }))
      .map(([texts, plain, old, turn]) => {
        const written = all.flatMap((name, n): [string, string][] => {
          const text = texts[n];
          return text === undefined ? [] : [[name, text]];
        });
        const first = written.find(([name]) => name === head);
        const second = keyed && written.find(([name]) => name === keyed.to);
        const rest = written.filter((each) => each !== first && !(plain && keyed !== undefined && each === second));
        const alias = (name: string) => Object.keys(aliases).find((each) => old && aliases[each] === name) ?? name;
        const texts_ = rest.map(([name, text]) => `${alias(name)}=${text}`);
        const turned = [...texts_.slice(turn), ...texts_.slice(0, turn)];
        if (first === undefined) return turned.join(",");
        const shown =
          plain && second !== undefined
            ? `${first[1]}=${second[1]}`
            : plain
              ? first[1]
              : `${alias(first[0])}=${first[1]}`;
        return [shown, ...turned].join(",");
      });
  });
}

// ---- what a guest is made of

const label = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9-]{0,9}[A-Za-z0-9])?$/);
const dnsName = fc.oneof(
  { weight: 6, arbitrary: fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join(".")) },
  { weight: 1, arbitrary: fc.constantFrom("web01", "WEB01", "cloudinit", `${"long-name.".repeat(8)}example`) },
);
const tag = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_][a_.+-]{0,3}$/),
  fc.constantFrom("24.04", "24-04", "10.0.0.5", "a+b", "a.b", "a-b", "cloudinit", "adopt", "proxmox-vm-discovered"),
);
const tags = fc
  .tuple(fc.array(tag, { minLength: 1, maxLength: 4 }), fc.constantFrom(";", ",", " "))
  .map(([all, by]) => all.join(by));
const notes = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom("  indented\n\ttext  ", "two\r\nlines", "see local:cloudinit", "media=cdrom,none", "\n\n"),
);

const mac = fc.tuple(fc.integer({ min: 0, max: 0xffffff }), fc.boolean()).map(([n, lower]) => {
  const text = `BC:24:11:${[16, 8, 0].map((shift) => ((n >> shift) & 255).toString(16).padStart(2, "0")).join(":")}`;
  return lower ? text.toLowerCase() : text.toUpperCase();
});
// Few, as each is an object in NetBox.
const vid = fc.constantFrom(1, 2, 10, 71, 72, 4094);
const range = fc
  .tuple(vid, fc.constantFrom(0, 1, 2, 99, 300))
  .map(([first, more]) => `${first}-${Math.min(4094, first + more)}`);
const trunks = (ranges: boolean) =>
  fc.oneof(
    fc
      .array(fc.oneof(vid.map(String), ...(ranges ? [range] : [])), { minLength: 1, maxLength: 4 })
      .map((all) => all.join(";")),
    fc.constantFrom(
      ...(ranges ? ["2-4094", "10;200-400", "20-22;10", "5;5", "0-5", "22-20", "4000-5000"] : ["10;20", "20;10;10"]),
    ),
  );
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const four = fc
  .tuple(
    fc.integer({ min: 0, max: 2 }),
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(8, 16, 24, 24, 24, 25, 30, 31, 32),
  )
  .map(([third, last, length]) => `10.0.${third}.${last}/${length}`);
const six = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom(48, 64, 64, 127, 128), fc.boolean())
  .map(([last, length, long]) => {
    const hex = last.toString(16);
    return long ? `2001:0DB8:0:0:0:0:0:${hex.toUpperCase()}/${length}` : `2001:db8::${hex}/${length}`;
  });
const gateways = {
  4: fc.constantFrom("10.0.0.1", "10.0.0.254", "10.0.1.1"),
  6: fc.constantFrom("fe80::1", "2001:db8::1", "2001:DB8::FF"),
};

/** `ip`, `gw`, `ip6` and `gw6`, of which a gateway needs an address where the form says so. */
const told = fc
  .record({
    ip: maybe(fc.oneof({ weight: 3, arbitrary: four }, { weight: 1, arbitrary: fc.constantFrom("dhcp", "manual") })),
    gw: maybe(gateways[4]),
    ip6: maybe(
      fc.oneof({ weight: 2, arbitrary: six }, { weight: 1, arbitrary: fc.constantFrom("dhcp", "auto", "manual") }),
    ),
    gw6: maybe(gateways[6]),
  })
  .map(({ ip, gw, ip6, gw6 }) => ({
    ...{ ip, ip6 },
    gw: ip === undefined ? undefined : gw,
    gw6: ip6 === undefined ? undefined : gw6,
  }));
const constants = (values: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(values).map(([key, text]) => [key, fc.constant(text)]));

const propertiesOf = (table: MethodParameters, key: string): PropertyFormat => table[key]?.properties ?? { keys: {} };

/** The slots of a family that a guest has. */
const someSlots = (names: string[], most: number) => fc.uniqueArray(fc.constantFrom(...names), { maxLength: most });

const size = fc.constantFrom("10G", "1.5G", "528K", "4M", "2252M", "10241K", "5368709120", "1T", undefined, undefined);
const storage = fc.constantFrom("local", "ceph", "local-lvm");

function drive(slot: string, vmid: number): fc.Arbitrary<string> {
  const disk = (n: number) =>
    storage.map((name) => `${name}:${name === "local" ? `${vmid}/` : ""}vm-${vmid}-disk-${n}`);
  const isBus = !/^(efi|tpm)/.test(slot);
  const volume = fc.integer({ min: 0, max: 9 }).chain(disk);
  const keys = { file: volume, size, ...(isBus ? { media: fc.constantFrom(undefined, undefined, "disk") } : {}) };
  const other = fc.constantFrom(
    ...["none,media=cdrom", "cdrom,media=cdrom", "local:iso/cloudinit.iso,media=cdrom,size=4M"],
    ...[`ceph:vm-${vmid}-cloudinit,media=cdrom,size=4M`, `media=cdrom,file=local:${vmid}/vm-${vmid}-cloudinit.qcow2`],
    ...[`volume=local-lvm:vm-${vmid}-cloudinit,media=cdrom`, "/dev/disk/by-id/ata-x,size=1T"],
  );
  const made = propertyString(propertiesOf(qemuOptions, slot), { ...keys, "import-from": fc.constant(undefined) });
  return isBus ? fc.oneof({ weight: 3, arbitrary: made }, { weight: 2, arbitrary: other }) : made;
}

function mountPoint(slot: string, vmid: number): fc.Arbitrary<string> {
  const volume = storage.map(
    (name) => `${name}:${name === "local" ? `${vmid}/` : ""}subvol-${vmid}-disk-${slot.length}`,
  );
  const path = fc.constantFrom("/srv/data", "/", "relative/path", "/with space", "/mnt/cloudinit");
  return propertyString(propertiesOf(lxcOptions, slot), {
    ...{ volume: slot === "rootfs" ? volume : fc.oneof(volume, fc.constantFrom("/host/path", "/dev/sdb1")), size },
    ...(slot === "rootfs" ? {} : { mp: path }),
  });
}

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB";
const sshkeys = fc
  .array(fc.constantFrom(`${key}a`, `${key}b admin@example.com`, `  ${key}c`, "# a comment", "", `${key}a`), {
    maxLength: 4,
  })
  .map((lines) => encodeURIComponent(lines.join("\n")));

/** What has a rule of its own: what two programs look at. The rest is made by the tables alone. */
const special: Record<GuestType, Record<string, fc.Arbitrary<string>>> = {
  qemu: {
    ...{ name: dnsName, tags, description: notes, sshkeys },
    ciuser: fc.constantFrom("admin", "two words", "a,b", "ünï"),
    nameserver: fc.constantFrom("10.0.0.53", "10.0.0.53 fd00::53", "10.0.0.53,10.0.0.54", "dns.example.com"),
    searchdomain: fc.constantFrom("example.com", "a.example b.example", "example.com "),
    cores: fc.integer({ min: 1, max: 64 }).map(String),
    sockets: fc.integer({ min: 1, max: 4 }).map(String),
    memory: fc.oneof(
      fc.integer({ min: 16, max: 1_000_000 }).map(String),
      fc.integer({ min: 16, max: 9999 }).map((each) => `current=${each}`),
    ),
  },
  lxc: {
    ...{ hostname: dnsName, tags, description: notes },
    nameserver: fc.constantFrom("10.0.0.53", "10.0.0.53 fd00::53", "dns.example.com"),
    searchdomain: fc.constantFrom("example.com", "a.example b.example"),
    memory: fc.integer({ min: 16, max: 1_000_000 }).map(String),
  },
};
/** No key of a guest's that is there: a lock and a template are other things. */
const left = new Set(["template", "lock"]);
const families = /^(net|ipconfig|scsi|virtio|sata|ide|efidisk|tpmstate|rootfs|mp)\d*$/;

const tables: Record<GuestType, MethodParameters> = { qemu: qemuOptions, lxc: lxcOptions };
/** The keys of a kind of guest that the tables alone make a value of. */
export const plainKeys = (type: GuestType): string[] =>
  Object.keys(tables[type]).filter((name) => !families.test(name) && !left.has(name));

function nic(type: GuestType, slot: number): fc.Arbitrary<string> {
  const common = { bridge: maybe(fc.constantFrom("vmbr0", "vmbr1", "vnet_a")), tag: maybe(vid.map(String)) };
  const properties = propertiesOf(tables[type], `net${slot}`);
  if (type === "qemu")
    return propertyString(properties, {
      ...common,
      macaddr: mac,
      trunks: maybe(trunks(true)),
      mtu: maybe(fc.constantFrom("1", "1500", "9000")),
    });
  const name = fc.constantFrom(`eth${slot}`, `eth${slot}`, "lan", "wan", "vlan10", "br0", "net0", "eth0");
  return told.chain((addresses) =>
    propertyString(properties, { ...common, name, hwaddr: mac, trunks: maybe(trunks(false)), ...constants(addresses) }),
  );
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Any configuration of a virtual machine or container. */
export function anyConfig(type: GuestType, vmid: number): fc.Arbitrary<GuestConfig> {
  const table = tables[type];
  const nics = someSlots(numbers(32).map(String), 3);
  const slots =
    type === "qemu"
      ? someSlots(driveSlots, 4)
      : someSlots(
          numbers(8).map((n) => `mp${n}`),
          2,
        ).map((all) => ["rootfs", ...all]);
  const plain = fc.uniqueArray(
    fc.oneof(fc.constantFrom(...Object.keys(special[type])), fc.constantFrom(...plainKeys(type))),
    { maxLength: 10 },
  );
  return fc.tuple(nics, slots, plain, fc.boolean()).chain(([cards, disks, others, isText]) => {
    const parts: Record<string, fc.Arbitrary<string>> = Object.fromEntries([
      ...others.map((name) => [name, special[type][name] ?? value(table[name] ?? { type: "string" })]),
      ...disks.map((slot) => [slot, type === "qemu" ? drive(slot, vmid) : mountPoint(slot, vmid)]),
      ...cards.map((slot) => [`net${slot}`, nic(type, Number(slot))]),
      ...(type === "lxc"
        ? []
        : cards.map((slot) => [
            `ipconfig${slot}`,
            told.chain((each) => propertyString(propertiesOf(table, `ipconfig${slot}`), constants(each))),
          ])),
    ]);
    return fc.record(parts).map((raw) => {
      const given = Object.fromEntries(Object.entries(raw).filter(([, text]) => text !== ""));
      const accepted = checkParameters(table, given);
      // Old releases and hands write numbers as texts.
      return isText ? given : accepted;
    });
  });
}

/** What a running guest says of itself. */
const anyAgent = (config: GuestConfig, type: GuestType): fc.Arbitrary<SeenMachine["agent"]> => {
  const macs = Object.entries(config).flatMap(([name, text]) =>
    /^net\d+$/.test(name) ? (/([\da-f]{2}(?::[\da-f]{2}){5})/i.exec(String(text))?.[1]?.toUpperCase() ?? []) : [],
  );
  const seen = fc.array(fc.oneof(four, six), { maxLength: 3 });
  return maybe(
    fc.tuple(fc.tuple(...macs.map(() => seen)), fc.tuple(...macs.map(() => seen))).map(([addresses, onVlans]) => ({
      addresses: Object.fromEntries(macs.map((each, n) => [each, addresses[n] ?? []])),
      names: type === "lxc" ? {} : Object.fromEntries(macs.map((each, n) => [each, `ens${18 + n}`])),
      vlans: macs.flatMap((each, n) =>
        (onVlans[n] ?? []).slice(0, 1).map((address) => ({ name: `ens${18 + n}.10`, mac: each, addresses: [address] })),
      ),
    })),
  );
};

/** Any guest of Proxmox VE, as discovery sees it. */
export const anyMachine = (vmid: number): fc.Arbitrary<SeenMachine> =>
  fc
    .constantFrom<GuestType>("qemu", "lxc")
    .chain((type) =>
      anyConfig(type, vmid).chain((config) => fc.tuple(fc.constant({ type, config }), anyAgent(config, type))),
    )
    .chain(([{ type, config }, agent]) =>
      fc.constantFrom("running", "stopped").map(
        (status): SeenMachine => ({
          ...{ vmid, type, node: "pve1", status, tags: [], snapshots: 0, config },
          name: String(
            (type === "qemu" ? config.name : config.hostname) ?? (type === "qemu" ? `VM ${vmid}` : `CT${vmid}`),
          ),
          ...(status === "running" && agent !== undefined ? { agent } : {}),
        }),
      ),
    );
