import { context, former } from "../../context";
import { explained, messageOf, UserError } from "../../errors";
import { type MarkOwner, ownerOf, renewedText } from "../../ownership/owner";
import { Progress } from "../../progress";
import { handle } from "../../resource";
import type { ProxmoxCluster } from "../client";
import { says } from "../errors";
import { parseSize } from "../propertystring";
import type { GuestConfig } from "../schemas";
import { proveSystem, proveVisible } from "../system";
import { configText, descriptionFrom } from "./guest.model";
import { proxmoxTemplate } from "./template";
import {
  changeableFrom,
  disksTo,
  findTemplateOwner,
  machineTo,
  type TemplateInputs,
  type TemplateState,
  templateChanges,
  templateDiskSize,
  templateState,
} from "./template.model";
import { attachOverSsh, importOverSsh, removeOverSsh } from "./template.ssh";

/** A template made of an image: built step by step, and gone on with where an interrupted run left it. */
export const templateHandler = handle(proxmoxTemplate, {
  async create(wanted) {
    const cluster = context().cluster(wanted.cluster);
    return { id: `${wanted.cluster}/${wanted.vmid}`, state: await build(cluster, wanted) };
  },

  async read(known) {
    const cluster = context().cluster(known.cluster);
    const there = await locate(cluster, known);
    if (there === undefined || !isOurs(there.config, known)) {
      await proveSystem(cluster, titleOf(known), known.system);
      await proveVisible(cluster, titleOf(known), known.vmid, undefined);
      return undefined;
    }
    return observed(known, there.config, known.system);
  },

  async update(known, wanted) {
    const cluster = context().cluster(wanted.cluster);
    if (known.unfinished) return build(cluster, wanted);
    return explained(`change ${titleOf(wanted)}`, async () => {
      const there = await locate(cluster, wanted);
      // The mark that state has is as good: a stack that was renamed writes it anew.
      if (there === undefined || ![wanted, known].some((each) => isOurs(there.config, each)))
        throw new UserError("it is not there any more: run `pulumi refresh`, then `pulumi up` builds it again");
      return sync(cluster, wanted, there.config);
    });
  },

  async delete(known) {
    const cluster = context().cluster(known.cluster);
    const there = await locate(cluster, known);
    if (there === undefined || !isOurs(there.config, known)) {
      await proveSystem(cluster, titleOf(known), known.system);
      return proveVisible(cluster, titleOf(known), known.vmid, undefined);
    }
    await explained(`remove ${titleOf(known)}`, async () => {
      const owner = ownerOfTemplate(there.config, known);
      if (owner.of === "renewed") throw new UserError(renewedText(owner.stack, known.owner));
      try {
        await cluster.task("DELETE", `/nodes/${there.node}/qemu/${known.vmid}`, { purge: 1 });
      } catch (error) {
        if (!says.stillCloned(messageOf(error))) throw error;
        throw new UserError(
          "a linked clone still needs it: make that clone a full one (move its disk to another storage), or remove it, then run again",
        );
      }
    });
    if (known.method === "ssh") await removeOverSsh(context().shell(known.cluster, known.node), known);
  },
});

const titleOf = ({ vmid, title, node, cluster }: TemplateInputs): string =>
  `template ${title} (VM ${vmid} on ${node} of ${cluster})`;

/** Ours, and of this recipe: by the line in its notes. */
function isOurs(config: GuestConfig, { owner, title, recipe }: TemplateInputs): boolean {
  return ["us", "renewed"].includes(ownerOfTemplate(config, { owner, title, recipe }).of);
}

function ownerOfTemplate(config: GuestConfig, wanted: Pick<TemplateInputs, "owner" | "title" | "recipe">): MarkOwner {
  const found = findTemplateOwner(descriptionFrom(config));
  if (found === undefined || found.title !== wanted.title || found.recipe !== wanted.recipe) return { of: "nobody" };
  return ownerOf(wanted.owner, { stack: found.owner }, former());
}

async function locate(
  cluster: ProxmoxCluster,
  { vmid }: Pick<TemplateInputs, "vmid">,
): Promise<{ node: string; config: GuestConfig } | undefined> {
  const guest = await cluster.find(vmid);
  if (guest?.type !== "qemu") return undefined;
  const seen = await cluster.guest("qemu", guest.node, vmid);
  return seen && { node: guest.node, config: seen.config };
}

/** The template as its configuration says. */
function observed(wanted: TemplateInputs, config: GuestConfig, system: string): TemplateState {
  const seen = changeableFrom(config);
  const { builtAt = "unknown" } = findTemplateOwner(descriptionFrom(config)) ?? {};
  const { cpu: _cpu, tag: _tag, notes: _notes, ...rest } = wanted;
  const unfinished = config.template === 1 ? {} : { unfinished: true };
  return templateState.parse({ ...rest, ...seen, builtAt, system, ...unfinished });
}

const today = (): string => new Date().toISOString().slice(0, 10);

/** From whatever is there to a finished template. */
function build(cluster: ProxmoxCluster, wanted: TemplateInputs): Promise<TemplateState> {
  const progress = new Progress(titleOf(wanted));
  return explained(`build ${titleOf(wanted)}`, async () => {
    for (let attempt = 1; ; attempt++) {
      const there = await locate(cluster, wanted);
      if (there === undefined) {
        const taken = await cluster.find(wanted.vmid);
        if (taken !== undefined) throw stranger(wanted, taken.name);
        await make(cluster, wanted, progress);
        continue;
      }
      const { node, config } = there;
      // What is just being created has no notes yet.
      if (config.lock === "create" && attempt <= 3) {
        progress.step("waits for the task that creates it");
        await awaitCreation(cluster, wanted.vmid);
        continue;
      }
      if (!isOurs(config, wanted) || node !== wanted.node) throw stranger(wanted, String(config.name ?? "a VM"));
      if (config.template === 1) return sync(cluster, wanted, config);
      if (templateDiskSize(config) === undefined && config.unused0 === undefined) {
        if (attempt > 3) throw new UserError("its disk vanishes as soon as it is made");
        progress.step("removes what an interrupted run left");
        await cluster.task("DELETE", `/nodes/${node}/qemu/${wanted.vmid}`, {
          purge: 1,
          "destroy-unreferenced-disks": 1,
        });
        continue;
      }
      await finish(cluster, wanted, config, progress);
    }
  });
}

function stranger({ vmid }: TemplateInputs, name: string): UserError {
  return new UserError(
    `VMID ${vmid} is taken by ${name}, which this stack's template is not; nothing was done to it. Set another \`vmid\` for the template, or move that guest away`,
  );
}

async function make(cluster: ProxmoxCluster, wanted: TemplateInputs, progress: Progress): Promise<void> {
  const { method, node, vmid, storage, format, image } = wanted;
  if (method === "api") {
    progress.step("imports its disk");
    // One call, which carries its notes: there is all of it or nothing.
    const made = {
      ...machineTo(wanted, today()),
      ...disksTo(wanted, `${storage}:0,import-from=${image.path}${format === undefined ? "" : `,format=${format}`}`),
    };
    return cluster.task("POST", `/nodes/${node}/qemu`, { vmid, ...made }, progress.line);
  }
  await importOverSsh(context().shell(wanted.cluster, wanted.node), wanted, today(), progress);
  cluster.forget();
}

/** A machine that is there with its disk becomes a template. */
async function finish(
  cluster: ProxmoxCluster,
  wanted: TemplateInputs,
  config: GuestConfig,
  progress: Progress,
): Promise<void> {
  const path = `/nodes/${wanted.node}/qemu/${wanted.vmid}`;
  if (wanted.method === "ssh" && configText(config, "scsi0") === undefined) {
    progress.step("attaches its disk");
    await attachOverSsh(context().shell(wanted.cluster, wanted.node), wanted, configText(config, "unused0") ?? "");
    cluster.forget();
    return;
  }
  const size = wanted.size === undefined ? 0 : parseSize(wanted.size);
  if (size > (templateDiskSize(config) ?? 0))
    await cluster.task("PUT", `${path}/resize`, { disk: "scsi0", size: wanted.size ?? "" });
  progress.step("becomes a template");
  await cluster.task("POST", `${path}/template`, {});
  if (wanted.method === "ssh") await removeOverSsh(context().shell(wanted.cluster, wanted.node), wanted);
}

async function awaitCreation(cluster: ProxmoxCluster, vmid: number): Promise<void> {
  const task = (await cluster.makingTasks()).find(({ type, id }) => type === "qmcreate" && id === String(vmid));
  if (task === undefined)
    throw new UserError(
      `VM ${vmid} is locked by a creation that no task of ours runs. If it was interrupted, remove it on its node with \`qm unlock ${vmid} && qm destroy ${vmid}\`, then run again`,
    );
  // How it ended shows in what it left.
  await cluster.wait(task.upid).catch(() => {});
}

/** Brings what can change in place to what is wanted. */
async function sync(cluster: ProxmoxCluster, wanted: TemplateInputs, config: GuestConfig): Promise<TemplateState> {
  const { builtAt = today() } = findTemplateOwner(descriptionFrom(config)) ?? {};
  const changes = templateChanges(config, wanted, builtAt);
  const system = await cluster.system();
  if (changes === undefined) return observed(wanted, config, system);
  await cluster.write("PUT", `/nodes/${wanted.node}/qemu/${wanted.vmid}/config`, {
    ...changes,
    digest: String(config.digest ?? ""),
  });
  const there = await locate(cluster, wanted);
  if (there === undefined) throw new UserError("it vanished while it was configured");
  return observed(wanted, there.config, system);
}
