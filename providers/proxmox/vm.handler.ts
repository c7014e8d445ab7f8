import { context } from "../context";
import type { Handler } from "../dynamic";
import { messageOf, UserError } from "../errors";
import { findMark, guestUrl, sameMark } from "../mark";
import { type ProxmoxCluster, says, TaskError } from "./client";
import type { GuestConfig } from "./schemas";
import {
  changedFields,
  changesTo,
  descriptionFrom,
  fromApi,
  type Power,
  shrinkProblem,
  uuidFrom,
  type VmInputs,
  type VmState,
  vmInputs,
  vmState,
} from "./vm.model";

/** A QEMU guest: found or cloned, brought to what its inputs say, read back. */
export const vmHandler: Handler = {
  problems(state, inputs) {
    const before = vmInputs.shape.disks.safeParse(state.disks);
    const wanted = vmInputs.shape.disks.safeParse(inputs.disks);
    const problem = before.success && wanted.success ? shrinkProblem(before.data, wanted.data) : undefined;
    if (problem === undefined) return [];
    const parsed = vmInputs.safeParse(inputs);
    const guest = parsed.success ? `${parsed.data.name} (${guestUrl(parsed.data.mark)})` : String(inputs.name);
    return [
      {
        property: "disks",
        reason: `${guest}: ${problem}; set the virtual disk's size in NetBox back, or move the data to a new disk`,
      },
    ];
  },

  diff(state, inputs) {
    return { changes: changedFields(state, inputs).length > 0 };
  },

  async create(raw) {
    const wanted = vmInputs.parse(raw);
    const cluster = context().cluster(wanted.cluster);
    const node = await ensure(cluster, wanted);
    return { id: `${wanted.cluster}/${wanted.vmid}`, state: await sync(cluster, node, wanted, undefined) };
  },

  async read(id, raw) {
    const known = vmState.parse(raw);
    const cluster = context().cluster(known.cluster);
    const guest = await cluster.find(known.vmid);
    const config = guest && (await cluster.config(guest.node, known.vmid));
    if (guest === undefined || config === undefined || !isOurs(config, known)) {
      await proveSystem(cluster, known);
      return undefined;
    }
    const { uuid: _uuid, system: _system, ...wanted } = known;
    const power = await cluster.power(guest.node, known.vmid, known.power);
    const inputs = fromApi(config, { power, pool: guest.pool }, wanted);
    return {
      id,
      inputs,
      state: { ...inputs, uuid: uuidFrom(config), system: await cluster.system() } satisfies VmState,
    };
  },

  async update(_id, rawState, rawInputs) {
    const wanted = vmInputs.parse(rawInputs);
    const cluster = context().cluster(wanted.cluster);
    const guest = await cluster.find(wanted.vmid);
    if (guest === undefined)
      throw new UserError(
        `Unable to update ${title(wanted)}: it is not on Proxmox VE any more. Run \`pulumi refresh\`, then \`pulumi up\` makes it again.`,
      );
    return sync(cluster, guest.node, wanted, vmState.parse(rawState));
  },

  async delete(_id, raw) {
    const known = vmState.parse(raw);
    const cluster = context().cluster(known.cluster);
    const guest = await cluster.find(known.vmid);
    const config = guest && (await cluster.config(guest.node, known.vmid));
    if (guest === undefined || config === undefined) return proveSystem(cluster, known);
    // A stranger at our VMID means that our guest is gone; the stranger is left alone.
    if (!isOurs(config, known)) return proveSystem(cluster, known);
    await explained(`delete ${title(known)}`, async () => {
      await switchTo(cluster, guest.node, known.vmid, "stopped", known.power);
      await cluster.task("DELETE", `/nodes/${guest.node}/qemu/${known.vmid}`, { purge: 1 });
    });
  },
};

const title = ({ vmid, name, mark, cluster }: VmInputs) => `VM ${vmid} ${name} on ${cluster} (${guestUrl(mark)})`;

/** Ours by its mark, or, where someone wrote over its notes, by the identity that PVE gave it. */
function isOurs(config: GuestConfig, known: Pick<VmState, "mark" | "uuid">): boolean {
  if (sameMark(known.mark, findMark(descriptionFrom(config)))) return true;
  return known.uuid !== undefined && findMark(descriptionFrom(config)) === undefined && uuidFrom(config) === known.uuid;
}

/** Only the cluster that a guest was recorded on may say that it is gone. */
async function proveSystem(cluster: ProxmoxCluster, known: VmState): Promise<void> {
  const system = await cluster.system();
  if (known.system !== undefined && system !== known.system)
    throw new UserError(
      `${title(known)} was made on ${known.system}, but ${cluster.name}'s URL now leads to ${system}: set netbox-proxmox:proxmox["${cluster.name}"].url back. Nothing was changed.`,
    );
}

// ---- observe and ensure

/** Finds the guest that an earlier run made, or clones it; @returns its node. */
async function ensure(cluster: ProxmoxCluster, wanted: VmInputs): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const guest = await cluster.find(wanted.vmid);
    const config = guest && (await cluster.config(guest.node, wanted.vmid));
    if (guest && config) {
      if (config.lock === "clone" && findMark(descriptionFrom(config)) === undefined) {
        await awaitClone(cluster, wanted, guest.node);
        continue;
      }
      if (!isOurs(config, wanted)) throw stranger(wanted, guest.node, config);
      return guest.node;
    }
    try {
      await clone(cluster, wanted);
    } catch (error) {
      const text = messageOf(error);
      // Somebody took the VMID between the look and the clone: look again, it may be a run of ours.
      if (attempt < 3 && says.taken(text)) continue;
      throw error;
    }
  }
}

function stranger(wanted: VmInputs, node: string, config: GuestConfig): UserError {
  const mark = findMark(descriptionFrom(config));
  const owner = mark === undefined ? "carries no mark of this program" : `belongs to ${mark.stack} (${guestUrl(mark)})`;
  return new UserError(
    `Unable to create ${title(wanted)}: VMID ${wanted.vmid} on ${node} is taken by ${String(config.name ?? "another guest")}, which ${owner}. Give the guest another VMID in NetBox (custom field proxmox_vmid), or move that guest away.`,
  );
}

/** A guest that is just being cloned has no mark yet: it is waited for if a task of ours makes it. */
async function awaitClone(cluster: ProxmoxCluster, wanted: VmInputs, node: string): Promise<void> {
  const task = await cluster.cloneTaskFor(wanted.vmid);
  if (task === undefined) {
    const config = await cluster.config(node, wanted.vmid);
    if (config?.lock !== "clone") return; // it ended between the two looks
    throw new UserError(
      `Unable to create ${title(wanted)}: VM ${wanted.vmid} on ${node} is locked by a clone that no task of ours runs. If it was interrupted, remove it on ${node} with \`qm unlock ${wanted.vmid} && qm destroy ${wanted.vmid}\`.`,
    );
  }
  await explained(`wait for the running clone of ${title(wanted)}`, () => cluster.wait(task).catch(ignoreTaskEnd));
}

/** How an earlier clone ended shows in what it left. */
function ignoreTaskEnd(error: unknown): void {
  if (!(error instanceof TaskError)) throw error;
}

async function clone(cluster: ProxmoxCluster, wanted: VmInputs): Promise<void> {
  const template = await cluster.find(wanted.template);
  if (template === undefined)
    throw new UserError(
      `Unable to create ${title(wanted)}: template ${wanted.template} is not on ${cluster.name}. Set the custom field proxmox_vm_templates in NetBox to one that is.`,
    );
  await cluster.cloneSlot(wanted.template, () =>
    explained(`clone template ${wanted.template} to ${title(wanted)}`, () =>
      cluster.task("POST", `/nodes/${template.node}/qemu/${wanted.template}/clone`, {
        newid: wanted.vmid,
        name: wanted.name,
        description: wanted.description,
        full: wanted.fullClone ? 1 : 0,
        ...(wanted.fullClone && wanted.storage !== undefined ? { storage: wanted.storage } : {}),
        ...(wanted.pool === undefined ? {} : { pool: wanted.pool }),
        ...(wanted.node !== undefined && wanted.node !== template.node ? { target: wanted.node } : {}),
      }),
    ),
  );
}

// ---- sync

/** Brings the guest to its inputs and reads it back; the mark (or its recorded identity) is compared before anything is written. */
async function sync(
  cluster: ProxmoxCluster,
  node: string,
  wanted: VmInputs,
  known: VmState | undefined,
): Promise<VmState> {
  const path = `/nodes/${node}/qemu/${wanted.vmid}`;
  return explained(`bring ${title(wanted)} to what NetBox says`, async () => {
    await configure(cluster, node, path, wanted, known);
    await pooled(cluster, wanted);
    await switchTo(cluster, node, wanted.vmid, wanted.power, known?.power ?? wanted.power);
    const config = await cluster.config(node, wanted.vmid);
    if (config === undefined) throw new UserError("it vanished while it was configured");
    return {
      ...fromApi(
        config,
        {
          power: await cluster.power(node, wanted.vmid, wanted.power),
          // One request more for the cluster's list: only where somebody names a pool.
          pool: wanted.pool === undefined ? undefined : (await cluster.find(wanted.vmid))?.pool,
        },
        wanted,
      ),
      uuid: uuidFrom(config),
      system: await cluster.system(),
    };
  });
}

async function configure(
  cluster: ProxmoxCluster,
  node: string,
  path: string,
  wanted: VmInputs,
  known: VmState | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const config = await cluster.config(node, wanted.vmid);
    if (config === undefined) throw new UserError("it is not there");
    if (!isOurs(config, { mark: wanted.mark, uuid: known?.uuid })) throw stranger(wanted, node, config);
    const changes = changesTo(config, wanted);
    try {
      if (Object.keys(changes.set).length + changes.remove.length > 0)
        await cluster.write("PUT", `${path}/config`, {
          ...changes.set,
          ...(changes.remove.length > 0 ? { delete: changes.remove.join(",") } : {}),
          digest: String(config.digest ?? ""),
        });
    } catch (error) {
      // Someone else wrote in between: decide anew from what is there now.
      if (attempt < 3 && says.changedMeanwhile(error)) continue;
      throw error;
    }
    for (const { disk, size } of changes.resize) await cluster.task("PUT", `${path}/resize`, { disk, size });
    for (const { disk, storage } of changes.move)
      await cluster.task("POST", `${path}/move_disk`, { disk, storage, delete: 1 });
    const hasDrive = Object.values(config).some((value) => /cloudinit/.test(String(value)));
    if (changes.cloudInit && hasDrive) await cluster.write("PUT", `${path}/cloudinit`, {});
    return;
  }
}

/** Puts a guest into its pool, out of whichever it is in. */
async function pooled(cluster: ProxmoxCluster, { vmid, pool }: VmInputs): Promise<void> {
  if (pool === undefined) return;
  const now = (await cluster.find(vmid))?.pool;
  if (pool === (now ?? "")) return;
  // Out first: only PVE 8.1 and later can move a guest in one call.
  if (now !== undefined) await cluster.write("PUT", "/pools", { poolid: now, vms: vmid, delete: 1 });
  if (pool !== "") await cluster.write("PUT", "/pools", { poolid: pool, vms: vmid });
}

/** Brings a guest to what it should do. A paused one hears no shutdown, so it is resumed first. @param was what it did when it was last seen */
async function switchTo(cluster: ProxmoxCluster, node: string, vmid: number, wanted: Power, was: Power): Promise<void> {
  const now = await cluster.power(node, vmid, was === "paused" ? was : wanted);
  if (now === wanted) return;
  const path = `/nodes/${node}/qemu/${vmid}/status`;
  if (now === "paused") await cluster.task("POST", `${path}/resume`, {});
  if (now === "stopped") await cluster.task("POST", `${path}/start`, {});
  if (wanted === "paused") await cluster.task("POST", `${path}/suspend`, {});
  if (wanted === "stopped") await halt(cluster, node, vmid);
}

/** Shuts a guest down, and stops it where it doesn't listen. */
async function halt(cluster: ProxmoxCluster, node: string, vmid: number): Promise<void> {
  const path = `/nodes/${node}/qemu/${vmid}/status`;
  try {
    await cluster.task("POST", `${path}/shutdown`, { timeout: cluster.shutdownTimeout });
  } catch (error) {
    if (!(error instanceof TaskError) || !says.shutdownTimedOut(error.exitstatus)) throw error;
    await cluster.task("POST", `${path}/stop`, {});
  }
}

/** Chains what was being done to what went wrong. */
async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const text = messageOf(error);
    if (error instanceof UserError && text.startsWith("Unable to")) throw error;
    throw new UserError(`Unable to ${what}: ${text}`);
  }
}
