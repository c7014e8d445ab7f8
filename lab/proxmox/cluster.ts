import { setTimeout as sleep } from "node:timers/promises";
import { Access } from "./access";
import { die } from "./errors";
import { deletions, Guest, identity, newMac, normalizeNet, storedOption } from "./guest";
import type { Values } from "./parameters";
import { parsePropertyString, parseSize, printPropertyString, printSize } from "./propertystring";
import { driveSlots } from "./schema";
import { Storages } from "./storage";
import { type Task, Tasks } from "./tasks";

/** Milliseconds that an operation takes; nothing by default, so that tests are quick. */
export interface ProxmoxLatency {
  api: number;
  clone: number;
  start: number;
  shutdown: number;
}

export interface NodeConfig {
  node: string;
  bridges: string[];
}

const configFile = (guest: { vmid: number; node: string }) => `nodes/${guest.node}/qemu-server/${guest.vmid}.conf`;

/** A Proxmox VE cluster: nodes, guests, storages, tasks and access. Methods are what qemu-server does, routes are thin. */
export class Cluster {
  readonly nodes = new Map<string, NodeConfig>();
  readonly guests = new Map<number, Guest>();
  readonly storages = new Storages();
  readonly tasks = new Tasks();
  readonly access = new Access();
  readonly latency: ProxmoxLatency = { api: 0, clone: 0, start: 0, shutdown: 0 };
  /** Guests that ignore ACPI: a shutdown of one times out. */
  readonly deaf = new Set<number>();
  private readonly fileLocks = new Map<number, Promise<void>>();

  constructor(
    readonly name: string,
    readonly version = { version: "9.2.11", release: "9.2", repoid: "14a22df3" },
  ) {}

  node(name: string): NodeConfig {
    return (
      this.nodes.get(name) ??
      die(`hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known`)
    );
  }

  guest(node: string, vmid: number): Guest {
    const guest = this.guests.get(vmid);
    if (guest === undefined || guest.node !== node)
      return die(`Configuration file '${configFile({ node, vmid })}' does not exist`);
    return guest;
  }

  // ---- creation

  create(
    node: string,
    { vmid, start, pool: _pool, unique: _unique, storage, ...options }: Values,
    authId: string,
  ): string {
    const id = Number(vmid);
    this.refuseTaken(id);
    return this.tasks.run(node, "qmcreate", String(id), authId, async (log) => {
      this.refuseTaken(id);
      const guest = new Guest(id, node);
      for (const [key, value] of Object.entries({ ...identity(), ...options })) {
        if (driveSlots.includes(key))
          guest.config.set(key, this.drive(guest, key, String(value), String(storage ?? "local"), log));
        else guest.config.set(key, storedOption(key, value));
      }
      if (!guest.config.has("boot")) {
        const disk = guest.drives.find(([, text]) => !text.includes("media=cdrom"))?.[0];
        guest.config.set("boot", disk ? `order=${disk}` : "order=");
      }
      this.guests.set(id, guest);
      if (start === 1) await this.startNow(guest);
    });
  }

  clone(
    node: string,
    source: number,
    { newid, name, description, full, storage, target, format }: Values,
    authId: string,
  ): string {
    const template = this.guest(node, source);
    const id = Number(newid);
    const targetNode = String(target ?? node);
    this.node(targetNode);
    const linked = full === undefined ? template.template : full === 0;
    const disks = template.drives.filter(([, text]) => !text.includes("media=cdrom"));
    if (linked && storage !== undefined) die("parameter 'storage' not allowed for linked clones");
    if (linked && format !== undefined) die("parameter 'format' not allowed for linked clones");
    template.checkLock();
    this.refuseTaken(id);
    for (const [slot, text] of disks) {
      const volid = parsePropertyString(text).head ?? "";
      if (linked && !/base-\d+-disk-/.test(volid))
        die(`Linked clone feature is not supported for '${volid}' (${slot})`);
      if (targetNode !== node && !this.storages.get(String(storage ?? volid.split(":")[0])).shared)
        die(`can't clone VM to node '${targetNode}' (VM uses local storage)`);
    }
    if (storage !== undefined) this.storages.get(String(storage));
    return this.tasks.run(node, "qmclone", String(source), authId, (log) =>
      this.withFileLock(id, async () => {
        this.refuseTaken(id);
        const guest = new Guest(id, targetNode);
        guest.config.set("lock", "clone").set("description", " qmclone temporary file");
        this.guests.set(id, guest);
        log(`creating a ${linked ? "linked clone" : "clone"} of VM ${source} with ID ${id}`);
        await sleep(this.latency.clone);
        if (this.guests.get(id) !== guest) return die("clone failed: unable to read VM config");
        guest.config.clear();
        for (const [key, value] of template.config)
          if (!["template", "lock", "description"].includes(key)) guest.config.set(key, value);
        for (const [slot, text] of template.drives)
          guest.config.set(slot, this.cloneDrive(guest, slot, text, linked, storage, log));
        for (const [key, value] of [...guest.config])
          if (/^net\d+$/.test(key))
            guest.config.set(
              key,
              normalizeNet(String(value).replace(/=([0-9A-F]{2}:){5}[0-9A-F]{2}/i, `=${newMac()}`)),
            );
        for (const [key, value] of Object.entries(identity())) guest.config.set(key, value);
        guest.config.set("name", name ?? `Copy-of-VM-${template.name}`);
        if (description !== undefined) guest.config.set("description", description);
      }),
    );
  }

  private refuseTaken(vmid: number): void {
    if (this.guests.has(vmid)) die(`unable to create VM ${vmid}: config file already exists`);
  }

  // ---- configuration

  /** PUT …/config: at once; the values are those of the request, already typed. */
  update(
    guest: Guest,
    {
      delete: remove,
      revert,
      digest,
      skiplock: _skiplock,
      force: _force,
      background_delay: _delay,
      ...options
    }: Values,
  ): void {
    guest.checkDigest(digest);
    const removals = deletions(remove, options);
    if (Object.keys(options).length === 0 && removals.length === 0 && revert === undefined) die("no options specified");
    guest.checkLock();
    const changes = Object.entries(options).map(
      ([key, value]) => [key, driveSlots.includes(key) ? value : storedOption(key, value)] as const,
    );
    for (const key of String(revert ?? "").split(/[;, ]+/)) guest.pending.delete(key);
    for (const key of removals) this.removeOption(guest, key);
    for (const [key, value] of changes) {
      if (driveSlots.includes(key)) this.setDrive(guest, key, String(value));
      else guest.set(key, value);
    }
  }

  private removeOption(guest: Guest, key: string): void {
    const text = String(guest.config.get(key) ?? "");
    if (/^unused\d+$/.test(key)) this.storages.free(parsePropertyString(text).head ?? "");
    else if (driveSlots.includes(key) && text !== "") this.release(guest, text);
    guest.unset(key);
  }

  /** A detached volume stays with its guest as `unusedN`; a cloud-init drive goes. */
  private release(guest: Guest, driveText: string): void {
    const volid = parsePropertyString(driveText).head ?? "";
    if (!this.storages.volumes.has(volid)) return;
    if (volid.includes("cloudinit")) {
      this.storages.free(volid);
      return;
    }
    for (let n = 0; ; n++)
      if (!guest.config.has(`unused${n}`)) {
        guest.config.set(`unused${n}`, volid);
        return;
      }
  }

  private setDrive(guest: Guest, slot: string, text: string): void {
    const before = guest.config.get(slot);
    const volid = parsePropertyString(text).head ?? "";
    const after = this.drive(guest, slot, text, "local", () => {});
    if (before !== undefined && parsePropertyString(String(before)).head !== volid) this.release(guest, String(before));
    for (const [key, value] of [...guest.config])
      if (/^unused\d+$/.test(key) && value === volid) guest.config.delete(key);
    guest.config.set(slot, after);
  }

  /** A drive in the form the configuration file has: `storage:SIZE` allocates, an own volume is attached as it is. */
  private drive(guest: Guest, slot: string, text: string, defaultStorage: string, log: (line: string) => void): string {
    const { head = "", options } = parsePropertyString(text);
    const allocation = /^([^/:\s]+):(\d+(?:\.\d+)?)$/.exec(head);
    const cloudInit = /^([^/:\s]+):cloudinit$/.exec(head);
    if (cloudInit) {
      const volume = this.storages.allocateCloudInit(cloudInit[1] ?? defaultStorage, guest.vmid);
      log(`${slot}: successfully created disk '${volume.volid},media=cdrom'`);
      return printPropertyString({ head: volume.volid, options: { ...options, media: "cdrom" } });
    }
    if (allocation) {
      const { format, ...rest } = options;
      const volume = this.storages.allocate(
        allocation[1] ?? "",
        guest.vmid,
        Math.round(Number(allocation[2]) * 1024 ** 3),
        format,
      );
      const printed = printPropertyString({ head: volume.volid, options: { ...rest, size: printSize(volume.size) } });
      log(`${slot}: successfully created disk '${printed}'`);
      return printed;
    }
    if (head === "none") return printPropertyString({ head, options });
    const volume = this.storages.volumes.get(head) ?? die(`unable to parse volume ID '${head}'`);
    return printPropertyString({
      head,
      options: options.media === "cdrom" ? options : { ...options, size: printSize(volume.size) },
    });
  }

  private cloneDrive(
    guest: Guest,
    slot: string,
    text: string,
    linked: boolean,
    storage: Values[string] | undefined,
    log: (line: string) => void,
  ): string {
    const { head = "", options } = parsePropertyString(text);
    const source = this.storages.volumes.get(head);
    if (source === undefined) return text;
    if (head.includes("cloudinit")) {
      log(`create full clone of drive ${slot} (${head})`);
      const volume = this.storages.allocateCloudInit(String(storage ?? source.storage), guest.vmid);
      return printPropertyString({ head: volume.volid, options });
    }
    log(linked ? `create linked clone of drive ${slot} (${head})` : `create full clone of drive ${slot} (${head})`);
    const target = linked ? source.storage : String(storage ?? source.storage);
    const volume = this.storages.allocate(target, guest.vmid, source.size, source.format, linked ? source : undefined);
    return printPropertyString({ head: volume.volid, options: { ...options, size: printSize(volume.size) } });
  }

  resize(node: string, vmid: number, { disk, size, digest }: Values, authId: string): string {
    return this.tasks.run(node, "resize", String(vmid), authId, async (log) => {
      const guest = this.guest(node, vmid);
      guest.checkDigest(digest);
      guest.checkLock();
      const slot = String(disk);
      const text = guest.config.get(slot) ?? die(`disk '${slot}' does not exist`);
      const { head = "", options } = parsePropertyString(String(text));
      if (options.media === "cdrom") die("you can't resize a cdrom");
      const volume = this.storages.volumes.get(head) ?? die(`unable to find volume '${head}'`);
      const wanted = String(size).startsWith("+")
        ? volume.size + parseSize(String(size).slice(1))
        : parseSize(String(size));
      if (wanted < volume.size) die("shrinking disks is not supported");
      if (wanted === volume.size) return;
      volume.size = wanted;
      guest.config.set(slot, printPropertyString({ head, options: { ...options, size: printSize(wanted) } }));
      if (!guest.running) log("Image resized.");
    });
  }

  /** POST …/move_disk to another storage; the old volume stays as `unusedN` unless it is to be deleted. */
  moveDisk(guest: Guest, { disk, storage, delete: remove, digest }: Values, authId: string): string {
    guest.checkDigest(digest);
    guest.checkLock();
    const slot = String(disk);
    const { head = "", options } = parsePropertyString(
      String(guest.config.get(slot) ?? die(`disk '${slot}' does not exist`)),
    );
    const source = this.storages.volumes.get(head) ?? die(`unable to find volume '${head}'`);
    if (source.storage === storage) die("you can't move to the same storage with same format");
    return this.tasks.run(guest.node, "qmmove", String(guest.vmid), authId, async (log) => {
      log(`create full clone of drive ${slot} (${head})`);
      const volume = this.storages.allocate(String(storage), guest.vmid, source.size, source.format);
      log(`allocated target volume '${volume.volid}'`);
      guest.config.set(slot, printPropertyString({ head: volume.volid, options }));
      if (remove === 1) this.storages.free(head);
      else this.release(guest, head);
    });
  }

  convertToTemplate(guest: Guest, authId: string): string {
    if (guest.template) die("you can't convert a template to a template");
    if (guest.running) die("you can't convert a VM to template if VM is running");
    guest.checkLock();
    return this.tasks.run(guest.node, "qmtemplate", String(guest.vmid), authId, async () => {
      for (const [slot, text] of guest.drives) {
        const { head = "", options } = parsePropertyString(text);
        if (options.media !== "cdrom")
          guest.config.set(slot, printPropertyString({ head: this.storages.toBase(head), options }));
      }
      guest.config.set("template", 1);
    });
  }

  // ---- power

  start(node: string, vmid: number, authId: string): string {
    return this.tasks.run(node, "qmstart", String(vmid), authId, async (log) => {
      if (this.fileLocks.has(vmid)) {
        await Promise.race([this.fileLocks.get(vmid), sleep(10_000, undefined, { ref: false })]);
        if (this.fileLocks.has(vmid)) {
          log("trying to acquire lock...");
          die(`can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`);
        }
      }
      const guest = this.guest(node, vmid);
      guest.checkLock();
      if (guest.template) die("you can't start a vm if it's a template");
      if (guest.running) die(`VM ${vmid} already running`);
      for (const [key, value] of guest.config) {
        const bridge = /^net\d+$/.test(key) ? parsePropertyString(String(value)).options.bridge : undefined;
        if (bridge !== undefined && !this.node(node).bridges.includes(bridge)) die(`bridge '${bridge}' does not exist`);
      }
      if (guest.drives.some(([, text]) => text.includes("cloudinit"))) log("generating cloud-init ISO");
      await this.startNow(guest);
    });
  }

  private async startNow(guest: Guest): Promise<void> {
    await sleep(this.latency.start);
    guest.applyPending();
    guest.running = true;
    guest.startedAt = Date.now();
  }

  private halt(guest: Guest): void {
    guest.running = false;
    guest.applyPending();
  }

  stop(guest: Guest, authId: string): string {
    return this.tasks.run(guest.node, "qmstop", String(guest.vmid), authId, async () => {
      guest.checkLock();
      this.halt(guest);
    });
  }

  shutdown(guest: Guest, { timeout, forceStop }: Values, authId: string): string {
    return this.tasks.run(guest.node, "qmshutdown", String(guest.vmid), authId, async (log) => {
      guest.checkLock();
      if (!guest.running) return;
      const deadline = Number(timeout ?? 180) * 1000;
      const needed = this.deaf.has(guest.vmid) ? Number.POSITIVE_INFINITY : this.latency.shutdown;
      await sleep(Math.min(needed, deadline));
      if (needed > deadline) {
        if (forceStop !== 1) die("VM quit/powerdown failed - got timeout");
        log("VM still running - terminating now with SIGTERM");
      }
      this.halt(guest);
    });
  }

  reboot(guest: Guest, authId: string): string {
    if (!guest.running) die(`VM ${guest.vmid} not running`);
    return this.tasks.run(guest.node, "qmreboot", String(guest.vmid), authId, async () => {
      await sleep(this.latency.shutdown);
      this.halt(guest);
      await this.startNow(guest);
    });
  }

  destroy(guest: Guest, { purge }: Values, authId: string): string {
    if (guest.config.get("protection") === 1) die(`can't remove VM ${guest.vmid} - protection mode enabled`);
    if (guest.running) die(`VM ${guest.vmid} is running - destroy failed`);
    return this.tasks.run(guest.node, "qmdestroy", String(guest.vmid), authId, (log) =>
      this.withFileLock(guest.vmid, async () => {
        this.guest(guest.node, guest.vmid);
        guest.checkLock();
        for (const volume of this.volumesOf(guest.vmid))
          if (this.storages.clonesOf(volume.volid).length > 0)
            die(`base volume '${volume.volid}' is still in use by linked cloned`);
        for (const volume of this.volumesOf(guest.vmid)) this.storages.free(volume.volid);
        this.guests.delete(guest.vmid);
        if (purge === 1) log(`purging VM ${guest.vmid} from related configurations..`);
      }),
    );
  }

  volumesOf(vmid: number) {
    return [...this.storages.volumes.values()].filter((volume) => volume.vmid === vmid);
  }

  /** One holder at a time of a guest's lock file; a waiter goes on when it is free. */
  private async withFileLock(vmid: number, work: () => Promise<void>): Promise<void> {
    while (this.fileLocks.has(vmid)) await this.fileLocks.get(vmid);
    const done = work().finally(() => this.fileLocks.delete(vmid));
    this.fileLocks.set(
      vmid,
      done.catch(() => {}),
    );
    await done;
  }

  // ---- listings

  /** A guest as `…/qemu` lists it. */
  vmStatus(guest: Guest): Values {
    const config = guest.config;
    const maxmem = Number(config.get("memory") ?? 512) * 1024 ** 2;
    const disk = guest.drives
      .map(([, text]) => parsePropertyString(text))
      .find(({ options }) => options.size !== undefined && options.media !== "cdrom");
    return {
      vmid: guest.vmid,
      name: guest.name,
      status: guest.running ? "running" : "stopped",
      cpus: Number(config.get("cores") ?? 1) * Number(config.get("sockets") ?? 1),
      maxmem,
      maxdisk: disk ? parseSize(disk.options.size ?? "0") : 0,
      mem: guest.running ? Math.round(maxmem / 4) : 0,
      cpu: 0,
      disk: 0,
      netin: 0,
      netout: 0,
      memhost: guest.running ? maxmem : 0,
      uptime: guest.running ? Math.floor((Date.now() - guest.startedAt) / 1000) : 0,
      ...(guest.running ? { pid: 1000 + guest.vmid } : {}),
      ...(config.has("serial0") ? { serial: 1 } : {}),
      ...(guest.template ? { template: 1 } : {}),
      ...(guest.lock === undefined ? {} : { lock: guest.lock }),
      ...(config.has("tags") && config.get("tags") !== " " ? { tags: String(config.get("tags")) } : {}),
    };
  }

  resources(kind?: string): Values[] {
    const guests = [...this.guests.values()].map((guest) => {
      const { cpus, pid: _pid, serial: _serial, ...status } = this.vmStatus(guest);
      return {
        id: `qemu/${guest.vmid}`,
        type: "qemu",
        node: guest.node,
        ...status,
        maxcpu: cpus ?? 1,
        diskread: 0,
        diskwrite: 0,
        template: guest.template ? 1 : 0,
      };
    });
    const nodes = [...this.nodes.keys()].map((node) => ({
      id: `node/${node}`,
      type: "node",
      node,
      status: "online",
      level: "",
      maxcpu: 8,
      maxmem: 64 * 1024 ** 3,
      mem: 8 * 1024 ** 3,
      cpu: 0,
      disk: 0,
      maxdisk: 270553174016,
      uptime: 6830,
      "cgroup-mode": 2,
    }));
    const storages = [...this.nodes.keys()].flatMap((node) =>
      [...this.storages.configs.values()]
        .filter((storage) => storage.nodes === undefined || storage.nodes.includes(node))
        .map((storage) => ({
          id: `storage/${node}/${storage.storage}`,
          type: "storage",
          node,
          storage: storage.storage,
          status: "available",
          content: storage.content,
          plugintype: storage.type,
          shared: storage.shared ? 1 : 0,
          maxdisk: storage.total ?? 270553174016,
          disk: 30434803712,
        })),
    );
    if (kind === "vm") return guests;
    if (kind === "node") return nodes;
    if (kind === "storage") return storages;
    return [...guests, ...nodes, ...storages];
  }

  tasksOf(node: string, { source, vmid, typefilter, limit }: Values): Record<string, unknown>[] {
    const wanted = (task: Task) => {
      const active = task.exitstatus === undefined;
      const bySource = source === "active" ? active : source === "all" ? true : !active;
      return (
        task.node === node &&
        bySource &&
        (vmid === undefined || task.id === String(vmid)) &&
        (typefilter === undefined || task.type === typefilter)
      );
    };
    return [...this.tasks.all.values()]
      .filter(wanted)
      .reverse()
      .slice(0, Number(limit ?? 50))
      .map((task) => this.tasks.row(task));
  }
}
