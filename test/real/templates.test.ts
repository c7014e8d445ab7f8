import { execFileSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { templateHandler } from "../../providers/proxmox/nodes/template.handler";
import { realServices } from "../harness/services";
import { TemplateSystems } from "../harness/templates";

// A template over ssh with the real virt-customize and virt-sysprep, of a real Debian image. The test itself makes the image and
// looks into the template without libguestfs: each start of its machine, which is emulated, costs 20 CPU seconds and more.

const start = 2 ** 20;
let there: TemplateSystems;

const run = (program: string, args: string[], input = "") =>
  execFileSync(program, args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });

/** A Debian root as a disk of one partition. */
function diskOf(root: string, folder: string): Buffer {
  const [raw, disk] = [join(folder, "debian.raw"), join(folder, "debian.qcow2")];
  writeFileSync(raw, "");
  truncateSync(raw, 2 ** 30);
  run("sfdisk", ["--quiet", raw], `start=${start / 512}, type=83, bootable\n`);
  run("mke2fs", ["-q", "-t", "ext4", "-d", root, "-E", `offset=${start}`, raw, `${(2 ** 30 - start) / 1024}k`]);
  run("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, disk]);
  return readFileSync(disk);
}

beforeAll(async () => {
  there = await TemplateSystems.open({ virt: true });
  there.images.files.set("image.qcow2", diskOf(realServices().debian, there.systems.folder));
}, 300_000);
afterAll(() => there.close());

it("has what was installed and run, and no identity", { timeout: 600_000 }, async () => {
  const wanted = there.inputs("ssh", {
    packages: ["qemu-guest-agent"],
    agent: true,
    commands: [`echo "it's \\$HOME" > /etc/motd`],
  });
  // The run is cut off once the image is ready, so that it can be looked into.
  systems().faults.watch = ({ system, body }, moment) =>
    system === "node" && moment === "arrived" && body.includes("qm create") ? "drop" : undefined;
  await expect(templateHandler.create(wanted)).rejects.toThrow(/broke/);
  systems().faults.watch = undefined;
  const ready = join(there.folder, there.orphans().find((name) => name.endsWith(".ready")) ?? "none");
  const raw = join(there.systems.folder, "ready.raw");
  run("qemu-img", ["convert", "-O", "raw", ready, raw]);
  const look = (words: string) => run("debugfs", ["-R", words, `${raw}?offset=${start}`]);
  expect(look("cat /etc/motd")).toBe("it's $HOME\n");
  expect(look("cat /etc/machine-id")).toBe("");
  expect(look("ls -p /usr/sbin")).toContain("/qemu-ga/");
  const made = await templateHandler.create(wanted);
  expect(there.configOf(wanted.vmid)).toMatchObject({ template: 1, agent: "enabled=1" });
  await templateHandler.delete(made.id, { ...made.state });
  expect(there.orphans()).toEqual([]);
});

const systems = () => there.systems.lab;
