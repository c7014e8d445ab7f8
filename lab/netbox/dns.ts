import { isIPv4, isIPv6 } from "node:net";
import { cidr, contains } from "./address";
import type { Database } from "./database";
import { detail, invalid, NetboxError } from "./errors";
import { releases } from "./releases";
import type { LabRow } from "./rows";

const unprintable = (name: string) =>
  name.replace(/[ ()";]/g, (char) => `\\${String(char.charCodeAt(0)).padStart(3, "0")}`);

/** The name of an address in the reverse tree, without a final dot. */
export function arpa(address: string): string {
  if (isIPv4(address)) return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
  const value = cidr(`${address}/128`)?.value ?? 0n;
  return `${[...value.toString(16).padStart(32, "0")].reverse().join(".")}.ip6.arpa`;
}

/** Of addresses that netbox-dns makes records of. */
const activeStatuses = new Set<unknown>(["active", "dhcp", "slaac"]);

const inZone = (name: string, zone: string) => name === zone || name.endsWith(`.${zone}`);

/** The rules of netbox-dns over its records and zones, and DNSsync from addresses. */
export class DnsRules {
  /** Set while the plugin itself writes: its managed records are read-only for everybody else. */
  private managing = 0;

  constructor(private readonly database: Database) {}

  get isManaging(): boolean {
    return this.managing > 0;
  }

  private manage<T>(work: () => T): T {
    this.managing++;
    try {
      return work();
    } finally {
      this.managing--;
    }
  }

  private zoneName(row: LabRow): string {
    return String(this.database.find("dnsZone", row.zone)?.name);
  }

  fqdn(row: LabRow): string {
    return row.name === "@" ? `${this.zoneName(row)}.` : `${row.name}.${this.zoneName(row)}.`;
  }

  display(row: LabRow): string {
    return `${this.fqdn(row).slice(0, -1)} [${row.type}]`;
  }

  active(row: LabRow): boolean {
    return row.status === "active" && this.database.find("dnsZone", row.zone)?.status === "active";
  }

  private records(zone: unknown): LabRow[] {
    return this.database.rows("dnsRecord").filter((row) => row.zone === zone);
  }

  /** The zone of a view that a name is in, the closest one. */
  private closest(view: unknown, name: string): LabRow | undefined {
    return this.database
      .rows("dnsZone")
      .filter((zone) => zone.view === view && inZone(name, String(zone.name)))
      .sort((a, b) => String(b.name).length - String(a.name).length)[0];
  }

  // ---- records

  cleanRecord(next: LabRow, before: LabRow | undefined): void {
    if (before?.managed === true && this.managing === 0)
      invalid({ __all__: [`${this.display(before)} is managed, refusing update`] });
    if (this.managing === 0) next.managed = false;
    if (next.zone === null) invalid({ zone: ["This field is required."] });
    const zone = this.zoneName(next);
    next.name = this.relative(String(next.name), zone);
    const value = String(next.value);
    if ((next.type === "A" && !isIPv4(value)) || (next.type === "AAAA" && !isIPv6(value)))
      invalid({
        value: [`Record value ${value} is not a valid value for a ${next.type} record: Text input is malformed..`],
      });
    if (next.type === "TXT" && !/^[\x20-\x7e]*$/.test(value))
      invalid({ value: [`Record value ${value} for a type TXT record is not a printable ASCII string.`] });
    if (this.active(next)) this.cleanSet(next, zone, before === undefined);
  }

  private relative(name: string, zone: string): string {
    if (!/^(@|\*|[\w*-]+(\.[\w*-]+)*\.?)$/.test(name))
      invalid({ name: [`${unprintable(name)} is not a valid DNS host name`] });
    if (!name.endsWith(".")) return name.toLowerCase();
    const full = name.slice(0, -1).toLowerCase();
    if (!inZone(full, zone)) invalid({ name: [`${name} is not a name in ${zone}`] });
    return full === zone ? "@" : full.slice(0, -zone.length - 1);
  }

  /** What a record must be beside the others of its name. */
  private cleanSet(next: LabRow, zone: string, isNew: boolean): void {
    const { name, type, value } = next;
    const others = this.records(next.zone).filter((row) => row.id !== next.id && row.name === name && this.active(row));
    const same = others.filter((row) => row.type === type);
    const at = `for name ${name} in zone ${zone}`;
    if (same.some((row) => row.value === value && !(row.managed === true || this.managing > 0)))
      invalid({ value: [`There is already an active ${type} record ${at} with value ${value}.`] });
    if (type === "CNAME" && others.length > 0)
      invalid({ type: [`There is already an active record ${at}, CNAME is not allowed.`] });
    if (type !== "CNAME" && others.some((row) => row.type === "CNAME"))
      invalid({ type: [`There is already an active CNAME record ${at}, ${type} is not allowed.`] });
    const ttl = same[0]?.ttl;
    if (same.length === 0 || ttl === next.ttl || !isNew) return;
    if (next.ttl === null) next.ttl = ttl;
    else if (type !== "SOA" && this.managing === 0)
      invalid({ ttl: [`There is at least one active ${type} record ${at} and TTL is different (${ttl}).`] });
  }

  afterRecord(row: LabRow): void {
    this.manage(() => {
      for (const other of this.records(row.zone))
        if (other.id !== row.id && other.name === row.name && other.type === row.type && other.ttl !== row.ttl)
          this.database.patch("dnsRecord", other, { ttl: row.ttl });
      this.pointer(row);
      if (row.type !== "SOA") this.bump(row.zone);
    });
  }

  /** The automatic PTR of an address record, in the reverse zone of its view. */
  private pointer(row: LabRow): void {
    const old = this.database.find("dnsRecord", row.ptr_record);
    const isAddress = row.type === "A" || row.type === "AAAA";
    const name = isAddress ? arpa(String(row.value)) : "";
    const view = this.database.find("dnsZone", row.zone)?.view;
    const zone = isAddress && row.disable_ptr !== true && this.active(row) ? this.closest(view, name) : undefined;
    if (zone === undefined) {
      if (old) this.dropPointer(row, old);
      return;
    }
    const relative = name.slice(0, -String(zone.name).length - 1);
    const wanted = {
      zone: zone.id,
      name: relative,
      type: "PTR",
      value: this.fqdn(row),
      ttl: row.ttl,
      managed: true,
      status: "active",
    };
    if (old && old.zone === zone.id) this.database.update("dnsRecord", old, wanted);
    else {
      const made = this.database.create("dnsRecord", wanted);
      this.database.patch("dnsRecord", row, { ptr_record: made.id });
    }
  }

  private dropPointer(row: LabRow, pointer: LabRow): void {
    if (this.database.find("dnsRecord", row.id)) this.database.patch("dnsRecord", row, { ptr_record: null });
    this.database.remove("dnsRecord", pointer);
  }

  removingRecord(row: LabRow): void {
    if (row.managed === true && this.managing === 0) detail(400, `${this.display(row)} is managed, refusing deletion`);
  }

  removedRecord(row: LabRow): void {
    this.manage(() => {
      const pointer = this.database.find("dnsRecord", row.ptr_record);
      if (pointer) this.database.remove("dnsRecord", pointer);
      this.bump(row.zone);
    });
  }

  // ---- zones

  cleanZone(next: LabRow, before: LabRow | undefined): void {
    const missing = ["soa_mname", "soa_rname"].filter((key) => next[key] === null || next[key] === "");
    if (missing.length > 0)
      invalid(
        Object.fromEntries(missing.map((key) => [key, [`${key} not set and no template or default value defined`]])),
      );
    if (next.view === null) next.view = this.defaultView().id;
    const twin = this.database
      .rows("dnsZone")
      .some((zone) => zone.id !== before?.id && zone.name === next.name && zone.view === next.view);
    if (twin) invalid({ __all__: ["There is already a zone with the same name in this view"] });
  }

  /** Its SOA and NS records, and PTRs of addresses that had no reverse zone until now. */
  afterZone(row: LabRow, isNew: boolean): void {
    this.manage(() => {
      const servers = Array.isArray(row.nameservers) ? row.nameservers : [];
      const wanted = servers.map((id) => `${this.database.find("dnsNameserver", id)?.name}.`);
      const present = this.records(row.id).filter(({ type, managed }) => type === "NS" && managed === true);
      for (const record of present)
        if (!wanted.includes(String(record.value))) this.database.remove("dnsRecord", record);
      for (const value of wanted)
        if (!present.some((record) => record.value === value))
          this.database.create("dnsRecord", { zone: row.id, name: "@", type: "NS", value, managed: true });
      this.bump(row.id);
      if (!isNew) return;
      for (const record of this.database.rows("dnsRecord"))
        if ((record.type === "A" || record.type === "AAAA") && record.ptr_record === null) this.pointer(record);
      for (const address of this.database.rows("ipAddress")) this.syncAddress(address);
    });
  }

  removingZone(row: LabRow): void {
    this.manage(() => {
      for (const record of this.records(row.id))
        if (this.database.find("dnsRecord", record.id)) this.database.remove("dnsRecord", record);
    });
  }

  /** A new serial, in the zone and in its SOA record. */
  private bump(zoneId: unknown): void {
    const zone = this.database.find("dnsZone", zoneId);
    if (zone === undefined) return;
    const serial = Math.max(Math.floor(Date.now() / 1000), Number(zone.soa_serial ?? 0) + 1);
    this.database.patch("dnsZone", zone, { soa_serial: serial });
    const server = this.database.find("dnsNameserver", zone.soa_mname)?.name;
    const { soa_rname, soa_refresh, soa_retry, soa_expire, soa_minimum, soa_ttl } = zone;
    const value = `${server}. ${soa_rname}. ${serial} ${soa_refresh} ${soa_retry} ${soa_expire} ${soa_minimum}`;
    const soa = this.records(zoneId).find(({ type }) => type === "SOA");
    if (soa) this.database.patch("dnsRecord", soa, { value });
    else
      this.database.create("dnsRecord", { zone: zoneId, name: "@", type: "SOA", value, ttl: soa_ttl, managed: true });
  }

  // ---- views and DNSsync

  /** The view that a fresh NetBox has. */
  defaultView(): LabRow {
    return (
      this.database.rows("dnsView").find((view) => view.default_view === true) ??
      this.database.create("dnsView", { name: "_default_", description: "Default View", default_view: true })
    );
  }

  afterView(): void {
    for (const address of this.database.rows("ipAddress")) this.syncAddress(address);
  }

  /** Those of the longest prefix of the address's VRF that is linked to any. */
  private views(address: LabRow): LabRow[] {
    const all = this.database.rows("dnsView");
    const linksOf = ({ prefixes }: LabRow): unknown[] => (Array.isArray(prefixes) ? prefixes : []);
    const [longest] = [...new Set(all.flatMap(linksOf))]
      .flatMap((id) => this.database.find("prefix", id) ?? [])
      .filter(({ vrf, prefix }) => vrf === address.vrf && contains(String(prefix), String(address.address)))
      .sort((a, b) => Number(String(b.prefix).split("/")[1]) - Number(String(a.prefix).split("/")[1]));
    return longest === undefined ? [] : all.filter((view) => linksOf(view).includes(longest.id));
  }

  /** Makes, follows or drops the records of an address's dns_name. */
  syncAddress(address: LabRow): void {
    this.manage(() => {
      const present = this.database.rows("dnsRecord").filter((row) => row.ipam_ip_address === address.id);
      const name = String(address.dns_name ?? "").replace(/\.$/, "");
      const zones = name === "" ? [] : this.views(address).flatMap((view) => this.closest(view.id, name) ?? []);
      const value = String(address.address).split("/")[0] ?? "";
      const status = ["active", "dhcp", "slaac"].includes(String(address.status)) ? "active" : "inactive";
      for (const record of present)
        if (!zones.some(({ id }) => id === record.zone)) this.database.remove("dnsRecord", record);
      for (const zone of zones) {
        const relative = name === zone.name ? "@" : name.slice(0, -String(zone.name).length - 1);
        const wanted = {
          zone: zone.id,
          name: relative,
          type: isIPv6(value) ? "AAAA" : "A",
          value,
          status,
          managed: true,
          ipam_ip_address: address.id,
        };
        const record = present.find((each) => each.zone === zone.id);
        const same = record && Object.entries(wanted).every(([key, each]) => record[key] === each);
        if (!record) this.refuseTwin(wanted, String(zone.name));
        if (record && !same) this.database.update("dnsRecord", record, wanted);
        if (!record) this.database.create("dnsRecord", wanted);
      }
    });
  }

  /** DNSsync raises from a signal where a person's record says the same: an error of the server's, not of a field. */
  private refuseTwin(
    wanted: { zone: number; name: string; type: string; value: string; status: string },
    zone: string,
  ) {
    const { name, type, value, status } = wanted;
    const twin = this.records(wanted.zone).some(
      (row) =>
        row.name === name && row.type === type && row.value === value && row.managed !== true && this.active(row),
    );
    if (!twin || status !== "active") return;
    const said = `There is already an active ${type} record for name ${name} in zone ${zone} with value ${value}.`;
    throw new NetboxError(500, {
      error: `{'value': ['${said}']}`,
      exception: "ValidationError",
      netbox_version: releases[this.database.release],
      python_version: "3.12.1",
    });
  }

  /** netbox-dns refuses a second active address with the same name in one VRF, whatever its role. */
  cleanAddress({ id, address, vrf, dns_name: name, status }: LabRow): void {
    if (name === "" || !activeStatuses.has(status)) return;
    const twin = this.database
      .rows("ipAddress")
      .some(
        (row) =>
          row.id !== id &&
          row.address === address &&
          row.vrf === vrf &&
          row.dns_name === name &&
          activeStatuses.has(row.status),
      );
    if (twin)
      invalid({
        dns_name: [
          `Unique DNS records are enforced and there is already an active IP address ${address} with DNS name ${name}. Please choose a different name or disable record creation for this IP address.`,
        ],
      });
  }

  dropAddress(address: LabRow): void {
    this.manage(() => {
      for (const record of this.database.rows("dnsRecord"))
        if (record.ipam_ip_address === address.id) this.database.remove("dnsRecord", record);
    });
  }
}
