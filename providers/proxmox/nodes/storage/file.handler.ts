import { z } from "zod";
import { context } from "../../../context";
import { explained, UserError } from "../../../errors";
import { Progress } from "../../../progress";
import { foundOut, handle } from "../../../resource";
import type { RequestParameters } from "../../api";
import type { ProxmoxCluster } from "../../client";
import { storageVolume } from "../../schemas";
import { proveSystem } from "../../system";
import { proxmoxFile } from "./file";
import { type FileInputs, volumeOf } from "./file.model";

/** A file that a node fetches into a storage: PVE keeps it only once it is whole and its checksum fits. */
export const fileHandler = handle(proxmoxFile, {
  async create(wanted) {
    const cluster = context().cluster(wanted.cluster);
    return explained(`fetch ${titleOf(wanted)}`, async () => {
      const found = await isThere(cluster, wanted);
      if (!found) await fetchFile(cluster, wanted);
      // A cloud image's name has its checksum in it: one that is there is an interrupted run's.
      const isTheirs = found && wanted.content === "vztmpl";
      const state = { ...wanted, volid: volumeOf(wanted), system: await cluster.system() };
      return {
        id: `${wanted.cluster}/${wanted.node}/${volumeOf(wanted)}`,
        state: { ...state, ...(isTheirs ? { found: true } : {}) },
      };
    });
  },

  async read(known) {
    const cluster = context().cluster(known.cluster);
    if (!(await isThere(cluster, known))) {
      await proveSystem(cluster, titleOf(known), known.system);
      return undefined;
    }
    return known;
  },

  update: async (known, wanted) => ({ ...wanted, ...foundOut(proxmoxFile, known) }),

  async delete(known) {
    const cluster = context().cluster(known.cluster);
    if (known.found) return;
    if (!(await isThere(cluster, known))) return proveSystem(cluster, titleOf(known), known.system);
    const { node, storage } = known;
    await explained(`remove ${titleOf(known)}`, () =>
      cluster.task("DELETE", `/nodes/${node}/storage/${storage}/content/${encodeURIComponent(volumeOf(known))}`, {}),
    );
  },
});

const titleOf = (wanted: FileInputs): string => `${volumeOf(wanted)} on ${wanted.node} of ${wanted.cluster}`;

async function isThere(cluster: ProxmoxCluster, wanted: FileInputs): Promise<boolean> {
  const { node, storage, content } = wanted;
  const held = await cluster.get(`/nodes/${node}/storage/${storage}/content`, z.array(storageVolume), { content });
  return held.some(({ volid }) => volid === volumeOf(wanted));
}

async function fetchFile(cluster: ProxmoxCluster, wanted: FileInputs): Promise<void> {
  const { node, storage, content, file, url, checksum, algorithm, insecure } = wanted;
  const progress = new Progress(titleOf(wanted));
  progress.step("is downloaded");
  if (url === undefined) {
    await cluster.task("POST", `/nodes/${node}/aplinfo`, { storage, template: file }, progress.line);
    return;
  }
  const checked: RequestParameters =
    checksum === undefined || algorithm === undefined ? {} : { checksum, "checksum-algorithm": algorithm };
  const verified = { "verify-certificates": insecure ? 0 : 1 };
  await cluster.task(
    "POST",
    `/nodes/${node}/storage/${storage}/download-url`,
    { content, filename: file, url, ...checked, ...verified },
    progress.line,
  );
  if (!(await isThere(cluster, wanted)))
    throw new UserError(`the node downloaded it, and ${storage} doesn't show it: give its token Datastore.Audit there`);
}
