import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { readConnections } from "../../providers/connections";
import { Context } from "../../providers/context";
import { access as accessProgram } from "../../stacks/access";
import { discovery as discoveryProgram } from "../../stacks/discovery";
import { runInEngine } from "../../stacks/engine";
import { intent as intentProgram } from "../../stacks/intent";
import { platform as platformProgram } from "../../stacks/platform";
import type { DefinedProgram } from "../../stacks/program";
import { readSettings } from "../../stacks/settings";
import { site as siteProgram } from "../../stacks/site";
import { templates as templatesProgram } from "../../stacks/templates";
import { ImageServer, qcow2 } from "../harness/images";
import { demoSeed, TestSystems } from "../harness/systems";

// What a destroy that runs the program shows it: of what is gone already, the outputs are undefined.

const template = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst";
const platform = {
  name: "netbox.lab.example",
  node: "pve1",
  template,
  storage: "local-lvm",
  networks: {
    backend: { vnet: "nbback", zone: "netbox", make: true, address: "127.30.0.1/24" },
    dmz: { bridge: "vmbr30", make: true },
  },
  dmz: { address: "127.30.1.13/24" },
  containers: { netbox: { vmid: 200 }, postgresql: { vmid: 201 }, valkey: { vmid: 202 }, nginx: { vmid: 203 } },
  netbox: { version: "4.7.2", plugins: {} },
  protect: false,
  reaches: ["pve-lab"],
  discovery: { clusters: ["pve-lab"] },
};
const access = {
  users: { "robot@pve": {} },
  token_setup: [
    {
      name: "ci",
      ugid: "robot@pve",
      role: "PVEAuditor",
      paths: ["/vms"],
      sinks: [{ vault: "ci/robot" }],
    },
  ],
  netbox: {
    users: { robot: {} },
    tokens: [{ name: "ci", user: "robot", sinks: [{ vault: "ci/netbox" }] }],
  },
};
const intent = {
  environment: { cluster: "pve-lab", domain: "lab.example", template: 9000, memory: 1024 },
  guests: {
    shop01: { vcpus: 1, disks: { scsi0: "10G" }, interfaces: { net0: { vlan: 71, addresses: ["10.71.0.90/24"] } } },
  },
};

describe("a destroy that runs the program", { timeout: 30_000 }, () => {
  let systems: TestSystems;
  let images: ImageServer;
  const registered: { type: string; inputs: Record<string, unknown> }[] = [];

  beforeAll(async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    systems = await TestSystems.open(demoSeed(), {}, "lab");
    images = await ImageServer.open();
    images.files.set("image.qcow2", qcow2(2 * 1024 ** 3, "one"));
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs }) => {
          registered.push({ type, inputs: inputs as Record<string, unknown> });
          return { id: name, state: {} };
        },
        call: () => ({ outputs: {} }),
      },
      "netbox-proxmox",
      "test",
      false,
      "organization",
    );
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await images.close();
    await systems.close();
  });

  const file = (name: string, content: object): { file: string } => {
    const path = join(systems.folder, `${name}.yml`);
    writeFileSync(path, stringify(content));
    return { file: path };
  };
  const templates = () => ({
    defaults: { storage: "local", importStorage: "local" },
    templates: {
      one: { image: { url: images.url("image.qcow2"), checksumUrl: images.url("SHA256SUMS") }, vmid: 9300 },
    },
  });

  // The inventory program has no resources.
  const cases: [string, DefinedProgram, () => Record<string, unknown>][] = [
    ["site", siteProgram, () => ({})],
    ["discovery", discoveryProgram, () => ({})],
    ["intent", intentProgram, () => ({ intent: file("intent", intent) })],
    [
      "access",
      accessProgram,
      () => ({ access: { ...file("access", access), vault: { address: "http://127.0.0.1:9" } } }),
    ],
    ["templates", templatesProgram, () => ({ templates: file("templates", templates()) })],
    ["platform", platformProgram, () => ({ platform: file("platform", platform) })],
  ];

  /** Runs a program with settings of its own. */
  async function run(program: DefinedProgram, more: Record<string, unknown>): Promise<void> {
    registered.length = 0;
    const { proxmox, ...rest } = systems.config() as Record<string, Record<string, object>>;
    const config: Record<string, unknown> = {
      ...rest,
      netbox: systems.endpoints.netbox,
      proxmox: Object.fromEntries(
        Object.entries(systems.endpoints.proxmox).map(([cluster, { url, token, caFile, ssh }]) => [
          cluster,
          { ...proxmox?.[cluster], url, token, caFile, ssh },
        ]),
      ),
      ...more,
    };
    const source = { get: (key: string) => (config[key] === undefined ? undefined : JSON.stringify(config[key])) };
    const connections = readConnections(source, {});
    const settings = readSettings(source, Object.keys(systems.endpoints.proxmox));
    if ("problems" in connections) throw new Error(JSON.stringify(connections.problems));
    if ("problems" in settings) throw new Error(JSON.stringify(settings.problems));
    const outputs = await runInEngine(program, new Context(connections.value), settings.value);
    await pulumi.runtime.disconnect();
    await new Promise<void>((resolve) => pulumi.output(outputs).apply(() => resolve()));
  }

  it.each(cases)("is survived by the %s program", async (_name, program, more) => {
    await run(program, more());
    expect(registered.length).toBeGreaterThan(0);
    expect(JSON.stringify(registered)).not.toMatch(/\bundefined\b|\bNaN\b|\[object/);
  });

  const ofFiles = ["intent", "access", "templates", "platform"];
  const withoutFile = cases
    .filter(([name]) => ofFiles.includes(name))
    .flatMap(([name, program]) => [
      ["destroy", name, program, "taken away"] as const,
      ["refresh", name, program, "read"] as const,
    ]);
  it.each(withoutFile)(
    "of a %s asks the %s program for nothing of its file: neither mistakes in it nor its absence stop it",
    async (command, name, program, what) => {
      const wrong = { [name]: file(name, { nonsense: true }) };
      const gone = { [name]: { file: join(systems.folder, "gone.yml") } };
      for (const more of [wrong, gone]) await expect(run(program, more)).rejects.toThrow(/nonsense|There is no file/);
      const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
      vi.stubEnv("NETBOX_PROXMOX_COMMAND", command);
      try {
        for (const more of [wrong, gone]) await run(program, more);
        expect(registered).toEqual([]);
        const said = warn.mock.calls.map(([text]) => text).join("\n");
        expect(said).toMatch(/nonsense[\s\S]*What stands in the state is /);
        expect(said).toContain(`What stands in the state is ${what} all the same`);
        expect(said).toMatch(/There is no file .*gone\.yml/);
      } finally {
        vi.unstubAllEnvs();
        warn.mockRestore();
      }
    },
  );

  it("reads no list of checksums", async () => {
    const asked = images.asked.length;
    vi.stubEnv("NETBOX_PROXMOX_COMMAND", "destroy");
    try {
      const content = templates();
      await run(templatesProgram, { templates: file("templates", content) });
      expect(images.asked.slice(asked)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
