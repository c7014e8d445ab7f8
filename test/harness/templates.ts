import { readdirSync } from "node:fs";
import { expect, vi } from "vitest";
import type { LabOptions } from "../../lab";
import { templatesGrants } from "../../stacks/access/privileges";
import { ImageServer, qcow2 } from "./images";
import { limitedToken } from "./rights";
import { seedWith, TestSystems } from "./systems";

/** A lab with an image to download, reached by a token that may do what the templates program is given, and by ssh. */
export class TemplateSystems {
  private vmid = 9300;

  private constructor(
    readonly systems: TestSystems,
    readonly images: ImageServer,
    /** Of the nodes, where images are kept while templates are built. */
    readonly folder: string,
  ) {}

  static async open(nodes: LabOptions["nodes"] = {}): Promise<TemplateSystems> {
    // What is said of each step is for people.
    vi.spyOn(console, "log").mockImplementation(() => {});
    const systems = await TestSystems.open(seedWith("[]"), {}, "lab", nodes);
    const images = await ImageServer.open();
    images.files.set("image.qcow2", qcow2(2 * 1024 ** 3, "one"));
    const proxmox = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    const token = limitedToken(systems.lab, templatesGrants, "templates");
    const reach = { ...systems.endpoints, proxmox: { "pve-lab": { ...proxmox, token } } };
    systems.context({ ssh: proxmox.ssh, taskTimeout: 20 }, {}, reach);
    return new TemplateSystems(systems, images, proxmox.ssh.folder);
  }

  async close(): Promise<void> {
    vi.restoreAllMocks();
    await this.images.close();
    await this.systems.close();
  }

  get cluster() {
    return this.systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
  }

  configOf(vmid: number) {
    return this.cluster.guests.get(vmid)?.shown(false) ?? {};
  }

  /** What is left of builds in the nodes' folder. */
  orphans(): string[] {
    return readdirSync(this.folder).filter((name) => !name.endsWith(".lock"));
  }

  /** A template at a VMID of its own. */
  inputs(method: "api" | "ssh", changes: Record<string, unknown> = {}) {
    const { images } = this;
    const checked = { algorithm: "sha256", checksum: images.checksum("image.qcow2") };
    const image = { source: "image", file: "image.qcow2" };
    return {
      cluster: "pve-lab",
      node: "pve1",
      vmid: ++this.vmid,
      owner: "netbox-proxmox/test",
      title: "noble",
      recipe: "0a1b2c3d",
      method,
      storage: "local",
      format: "qcow2",
      ostype: "l26",
      serial: true,
      packages: [],
      commands: [],
      sysprep: method === "ssh",
      name: "noble",
      cores: 1,
      memory: 1024,
      bridge: "vmbr0",
      agent: false,
      tags: ["template"],
      image:
        method === "api"
          ? { ...image, path: "local:import/image.qcow2" }
          : { ...image, ...checked, url: images.url("image.qcow2") },
      ...changes,
    };
  }
}
