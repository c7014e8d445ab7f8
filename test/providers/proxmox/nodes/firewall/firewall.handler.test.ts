import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { objectDigest } from "../../../../../lab/proxmox/firewall/file";
import { firewallHandler } from "../../../../../providers/proxmox/nodes/firewall/firewall.handler";
import { HttpProxy } from "../../../../harness/proxy";
import { seedWith, TestSystems } from "../../../../harness/systems";

const vmid = 302;
const path = `/nodes/pve1/lxc/${vmid}/firewall`;

describe("a container's firewall", () => {
  let systems: TestSystems;
  let proxy: HttpProxy;
  const firewall = () =>
    systems.lab.proxmox.get("pve-lab")?.cluster.firewall ?? expect.unreachable("the seed has that cluster");

  const web = { type: "in", action: "ACCEPT", proto: "tcp", dport: "443", comment: "web" };
  const ssh = { type: "in", action: "ACCEPT", proto: "tcp", dport: "22", comment: "ssh" };
  const inputs = (changes: Record<string, unknown> = {}) => ({
    cluster: "pve-lab",
    node: "pve1",
    vmid,
    policyIn: "DROP",
    policyOut: "ACCEPT",
    rules: [web, ssh],
    ...changes,
  });
  const person = (method: "POST" | "PUT", below: string, form: Record<string, string | number> = {}) =>
    systems.clients.proxmox(method, `${path}/${below}`, form);
  const comments = () =>
    firewall()
      .guest(vmid)
      .rules.map(({ comment }) => comment);
  /** @param work what a person does before each of the first requests that match @param times how many these are */
  const meanwhile = (method: string, below: RegExp, work: (time: number) => Promise<unknown>, times = 1) => {
    let time = 0;
    proxy.before = async (asked, url) => {
      if (asked === method && below.test(url) && time < times) await work(++time);
    };
  };

  beforeAll(async () => {
    const seed = seedWith("[]");
    const { guests } = seed.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    const config = { hostname: "g302", rootfs: "ceph:1G" };
    guests.push({ node: "pve1", template: false, running: false, vmid, type: "lxc", config });
    systems = await TestSystems.open(seed, {}, "lab");
    const { url, caFile } = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    proxy = await HttpProxy.open(url, caFile);
    systems.context({ url: proxy.url, caFile: undefined }, {}, systems.endpoints);
  });
  afterAll(async () => {
    await proxy?.close();
    await systems.close();
  });
  beforeEach(async () => {
    proxy.before = async () => {};
    firewall().forget(vmid);
    for (const comment of ["third", "second", "first"])
      await person("POST", "rules", { type: "in", action: "ACCEPT", comment, enable: 1 });
  });

  it("is brought to its rules and policies in place of those that are there, and is then unchanged", async () => {
    const made = await firewallHandler.create(inputs());
    expect(made.state).toEqual(inputs());
    expect(comments()).toEqual(["web", "ssh"]);
    expect(firewall().guest(vmid).options).toMatchObject({ enable: 1, policy_in: "DROP", policy_out: "ACCEPT" });
    const writes: string[] = [];
    proxy.before = async (method) => void (method !== "GET" && writes.push(method));
    await firewallHandler.update(made.id, { ...made.state }, inputs());
    expect(writes).toEqual([]);
    const none = await firewallHandler.update(made.id, { ...made.state }, inputs({ rules: [] }));
    expect(none).toEqual(inputs({ rules: [] }));
  });

  it("never has a rule deleted in the place of another, where a person adds one meanwhile", async () => {
    meanwhile("DELETE", /rules/, () => person("POST", "rules", { type: "in", action: "DROP", comment: "person" }));
    const { state } = await firewallHandler.create(inputs());
    expect(comments()).toEqual(["web", "ssh"]);
    expect(state).toEqual(inputs());
  });

  it("has no rule lost that a person moved back meanwhile", async () => {
    meanwhile("DELETE", /rules/, () => person("PUT", "rules/0", { moveto: 5 }), 2);
    await firewallHandler.create(inputs());
    expect(comments()).toEqual(["web", "ssh"]);
  });

  it("has its rules in order, where a person adds one between two of them", async () => {
    let posts = 0;
    proxy.before = async (method, url) => {
      if (method === "POST" && /rules/.test(url) && ++posts === 2)
        await person("POST", "rules", { type: "in", action: "DROP", comment: "person" });
    };
    await firewallHandler.create(inputs());
    expect(comments()).toEqual(["web", "ssh"]);
  });

  it("has its options decided anew, where a person changes one meanwhile", async () => {
    const digests: (string | undefined)[] = [];
    meanwhile("PUT", /options/, () => person("PUT", "options", { policy_in: "REJECT", macfilter: 0 }));
    const ofPerson = proxy.before;
    proxy.before = async (method, url) => {
      if (method === "GET" && url.endsWith("/options")) digests.push(objectDigest(firewall().guest(vmid).options));
      await ofPerson(method, url);
    };
    const { state } = await firewallHandler.create(inputs());
    expect(state).toEqual(inputs());
    expect(firewall().guest(vmid).options).toMatchObject({ policy_in: "DROP", macfilter: 0 });
    // Read for the first write, for the second, and for the state.
    expect(new Set(digests).size).toBe(3);
  });

  it("keeps the last change of others who never stop, and says so in one sentence", async () => {
    const again = (time: number) => person("PUT", "options", { policy_in: time % 2 === 0 ? "ACCEPT" : "REJECT" });
    meanwhile("PUT", /options/, again, Number.POSITIVE_INFINITY);
    await expect(firewallHandler.create(inputs())).rejects.toThrow(
      /^Unable to set the firewall of CT 302 on pve-lab: others changed it three times while this wrote to it: run `pulumi up` again once nobody else edits it$/,
    );
    expect(firewall().guest(vmid).options.policy_in).toBe("REJECT");
    meanwhile(
      "DELETE",
      /rules/,
      () => person("POST", "rules", { type: "in", action: "DROP", comment: "person" }),
      Number.POSITIVE_INFINITY,
    );
    firewall().forget(vmid);
    await person("POST", "rules", { type: "in", action: "ACCEPT", comment: "first" });
    await expect(firewallHandler.create(inputs())).rejects.toThrow(/others changed it three times/);
    expect(comments()).toContain("first");
  });
});
