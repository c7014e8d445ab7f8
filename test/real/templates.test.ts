import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { templateHandler } from "../../providers/proxmox/nodes/template.handler";
import { realServices } from "../harness/services";
import { TemplateSystems } from "../harness/templates";

// A template over ssh with the real virt-customize and virt-sysprep, of a real Debian image.

const env = { ...process.env, LIBGUESTFS_BACKEND_SETTINGS: "force_tcg" };
let there: TemplateSystems;

beforeAll(async () => {
  there = await TemplateSystems.open({ virt: true });
  const image = join(there.systems.folder, "debian.qcow2");
  const words = ["--partition", "--format=qcow2", "--type=ext4", "--size=+400M", realServices().debian, image];
  const made = spawnSync("virt-make-fs", words, { env, encoding: "utf8" });
  expect(made.stderr).not.toContain("error");
  there.images.files.set("image.qcow2", readFileSync(image));
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
  const look = (...words: string[]) => {
    const [program = "", ...rest] = words;
    return spawnSync(program, ["-a", ready, ...rest], { env, encoding: "utf8" }).stdout;
  };
  expect(look("virt-cat", "/etc/motd")).toBe("it's $HOME\n");
  expect(look("virt-cat", "/etc/machine-id")).toBe("");
  expect(look("virt-ls", "/usr/sbin")).toContain("qemu-ga\n");
  const made = await templateHandler.create(wanted);
  expect(there.configOf(wanted.vmid)).toMatchObject({ template: 1, agent: "enabled=1" });
  await templateHandler.delete(made.id, { ...made.state });
  expect(there.orphans()).toEqual([]);
});

const systems = () => there.systems.lab;
