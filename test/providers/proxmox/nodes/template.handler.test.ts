import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileHandler } from "../../../../providers/proxmox/nodes/storage/file.handler";
import { templateHandler } from "../../../../providers/proxmox/nodes/template.handler";
import { quote } from "../../../../providers/ssh/shell";
import { type ImageServer, qcow2 } from "../../../harness/images";
import type { TestSystems } from "../../../harness/systems";
import { TemplateSystems } from "../../../harness/templates";

const awkward = `it's "50 %"; $(touch pwned) \`id\` \\ *\n--name x`;

describe("a template on Proxmox VE", () => {
  let there: TemplateSystems;
  let systems: TestSystems;
  let images: ImageServer;

  beforeAll(async () => {
    there = await TemplateSystems.open();
    ({ systems, images } = there);
  });
  afterAll(() => there.close());

  const file = () => ({
    cluster: "pve-lab",
    node: "pve1",
    storage: "local",
    content: "import",
    file: "image.qcow2",
    url: images.url("image.qcow2"),
    checksum: images.checksum("image.qcow2"),
    algorithm: "sha256",
  });

  it("is made by the API of a file that the node downloaded, once, and read without drift", async () => {
    const fetched = await fileHandler.create(file());
    expect((await fileHandler.create(file())).id).toBe(fetched.id);
    expect(images.asked.filter((path) => path === "image.qcow2")).toHaveLength(1);
    const wanted = there.inputs("api", { size: "5G" });
    const made = await templateHandler.create(wanted);
    expect((await templateHandler.create(wanted)).id).toBe(made.id);
    expect(there.configOf(wanted.vmid)).toMatchObject({ template: 1, scsi0: expect.stringContaining("size=5G") });
    const read = await templateHandler.read(made.id, { ...made.state });
    expect(templateHandler.diff({ ...read?.state }, wanted).changes).toBe(false);
    await templateHandler.delete(made.id, { ...made.state });
    expect(await templateHandler.read(made.id, { ...made.state })).toBeUndefined();
    expect(there.cluster.storages.owned(wanted.vmid)).toEqual([]);
  });

  it("refuses a file whose content is another one, and leaves nothing of it", async () => {
    const wrong = { ...file(), file: "wrong.qcow2", checksum: "0".repeat(64) };
    await expect(fileHandler.create(wrong)).rejects.toThrow(
      /Unable to fetch local:import\/wrong.qcow2 .*checksum mismatch/s,
    );
    expect(there.cluster.storages.find("pve1", "local:import/wrong.qcow2")).toBeUndefined();
    const overSsh = there.inputs("ssh", { image: { ...there.inputs("ssh").image, checksum: "0".repeat(64) } });
    await expect(templateHandler.create(overSsh)).rejects.toThrow(
      /Unable to download image on Node pve1 of pve-lab: checksum mismatch: got [0-9a-f]{64}, expected 0+ /,
    );
    expect(there.orphans()).toEqual([]);
    expect(there.cluster.guests.has(overSsh.vmid)).toBe(false);
  });

  it("takes awkward texts as they are, in a notes, a command and a file's name", async () => {
    const own = join(systems.folder, `${awkward.replaceAll("/", "")}.qcow2`);
    writeFileSync(own, qcow2(1024 ** 3, "own"));
    const wanted = there.inputs("ssh", {
      notes: awkward,
      commands: [awkward, "--delete /"],
      image: { source: own, file: "own.qcow2", path: own },
    });
    const made = await templateHandler.create(wanted);
    expect(there.configOf(wanted.vmid).description).toContain(awkward);
    expect(there.configOf(wanted.vmid)).toMatchObject({ name: "noble", template: 1 });
    const read = await templateHandler.read(made.id, { ...made.state });
    expect(read?.inputs).toMatchObject({ notes: awkward });
    for (const place of [systems.folder, there.folder, process.cwd()])
      expect(readdirSync(place)).not.toContain("pwned");
    expect(readFileSync(own)).toEqual(qcow2(1024 ** 3, "own"));
    expect(there.orphans()).toEqual([]);
  });

  it("says why a step failed, and goes on when it is mended", async () => {
    const wanted = there.inputs("ssh", { commands: ["exit 1"] });
    await expect(templateHandler.create(wanted)).rejects.toThrow(
      /Unable to prepare the image on Node pve1 of pve-lab: virt-customize: error: exit 1: command exited with an error \(exit status 1\)\. What was done/,
    );
    await templateHandler.create({ ...wanted, commands: [] });
    expect(there.configOf(wanted.vmid).template).toBe(1);
    expect(there.orphans()).toEqual([]);
  });

  it("removes a machine whose disk never came, and makes it anew", async () => {
    const wanted = there.inputs("ssh");
    systems.lab.set({ setup: "storage", cluster: "pve-lab", storage: "local", full: true });
    await expect(templateHandler.create(wanted)).rejects.toThrow(/No space left|unable to create image/);
    systems.lab.set({ setup: "clear" });
    await templateHandler.create(wanted);
    expect(there.configOf(wanted.vmid).template).toBe(1);
    expect(there.cluster.storages.owned(wanted.vmid)).toHaveLength(2);
  });

  it("never touches another guest at its VMID", async () => {
    await expect(templateHandler.create(there.inputs("api", { vmid: 9000 }))).rejects.toThrow(
      /VMID 9000 is taken by debian-12/,
    );
    await expect(templateHandler.create(there.inputs("ssh", { vmid: 9100 }))).rejects.toThrow(/VMID 9100 is taken by/);
    const wanted = there.inputs("api");
    const made = await templateHandler.create(wanted);
    await expect(
      templateHandler.create(there.inputs("api", { vmid: wanted.vmid, recipe: "ffffffff" })),
    ).rejects.toThrow(/is taken by noble/);
    expect(await templateHandler.read(made.id, { ...made.state, recipe: "ffffffff" })).toBeUndefined();
  });

  it("stays while a linked clone needs it, and says so", async () => {
    const wanted = there.inputs("api");
    const made = await templateHandler.create(wanted);
    await systems.clients.proxmox("POST", `/nodes/pve1/qemu/${wanted.vmid}/clone`, { newid: 151, name: "linked" });
    await expect(templateHandler.delete(made.id, { ...made.state })).rejects.toThrow(
      /Unable to remove template noble .*: a linked clone still needs it: make that clone a full one/,
    );
    await systems.clients.proxmox("DELETE", "/nodes/pve1/qemu/151", {});
    await templateHandler.delete(made.id, { ...made.state });
  });

  it("waits for a creation that an interrupted run began", async () => {
    const wanted = there.inputs("api");
    systems.lab.faults.add({ system: "proxmox", call: "POST /nodes/pve1/qemu$", how: "drop after" });
    await expect(templateHandler.create(wanted)).rejects.toThrow(/Unable to build template noble/);
    await templateHandler.create(wanted);
    expect(there.configOf(wanted.vmid).template).toBe(1);
  });
});

describe("a word for a shell", () => {
  it("is quoted whatever is in it", () => {
    expect(quote("it's $x")).toBe(`'it'\\''s $x'`);
  });
});
