import { setTimeout as sleep } from "node:timers/promises";
import { refuseWrite } from "../../branch";
import type { NameServerSettings } from "../../connections";
import { UserError } from "../../errors";
import { redact } from "../../http/redact";
import { Ssh } from "../../ssh/client";
import { lackingCommand } from "../../ssh/remedies";
import { absolute, reverseName } from "../names";
import { Zones } from "../zones";
import { ZoneCache } from "./zonecache";

export interface Rrset {
  ttl: number;
  /** As dig prints them. */
  values: string[];
}

/** A zone's RRsets by name and type. */
export type ZoneContent = Map<string, Map<string, Rrset>>;

/** What one record has to change in one zone: all of it happens, or none. Lines of nsupdate. */
export interface ZoneChange {
  prerequisites: string[];
  updates: string[];
}

/** A prerequisite of a change did not hold: someone else changed the zone meanwhile. */
export class PrerequisiteError extends Error {}

interface Waiting extends ZoneChange {
  done: () => void;
  fail: (error: Error) => void;
}

/** Milliseconds in which changes of a zone are gathered into one transaction, and how many fit into one. */
const gathering = 100;
const largest = 400;

const prerequisiteFailures = /update failed: (YXRRSET|NXRRSET|YXDOMAIN|NXDOMAIN)\b/;

/** A BIND 9 reached over ssh: read by AXFR, changed by nsupdate. */
export class NameServer {
  readonly zones: string[];
  /** The view of netbox-dns that it shows; its default one where it is left out. */
  readonly view: string | undefined;
  private readonly byName: Zones<string>;
  private readonly ssh: Ssh;
  private readonly caches = new Map<string, ZoneCache>();
  private readonly queues = new Map<string, Waiting[]>();

  constructor(
    readonly name: string,
    private readonly settings: NameServerSettings,
    /** Of NetBox, that is planned: nothing is written then. */
    private readonly branch?: string,
  ) {
    this.ssh = new Ssh({ title: `Name server ${name}`, setting: `netbox-proxmox:bind9["${name}"]` }, settings);
    this.zones = settings.zones.map(absolute);
    this.byName = new Zones(this.zones.map((zone) => [zone, zone]));
    this.view = settings.view;
  }

  close(): Promise<void> {
    return this.ssh.close();
  }

  zoneOf(name: string): string | undefined {
    return this.byName.of(name)?.zone;
  }

  /** Where the PTR of an address stands: in a classless zone of this server that holds it, else at its own reverse name. */
  pointerOf(address: string): string {
    return this.byName.pointer(address)?.name ?? reverseName(address);
  }

  /** Where the PTR of an address stood before the classless zone came; nothing where no zone here holds that name. */
  formerPointerOf(address: string): string | undefined {
    const name = reverseName(address);
    return this.pointerOf(address) === name || this.zoneOf(name) === undefined ? undefined : name;
  }

  // ---- reading

  /** A zone's content by one AXFR, kept up with our own changes; what others did in the last minute it may not show. */
  content(zone: string): Promise<ZoneContent> {
    return this.cache(zone).get();
  }

  /** Who asks for the zone next sees what others did, too. */
  forget(zone: string): void {
    this.cache(zone).forget();
  }

  private cache(zone: string): ZoneCache {
    const cache = this.caches.get(zone) ?? new ZoneCache(() => this.transfer(zone));
    this.caches.set(zone, cache);
    return cache;
  }

  private async transfer(zone: string): Promise<ZoneContent> {
    const { dnsHost, dnsPort, tsigKeyFile } = this.settings;
    const { stdout, stderr, code } = await this.ssh.run(
      `dig @${dnsHost} -p ${dnsPort} -k '${tsigKeyFile}' +noall +answer +onesoa +time=10 ${zone} AXFR`,
      "",
    );
    const content = parseZone(stdout);
    if (content.get(zone)?.has("SOA")) return content;
    const said = `${stdout}${stderr}`.trim().split("\n").pop() ?? "";
    const lacking = lackingCommand(code, stderr);
    if (lacking !== undefined)
      throw new UserError(`Zone ${zone} can't be read from name server ${this.name}: on its host, ${lacking}.`);
    throw new UserError(
      `Zone ${zone} can't be read from name server ${this.name} (dig: ${redact(said) || `exit ${code}`}): let the key in ${tsigKeyFile} transfer it (allow-transfer), or take it out of netbox-proxmox:bind9["${this.name}"].zones.`,
    );
  }

  // ---- writing

  /** Makes a change, together with what else arrives for the zone. @throws PrerequisiteError, UserError */
  async change(zone: string, { prerequisites, updates }: ZoneChange): Promise<void> {
    refuseWrite(this.branch, `an update of ${zone} on name server ${this.name}`);
    return new Promise((done, fail) => {
      const queue = this.queues.get(zone) ?? [];
      this.queues.set(zone, queue);
      queue.push({ prerequisites, updates, done, fail });
      if (queue.length === 1) void sleep(gathering).then(() => this.flush(zone));
    });
  }

  /** Makes sure that a zone may be updated, by a transaction that changes nothing. @throws UserError */
  async proveUpdate(zone: string): Promise<void> {
    const name = `_netbox-proxmox-doctor.${zone}`;
    const change = { prerequisites: [`prereq nxdomain ${name}`], updates: [`update delete ${name} TXT`] };
    await this.change(zone, change);
  }

  private async flush(zone: string): Promise<void> {
    const queue = this.queues.get(zone) ?? [];
    this.queues.delete(zone);
    for (let start = 0; start < queue.length; start += largest)
      await this.send(zone, queue.slice(start, start + largest));
  }

  /** One transaction. Where it is refused, halves are tried, so that one bad change doesn't take the others with it. */
  private async send(zone: string, changes: Waiting[]): Promise<void> {
    let problem: Error | undefined;
    try {
      problem = await this.nsupdate(zone, changes);
    } catch (error) {
      this.forget(zone);
      for (const { fail } of changes) fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (problem === undefined) {
      this.cache(zone).accepted(changes.flatMap(({ updates }) => updates));
      for (const { done } of changes) done();
    } else if (changes.length === 1) {
      this.forget(zone);
      changes[0]?.fail(problem);
    } else {
      const middle = Math.ceil(changes.length / 2);
      await this.send(zone, changes.slice(0, middle));
      await this.send(zone, changes.slice(middle));
    }
  }

  private async nsupdate(zone: string, changes: Waiting[]): Promise<Error | undefined> {
    const { dnsHost, dnsPort, tsigKeyFile } = this.settings;
    const lines = [
      `server ${dnsHost} ${dnsPort}`,
      `zone ${zone}`,
      // Whether a name will do, the server says.
      "check-names no",
      ...changes.flatMap(({ prerequisites }) => prerequisites),
      ...changes.flatMap(({ updates }) => updates),
      "send",
      "",
    ];
    const { code, stderr } = await this.ssh.run(`nsupdate -v -t 30 -k '${tsigKeyFile}'`, lines.join("\n"));
    if (code === 0) return undefined;
    const failed = prerequisiteFailures.exec(stderr);
    if (failed) return new PrerequisiteError(failed[1]);
    const lacking = lackingCommand(code, stderr);
    if (lacking !== undefined)
      return new UserError(`Zone ${zone} can't be updated on name server ${this.name}: on its host, ${lacking}.`);
    return new UserError(`Name server ${this.name} refuses the update of zone ${zone}: ${this.meaning(stderr)}`);
  }

  private meaning(stderr: string): string {
    const said = redact(stderr.trim().replace(/\n/g, "; "));
    const { tsigKeyFile } = this.settings;
    if (/could not read key/.test(stderr))
      return `there is no TSIG key file ${tsigKeyFile} on the name server that its user can read. Set netbox-proxmox:bind9["${this.name}"].tsigKeyFile.`;
    if (/BADKEY|BADSIG|BADTIME/.test(stderr))
      return `the TSIG key in ${tsigKeyFile} is not the one that BIND knows (${said}).`;
    if (/REFUSED/.test(stderr))
      return `the key in ${tsigKeyFile} may not write this (${said}). Grant it in the zone's update-policy, or thaw the zone if it is frozen (rndc thaw).`;
    if (/NOTAUTH/.test(stderr))
      return `it does not serve the zone as primary (${said}). Take the zone out of netbox-proxmox:bind9["${this.name}"].zones.`;
    if (/Communication with|connection refused|timed out/.test(stderr))
      return `BIND does not answer at ${this.settings.dnsHost}:${this.settings.dnsPort} (${said}). Check that named is up, and .dnsHost and .dnsPort.`;
    return said || "nsupdate is missing there, or failed and said nothing.";
  }
}

/** Lines of `name ttl IN type data`. */
export function parseZone(text: string): ZoneContent {
  const content: ZoneContent = new Map();
  for (const line of text.split("\n")) {
    const [, name, ttl, type, value] = /^(\S+)\s+(\d+)\s+IN\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (name === undefined || type === undefined || value === undefined) continue;
    const types = content.get(absolute(name)) ?? new Map<string, Rrset>();
    const rrset = types.get(type) ?? { ttl: Number(ttl), values: [] };
    if (!rrset.values.includes(value)) rrset.values.push(value);
    types.set(type, rrset);
    content.set(absolute(name), types);
  }
  return content;
}
