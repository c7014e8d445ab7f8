import { describe, expect, it } from "vitest";
import { netbox, netboxConfiguration } from "../../../../providers/platform/netbox";
import { scramVerifier } from "../../../../providers/platform/postgresql";
import { isSound, observedFrom } from "../../../../providers/platform/service.model";
import { python, sqlText } from "../../../../providers/platform/steps";
import { prefixOfNetwork } from "../../../../providers/proxmox/nodes/network/network.model";
import { parsePlatform } from "../../../../stacks/platform/desired/file";
import { type PlatformFacts, planPlatform } from "../../../../stacks/platform/desired/plan";
import { choosePlugin, plugins } from "../../../../stacks/platform/desired/plugins";

const template = "local:vztmpl/debian-13.tar.zst";
const yaml = (more = "", netboxMore = "") => `
name: netbox.example.com
node: pve1
template: ${template}
storage: local-lvm
networks: { backend: { bridge: vmbr30, address: 10.30.0.1/24 }, dmz: { bridge: vmbr0 } }
dmz: { address: 192.0.2.10/24, gateway: 192.0.2.1 }
netbox: { version: 4.7.3${netboxMore} }
${more}`;

function plan(text: string, more: Partial<PlatformFacts> = {}) {
  const parsed = parsePlatform(text, "platform.yml");
  if ("problems" in parsed) return { problems: parsed.problems, containers: [], networks: [], check: undefined };
  return planPlatform({
    stack: "p/s",
    file: parsed.value,
    placeOf: parsed.placeOf,
    clusters: ["pve"],
    guests: [],
    nodes: ["pve1"],
    sshNodes: ["pve1"],
    osTemplates: [template],
    certificate: undefined,
    ...more,
  });
}

describe("a plan of NetBox's own containers", () => {
  it("has four containers with addresses, ways out, start order, and holes for each other alone", () => {
    const { problems, containers } = plan(yaml());
    expect(problems).toEqual([]);
    expect(
      containers.map(({ part, inputs }) => [part, inputs.vmid, inputs.networks.net0?.ip, inputs.networks.net0?.gw]),
    ).toEqual([
      ["postgresql", 101, "10.30.0.11/24", "10.30.0.1"],
      ["valkey", 102, "10.30.0.12/24", "10.30.0.1"],
      ["netbox", 100, "10.30.0.10/24", "10.30.0.1"],
      ["nginx", 103, "10.30.0.13/24", undefined],
    ]);
    expect(containers[3]?.inputs.networks.net1).toMatchObject({
      bridge: "vmbr0",
      ip: "192.0.2.10/24",
      gw: "192.0.2.1",
    });
    expect(containers.map(({ inputs }) => inputs.options?.startup)).toEqual([
      ...["order=1,up=15", "order=1,up=15", "order=2,up=15", "order=3,up=15"],
    ]);
    expect(containers.map(({ firewall }) => firewall?.rules.map(({ source, dport }) => `${source} ${dport}`))).toEqual([
      ["10.30.0.10 5432"],
      ["10.30.0.10 6379"],
      ["10.30.0.13 8001"],
      ["undefined 443,80"],
    ]);
  });

  it("lets only those in who are named, and NetBox's own container", () => {
    const { containers } = plan(yaml("firewall: { allowFrom: [198.51.100.0/24] }"));
    expect(containers[3]?.firewall?.rules.map(({ source }) => source)).toEqual(["198.51.100.0/24", "10.30.0.10"]);
    expect(plan(yaml("firewall: { enable: false }")).containers[0]?.firewall).toBeUndefined();
  });

  it("changes no revision with settings or secrets, and another script is another one", () => {
    const revisions = (text: string) => plan(text).containers.map(({ service }) => service.revision);
    expect(revisions(yaml())).toEqual(revisions(yaml()));
    expect(new Set(revisions(yaml())).size).toBe(4);
  });

  it.each([
    ["node: pve2", "node is pve2, which is no node of pve that is online", yaml().replace("node: pve1", "node: pve2")],
    [
      "a template that is not there",
      "template is not on pve1",
      yaml().replace(/template: .*/, "template: local:vztmpl/other.tar.zst"),
    ],
    [
      "two with one vmid",
      "containers give two containers the same vmid",
      yaml("containers: { valkey: { vmid: 100 } }"),
    ],
    [
      "two with one address",
      "has the address 10.30.0.10/24 of another one",
      yaml("containers: { valkey: { address: 10.30.0.10/24 } }"),
    ],
    ["no address", "has no `address`", yaml().replace(", address: 10.30.0.1/24", "")],
    ["an unknown cluster", "reaches names other", yaml("reaches: [other]")],
    [
      "a network of both kinds",
      "name either a bridge or a vnet",
      yaml().replace("bridge: vmbr30", "bridge: vmbr30, vnet: nb"),
    ],
    [
      "a vnet without a zone",
      "a vnet that is made needs its zone",
      yaml().replace("bridge: vmbr30", "vnet: nb, make: true"),
    ],
    [
      "a plugin without a release",
      "netbox.plugins.netbox-secrets has no release for NetBox 4.7.3 that is known here (there is 3.1.2 for 4.6)",
      yaml("", ", plugins: { netbox-secrets: }"),
    ],
    [
      "a release for another NetBox",
      "3.1.2 is for NetBox 4.6 and not for 4.7.3",
      yaml("", ", plugins: { netbox-secrets: 3.1.2 }"),
    ],
    [
      "an unknown plugin",
      "is not known here: write its `version` and `module`",
      yaml("", ", plugins: { netbox-toaster: }"),
    ],
    [
      "configuration of an absent plugin",
      "configures a plugin that `plugins` doesn't name",
      yaml("", ", pluginsConfig: { netbox_dns: {} }"),
    ],
    ["a key that is none", "nam is no key here", yaml("nam: x")],
  ])("refuses %s", (_name, message, text) => {
    expect(plan(text).problems.join("\n")).toContain(message);
  });

  it("refuses a VMID that another guest has, and knows its own containers", () => {
    const other = plan(yaml(), { guests: [{ vmid: 100, name: "web", node: "pve1", part: undefined }] });
    expect(other.problems[0]).toContain("containers.netbox has the vmid 100, which is taken by web on pve1");
    expect(
      plan(yaml(), { guests: [{ vmid: 100, name: "netbox-app", node: "pve1", part: "netbox" }] }).problems,
    ).toEqual([]);
    expect(plan(yaml(), { sshNodes: [] }).problems[0]).toContain(
      'set netbox-proxmox:proxmox["pve"].ssh.nodes["pve1"].host',
    );
  });
});

describe("plugins", () => {
  it("fit the NetBox version, each", () => {
    expect(
      plugins
        .map(({ package: name }) => choosePlugin(name, undefined, undefined, "4.7.3"))
        .filter((each) => typeof each === "string"),
    ).toHaveLength(1);
    expect(choosePlugin("netbox-acls", "2.0.0", undefined, "4.7.3")).toEqual({
      package: "netbox-acls",
      module: "netbox_acls",
      version: "2.0.0",
    });
    expect(choosePlugin("own-plugin", "1.0", "own", "4.7.3")).toEqual({
      package: "own-plugin",
      module: "own",
      version: "1.0",
    });
  });
});

describe("what is written into containers", () => {
  const awkward = `it's "x" \\ $(touch /pwned)\n{}`;

  it("is Python's own form of any value", () => {
    expect(python({ a: [true, null, 1.5, awkward] })).toBe(`{"a": [True, None, 1.5, ${JSON.stringify(awkward)}]}`);
  });

  it("is SQL's own form of any text", () => {
    expect(sqlText("it's")).toBe("'it''s'");
  });

  it("keeps secrets out of scripts and arguments", () => {
    const secrets = {
      databasePassword: "S-db",
      valkeyPassword: "S-vk",
      secretKey: "S-key",
      pepper: "S-pep",
      superuserPassword: "S-su",
      token: "nbt_S-k.S-tok",
    };
    const settings = netbox.settings.parse({
      version: "4.7.3",
      plugins: [],
      pluginsConfig: {},
      listen: "10.30.0.10",
      port: 8001,
      workers: 1,
      allowedHosts: ["x"],
      database: { host: "h", port: 1, name: "netbox", user: "netbox" },
      valkey: { host: "h", port: 2 },
      configuration: {},
      superuser: { name: "admin", email: "a@example.com" },
      backups: 5,
      restoreFrom: "/d",
    });
    const shown = netbox
      .steps(settings, secrets)
      .map(({ title, script, args }) => JSON.stringify([title, script, args]));
    expect(shown.join("\n")).not.toMatch(/S-(db|vk|key|pep|su|tok)/);
    expect(netboxConfiguration(settings, secrets)).toContain('SECRET_KEY = "S-key"');
  });

  it("is the verifier that PostgreSQL itself makes of a password", () => {
    expect(scramVerifier("netbox", "secret")).toMatch(
      /^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/,
    );
    expect(scramVerifier("netbox", "secret")).toBe(scramVerifier("netbox", "secret"));
    expect(scramVerifier("netbox", "other")).not.toBe(scramVerifier("netbox", "secret"));
  });

  it("is sound while its files and units are", () => {
    expect(isSound(observedFrom("files=yes\nnetbox=active\nversion=4.7.3-x\n"))).toBe(true);
    expect(isSound(observedFrom("files=no\nnetbox=active\n"))).toBe(false);
    expect(isSound(observedFrom("files=yes\nnetbox=failed\n"))).toBe(false);
    expect(isSound({})).toBe(false);
  });
});

describe("a network", () => {
  it.each([
    ["10.30.0.1/24", "10.30.0.0/24"],
    ["192.0.2.77/26", "192.0.2.64/26"],
    ["172.16.5.4/12", "172.16.0.0/12"],
  ])("of %s is %s", (address, prefix) => {
    expect(prefixOfNetwork(address)).toBe(prefix);
  });
});
