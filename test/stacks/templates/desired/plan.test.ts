import { describe, expect, it } from "vitest";
import type { GuestResource, NodeResource, StorageResource } from "../../../../providers/proxmox/schemas";
import type { KnownResource } from "../../../../stacks/known";
import { checksumIn } from "../../../../stacks/templates/desired/checksums";
import { parseTemplates } from "../../../../stacks/templates/desired/file";
import { planTemplates } from "../../../../stacks/templates/desired/plan";
import type { Checksum, TemplateCluster, TemplatesFacts } from "../../../../stacks/templates/desired/types";
import { sha256 } from "../../../../stacks/templates/facts";

const node = (name: string, online = true): NodeResource => ({ node: name, online, memory: 1 });
const storage = (
  name: string,
  at: string,
  content: string[],
  more: Partial<StorageResource> = {},
): StorageResource => ({
  node: at,
  storage: name,
  available: true,
  shared: false,
  isFiles: false,
  content,
  ...more,
});
const guest = (vmid: number, more: Partial<GuestResource> = {}): GuestResource => ({
  vmid,
  type: "qemu",
  node: "a",
  name: `g${vmid}`,
  status: "stopped",
  template: false,
  tags: [],
  memory: 1,
  hasHa: false,
  ...more,
});
const clusterWith = (more: Partial<TemplateCluster> = {}): TemplateCluster => ({
  name: "pve",
  nodes: [node("a"), node("b")],
  owners: new Map(),
  linkedClones: new Map(),
  appliances: [],
  storages: ["a", "b"].flatMap((at) => [storage("local", at, ["import", "vztmpl"]), storage("lvm", at, ["images"])]),
  guests: new Map([9000].map((vmid) => [vmid, guest(vmid)])),
  sshNodes: [],
  ...more,
});

function plan(yaml: string, more: Partial<TemplatesFacts> = {}) {
  const parsed = parseTemplates(yaml, "templates.yml");
  if ("problems" in parsed)
    return { templates: [], files: [], choices: [], notes: [], warnings: [], problems: parsed.problems };
  return planTemplates({
    stack: "p/s",
    file: parsed.value,
    placeOf: parsed.placeOf,
    clusters: [clusterWith()],
    known: new Map(),
    checksums: new Map([["debian-13", { algorithm: "sha512", hex: "ab".repeat(64) }]]),
    netbox: undefined,
    digest: sha256,
    ...more,
  });
}

/** What a state has after a plan was carried out. */
const stateOf = ({ templates, files }: ReturnType<typeof plan>): Map<string, KnownResource> =>
  new Map<string, KnownResource>([
    ...templates.map(({ name, inputs }) => [name, { type: "ProxmoxTemplate", properties: { ...inputs } }] as const),
    ...files.map(({ name, inputs }) => [name, { type: "ProxmoxFile", properties: { ...inputs } }] as const),
  ]);
const vmids = ({ templates }: ReturnType<typeof plan>) =>
  templates.map(({ inputs }) => `${inputs.node} ${inputs.vmid} ${inputs.name} ${inputs.tags.join()}`);

const preset = "templates: { debian-13: {} }";

describe("a plan of templates", () => {
  it("makes one for each node of a storage of its own, at the first free ids", () => {
    const made = plan(preset);
    expect(made.problems).toEqual([]);
    expect(vmids(made)).toEqual(["a 9001 debian-13 template", "b 9002 debian-13 template"]);
    expect(made.files.map(({ name }) => name)).toEqual([
      "pve/a/local:import/debian-13-genericcloud-amd64-abababababab.qcow2",
      "pve/b/local:import/debian-13-genericcloud-amd64-abababababab.qcow2",
    ]);
    expect(made.templates[0]?.after).toEqual([made.files[0]?.name]);
    expect(made.templates[0]?.inputs).toMatchObject({
      method: "api",
      cpu: "x86-64-v2-AES",
      agent: false,
      serial: true,
    });
  });

  it("makes one where the storage is shared, and fetches its image once", () => {
    const shared = clusterWith({
      storages: ["a", "b"].flatMap((at) => [storage("nfs", at, ["import", "images"], { shared: true, isFiles: true })]),
    });
    const made = plan(preset, { clusters: [shared] });
    expect(vmids(made)).toEqual(["a 9001 debian-13 template"]);
    expect(made.files.map(({ name }) => name)).toEqual([
      "pve/nfs:import/debian-13-genericcloud-amd64-abababababab.qcow2",
    ]);
    expect(made.templates[0]?.inputs.format).toBe("qcow2");
  });

  it("keeps the ids that it gave, and finds what an interrupted run made", () => {
    const first = plan(preset);
    const recipe = first.templates[1]?.inputs.recipe ?? "";
    const taken = new Map(
      [9000, 9001, 9002, 9003].map((vmid) => [vmid, guest(vmid, vmid === 9003 ? { node: "b" } : {})]),
    );
    const owners = new Map([[9003, { owner: "p/s", title: "debian-13", recipe, builtAt: undefined }]]);
    const known = stateOf(first);
    known.delete(first.templates[1]?.name ?? "");
    const again = plan(preset, { known, clusters: [clusterWith({ guests: taken, owners })] });
    expect(vmids(again)).toEqual(["a 9001 debian-13 template", "b 9003 debian-13 template"]);
  });

  it("builds a newer image beside the old one, which goes unless a linked clone or an absent node keeps it", () => {
    const known = stateOf(plan(preset));
    const newer = new Map([["debian-13", { algorithm: "sha512" as const, hex: "cd".repeat(64) }]]);
    const made = plan(preset, {
      known,
      checksums: newer,
      clusters: [clusterWith({ linkedClones: new Map([[9001, [101, 102]]]) })],
    });
    expect(vmids(made)).toEqual([
      "a 9003 debian-13 template",
      "b 9004 debian-13 template",
      "a 9001 debian-13 template,superseded",
    ]);
    expect(made.notes).toEqual([
      "Template debian-13 (VM 9001 on a) stays: 2 linked clones need it (VM 101, 102).",
      "Template debian-13 (VM 9002 on b) goes: a newer build takes its place.",
    ]);
    const away = plan(preset, {
      known,
      checksums: newer,
      clusters: [clusterWith({ nodes: [node("a"), node("b", false)] })],
    });
    expect(vmids(away)).toEqual(["a 9003 debian-13 template", "b 9002 debian-13 template"]);
    expect(away.notes).toContain("Template debian-13 (VM 9002 on b) stays as it is: its node is offline.");
  });

  it("leaves everything as it is where the list of checksums can't be read", () => {
    const known = stateOf(plan(preset));
    const checksums = new Map([["debian-13", { unread: "its list can't be read" }]]);
    const made = plan(preset, { known, checksums });
    expect(stateOf(made)).toEqual(known);
  });

  it("is no mistake of the file's where the list of checksums can't be read: what was never made waits, and the others don't", () => {
    const url = "https://h/ct_1_amd64.tar.zst";
    const yaml = `templates: { debian-13: {}, x: { image: { url: 'https://h/i.qcow2', checksum: 'sha256:${"ab".repeat(32)}' } } }\nosTemplates: { ct: { url: '${url}', checksumUrl: 'https://h/SUMS', storage: local, nodes: [a] } }`;
    const whole = new Map<string, Checksum>([
      ["debian-13", { algorithm: "sha512", hex: "ab".repeat(64) }],
      ["x", { algorithm: "sha256", hex: "ab".repeat(32) }],
      ["ct", { algorithm: "sha256", hex: "ab".repeat(32) }],
    ]);
    const unread = { unread: "its list can't be read" };
    const away = new Map<string, Checksum>([...whole, ["debian-13", unread], ["ct", unread]]);
    const first = plan(yaml, { checksums: away });
    expect(first.problems).toEqual([]);
    expect(first.templates.map(({ inputs }) => inputs.title)).toEqual(["x", "x"]);
    expect(first.warnings).toEqual([
      "Template debian-13 of pve is not built by this run: its list can't be read.",
      "OS template ct of pve is not fetched by this run: its list can't be read.",
    ]);
    const known = stateOf(plan(yaml, { checksums: whole }));
    const later = plan(yaml, { known, checksums: away });
    expect(stateOf(later)).toEqual(known);
    expect([later.problems, later.warnings]).toEqual([[], []]);
    // What the list lacks is another matter.
    const wrong = plan(preset, { checksums: new Map([["debian-13", { problem: "SUMS lists no such file" }]]) });
    expect(wrong.problems).toEqual(["templates.yml:1:25: templates.debian-13 can't be built: SUMS lists no such file"]);
  });

  it("stays on the node where it was built, and keeps everything of one that is offline", () => {
    const storages = ["a", "b"].flatMap((at) => [
      storage("nfs", at, ["import", "images"], { shared: true, isFiles: true }),
    ]);
    const known = stateOf(plan(preset, { clusters: [clusterWith({ storages })] }));
    const away = plan(preset, { known, clusters: [clusterWith({ storages, nodes: [node("a", false), node("b")] })] });
    expect(away.problems).toEqual([]);
    expect(stateOf(away)).toEqual(known);
    expect(away.notes).toEqual(["Template debian-13 stays as it was built: a is offline."]);
    const own = stateOf(plan(preset));
    const nothing = plan("templates: {}", {
      known: own,
      clusters: [clusterWith({ nodes: [node("a"), node("b", false)] })],
    });
    expect(nothing.files.map(({ inputs }) => inputs.node)).toEqual(["b"]);
    expect(nothing.templates.map(({ inputs }) => inputs.node)).toEqual(["b"]);
  });

  it("takes the way over ssh for what the API can't, and says what it lacks", () => {
    const wanted = "templates: { debian-13: { packages: [vim], nodes: [a] } }";
    expect(plan(wanted).problems).toEqual([
      `templates.yml:1:25: templates.debian-13 is built over ssh (its packages, commands or file need that), and netbox-proxmox:proxmox["pve"].ssh.nodes lacks a`,
    ]);
    const made = plan(wanted, { clusters: [clusterWith({ sshNodes: ["a"] })] });
    expect(made.problems).toEqual([]);
    expect(made.templates[0]?.inputs).toMatchObject({ method: "ssh", packages: ["vim"], sysprep: true, agent: false });
    expect(made.files).toEqual([]);
    const agent = plan("templates: { debian-13: { method: ssh, nodes: [a] } }", {
      clusters: [clusterWith({ sshNodes: ["a"] })],
    });
    expect(agent.templates[0]?.inputs).toMatchObject({ packages: ["qemu-guest-agent"], agent: true });
  });

  it("offers in NetBox what is current, what is superseded after it, and what guests still name", () => {
    const known = stateOf(plan(preset));
    known.set("choices/vm-templates", {
      type: "NetboxChoices",
      properties: {
        choices: [
          ["9001", "debian-13 (a, x)"],
          ["8000", "old one"],
          ["8001", "unused"],
        ],
      },
    });
    const netbox = {
      url: "https://nb",
      templateSet: "vm-templates",
      lxcTemplateSet: undefined,
      used: new Set(["8000"]),
    };
    const made = plan(preset, { known, netbox });
    const recipe = made.templates[0]?.inputs.recipe;
    expect(made.choices.map(({ inputs }) => inputs.choices)).toEqual([
      [
        ["9001", `debian-13 (a, ${recipe})`],
        ["9002", `debian-13 (b, ${recipe})`],
        ["8000", "old one (gone)"],
      ],
    ]);
    expect(plan("choices: false\ntemplates: { debian-13: {} }", { netbox }).choices).toEqual([]);
  });

  it("fetches the newest OS template of a name, and says which it doesn't find", () => {
    const appliances = ["12.7-1", "12.12-1", "12.2-1"].map((version) => ({
      template: `debian-12-standard_${version}_amd64.tar.zst`,
      version,
    }));
    const clusters = [clusterWith({ appliances })];
    const made = plan("osTemplates: { debian: { appliance: debian-12-standard } }", { clusters });
    expect(made.files.map(({ inputs }) => `${inputs.node} ${inputs.file}`)).toEqual([
      "a debian-12-standard_12.12-1_amd64.tar.zst",
      "b debian-12-standard_12.12-1_amd64.tar.zst",
    ]);
    expect(plan("osTemplates: { debian: { appliance: debian-14 } }", { clusters }).problems[0]).toContain(
      "osTemplates.debian.appliance is debian-14, which PVE's list lacks",
    );
  });

  it.each([
    ["templates: { x: {} }", "templates.x has neither an `image` nor a `preset`"],
    ["templates: { x: { preset: debian-11 } }", "templates.x.preset won't do: there is ubuntu-focal"],
    ["templates: { x: { image: { url: 'https://h/i.qcow2' } } }", "a download needs its `checksum`"],
    ["templates: { x: { image: { url: 'https://h/i.qcow2', checksum: 'sha256:zz' } } }", "write ALGORITHM:HEX"],
    ["templates: { x: { image: { path: relative } } }", "write an absolute path on the node"],
    ["templates: { debian-13: { nodes: [c] } }", "templates.debian-13.nodes names c; pve has a, b"],
    [
      "templates: { debian-13: { storage: local } }",
      "templates.debian-13.storage is local, which holds no `images`; there is lvm",
    ],
    ["templates: { debian-13: { cluster: other } }", "templates.debian-13 names the cluster other; there is pve"],
    [
      "templates: { debian-13: { importStorage: lvm } }",
      "is lvm, which holds no content `import` on pve; there is local",
    ],
    [
      "templates: { debian-13: { method: api, packages: [vim] } }",
      "changes its image (packages, commands, sysprep or a file on the node)",
    ],
    ["templates: { debian-13: { packages: ['-x'] } }", "write a package's name"],
    ["templates: { debian-13: { storge: lvm } }", "templates.debian-13.storge is no key here"],
    ["templates: { debian-13: { notes: 'Image: x' } }", "no line of it may begin with"],
    ["templates: { 'Bad name': {} }", "is no key here: write a host name's letters"],
  ])("refuses %s", (yaml, message) => {
    expect(plan(yaml).problems.join("\n")).toContain(message);
  });
});

describe("a list of checksums", () => {
  it.each([
    [`${"a".repeat(64)}  image.qcow2\n${"b".repeat(64)} *other.img`, "other.img", "b".repeat(64)],
    [`# x: 5 bytes\nSHA256 (Rocky 9.qcow2) = ${"C".repeat(64)}\n`, "Rocky 9.qcow2", "c".repeat(64)],
    [`${"a".repeat(128)}  ./image.qcow2\r\n`, "image.qcow2", "a".repeat(128)],
    [`${"a".repeat(64)}  image.qcow2.sig`, "image.qcow2", undefined],
  ])("names each file's", (list, file, expected) => {
    expect(checksumIn(list, file)).toBe(expected);
  });
});
