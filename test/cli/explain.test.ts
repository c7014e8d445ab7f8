import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Explanation, explainGuest, printExplanation } from "../../cli/explain";
import type { Context } from "../../providers/context";
import { readSettings, type Settings } from "../../stacks/settings";
import { seedWith, TestSystems } from "../harness/systems";

interface Made {
  id: number;
}

describe("netbox-proxmox explain", () => {
  let systems: TestSystems;
  let context: Context;
  let cluster: string;
  const settings = (): Settings => {
    const config: Record<string, object> = {
      defaults: { pool: "general", storage: "local-lvm", bridge: "vmbr7", options: { cpu: "host", onboot: 1 } },
      clusters: { [cluster]: { pool: "cluster", options: { cpu: "kvm64" } } },
    };
    const read = readSettings({ get: (key) => (config[key] ? JSON.stringify(config[key]) : undefined) }, [cluster]);
    return "value" in read ? read.value : expect.unreachable(JSON.stringify(read.problems));
  };
  const explained = (word: string) => explainGuest(context, settings(), word);
  const rowOf = ({ values }: Explanation, name: string) => {
    const found = values.filter((each) => each.name === name);
    expect(found).toHaveLength(1);
    return found[0];
  };
  const patch = (path: string, body: object) => systems.clients.netbox("PATCH", path, body);

  beforeAll(async () => {
    systems = await TestSystems.open(
      seedWith(`- { name: web01, memory: 2048, vcpus: 2, disks: [{ name: scsi0, size: 10240 }], interfaces: [{ name: net0 }] }
- { name: db01, disks: [{ name: scsi0, size: 10240 }], interfaces: [{ name: net0 }] }`),
      {},
      "lab",
    );
    context = systems.context({}, {}, systems.endpoints);
    cluster = context.proxmox[0]?.name ?? "";
    const rows = await systems.clients.all<{ id: number; name: string }>("virtualization/virtual-machines");
    const web = rows.find(({ name }) => name === "web01")?.id ?? 0;
    await patch(`virtualization/virtual-machines/${web}/`, {
      custom_fields: { proxmox_vm_storage: "ceph" },
      local_context_data: { proxmox: { ha: "managed" } },
    });
    const contextOf = (name: string, weight: number, data: object) =>
      systems.clients.netbox("POST", "extras/config-contexts/", { name, weight, data }) as Promise<Made>;
    await contextOf("everywhere", 1000, { proxmox: { pool: "all", storage: "slow", ha: "none" } });
    await contextOf("web servers", 2000, { proxmox: { pool: "web", options: { cpu: "max" } } });
  });
  afterAll(() => systems.close());

  it("says of each value where it is from, and what that overrules", async () => {
    const web = await explained("web01");
    expect(web).toMatchObject({ name: "web01", cluster, url: expect.stringMatching(/virtual-machines\/\d+\/$/) });
    expect(rowOf(web, "memory")).toMatchObject({ value: "2048 MiB", source: "NetBox: memory", overrules: [] });
    expect(rowOf(web, "storage")).toMatchObject({
      value: "ceph",
      source: "custom field proxmox_vm_storage",
      overrules: [
        { value: "slow", source: "config context everywhere (proxmox.storage)" },
        { value: "local-lvm", source: "setting netbox-proxmox:defaults.storage" },
      ],
    });
    expect(rowOf(web, "pool")).toMatchObject({
      value: "web",
      source: "config context web servers (proxmox.pool)",
      overrules: [
        { value: "cluster", source: `setting netbox-proxmox:clusters["${cluster}"].pool` },
        { value: "general", source: "setting netbox-proxmox:defaults.pool" },
      ],
    });
    expect(rowOf(web, "ha")).toMatchObject({ source: "config context its local context data (proxmox.ha)" });
    expect(rowOf(web, "option cpu")).toMatchObject({
      value: "cputype=max",
      overrules: [
        { value: "kvm64", source: `setting netbox-proxmox:clusters["${cluster}"].options.cpu` },
        { value: "host", source: "setting netbox-proxmox:defaults.options.cpu" },
      ],
    });
    expect(rowOf(web, "bridge of net0")).toMatchObject({
      value: "vmbr7",
      source: "setting netbox-proxmox:defaults.bridge",
      overrules: [{ value: "vmbr0", source: "this program's default" }],
    });
    expect(rowOf(web, "model of net0")).toMatchObject({ value: "virtio", source: "this program's default" });
    expect(rowOf(await explained("db01"), "vcpus")).toMatchObject({ value: undefined, source: "template" });
  });

  it("finds a guest by its VMID and its cluster, too", async () => {
    const { vmid } = await explained("web01");
    for (const word of [String(vmid), `${cluster}/web01`, `${cluster}/${vmid}`])
      expect((await explained(word)).name).toBe("web01");
  });

  it("leaves the name of a config context out where the token may not see them", async () => {
    const limited = await explainGuest(systems.context(), settings(), "web01");
    expect(rowOf(limited, "pool")).toMatchObject({ value: "web", source: "config context (proxmox.pool)" });
  });

  it("prints a table that a person can read", async () => {
    const [title, , head, ...rows] = printExplanation(await explained("web01"));
    expect(title).toMatch(new RegExp(`^web01 \\(${cluster}/\\d+\\), http`));
    expect(head).toMatch(/^\s+value\s+from\s+overrules$/);
    expect(rows.find((line) => line.startsWith("memory"))).toMatch(/^memory {2,}2048 MiB {2,}NetBox: memory$/);
    const memory = printExplanation(await explained("db01")).find((line) => line.startsWith("vcpus"));
    expect(memory).toMatch(/as the template has it +template/);
  });

  it("names candidates where a name leads to none, or to several guests", async () => {
    await expect(explained("web1")).rejects.toThrow(
      `NetBox at ${systems.endpoints.netbox.url} has no guest web1 on a configured cluster: is web01 meant?`,
    );
    await expect(explained("nothing-like-it")).rejects.toThrow("write its name there, its VMID, or CLUSTER/VMID.");
    const { id: tenant } = (await systems.clients.netbox("POST", "tenancy/tenants/", { name: "t", slug: "t" })) as Made;
    const [{ id: home } = { id: 0 }] = await systems.clients.all<Made>("virtualization/clusters", `&name=${cluster}`);
    await systems.clients.netbox("POST", "virtualization/virtual-machines/", { name: "web01", cluster: home, tenant });
    await expect(explained("web01")).rejects.toThrow(
      new RegExp(`^web01 is 2 guests: write ${cluster}/\\d+ \\(http.*\\) or ${cluster}/\\d+ \\(http.*\\)\\.$`),
    );
  });
});
