import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readConnections } from "../../providers/connections";
import { readNotify } from "../../providers/notify/settings";
import { isRecord } from "../../providers/values";
import { parseAccess } from "../../stacks/access/desired/file";
import { parseVms } from "../../stacks/intent/desired/file";
import { parsePlatform } from "../../stacks/platform/desired/file";
import { plugins } from "../../stacks/platform/desired/plugins";
import { plainSecrets, readSettings } from "../../stacks/settings";
import { parseTemplates } from "../../stacks/templates/desired/file";
import { presets } from "../../stacks/templates/desired/presets";
import { projectRoot } from "../../tools/root";

type Config = Record<string, Record<string, Record<string, unknown>>>;

/** The stack's configuration that a guide shows. */
function configOf(guide: string): Config {
  const text = readFileSync(join(projectRoot(), "docs", guide), "utf8");
  const [, block = ""] = /```yaml\n(# Pulumi\.[\s\S]*?)```/.exec(text) ?? [];
  return (parse(block) as { config: Config }).config;
}

describe("the configuration of a guide", () => {
  const env = {
    NETBOX_API_TOKEN: `nbt_abc.${"x".repeat(40)}`,
    PROXMOX_VE_API_TOKEN_PVE_PROD: "discovery@pve!netbox=1234-5678",
    PROXMOX_VE_PASSWORD_PVE_LAB: "secret",
    NEO4J_PASSWORD: "secret",
  };

  it.each(["discovery.md", "intent.md", "access.md", "templates.md", "platform.md", "inventory.md"])(
    "%s is valid",
    (guide) => {
      const config = configOf(guide);
      const pve = config["netbox-proxmox:proxmox"]?.["pve-prod"];
      if (pve) pve.fingerprint = "AB".repeat(32);
      // Any file that is there does for a key.
      if (isRecord(pve?.ssh)) pve.ssh.keyFile = "package.json";
      const get = (name: string) => {
        const value = config[`netbox-proxmox:${name}`];
        return value === undefined ? undefined : JSON.stringify(value);
      };
      const connections = readConnections({ get }, env, {
        readsNeo4j: guide === "inventory.md",
        needsProxmox: guide !== "intent.md",
        needsNetbox: guide !== "platform.md" && guide !== "inventory.md",
      });
      expect(connections).toHaveProperty("value");
      expect(readSettings({ get }, ["pve-prod", "pve-lab"])).toHaveProperty("value");
      if ("value" in connections && guide === "discovery.md")
        expect(connections.value.proxmox).toMatchObject({
          "pve-prod": { url: "https://pve1.example.com:8006" },
          "pve-lab": { user: "discovery@pve", password: "secret" },
        });
    },
  );

  it("of notifications.md is valid, with secrets from the environment, and has none in the clear", () => {
    const config = configOf("notifications.md");
    const json = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)]));
    const get = (key: string) => json[`netbox-proxmox:${key}`];
    const own = { NOTIFY_URL_OPS: "https://hooks.slack.com/services/T/B/x", NOTIFY_PASSWORD_MAIL: "the-password" };
    expect(readNotify({ get }, own)).toHaveProperty("value");
    expect(readSettings({ get }, [])).toHaveProperty("value");
    expect(plainSecrets(json, undefined, "netbox-proxmox")).toEqual([]);
  });

  it("and the files that it shows: token_setup.json, access.yml and vms.yml", () => {
    const block = (guide: string, pattern: RegExp) =>
      pattern.exec(readFileSync(join(projectRoot(), "docs", guide), "utf8"))?.[1] ?? "";
    const json = parseAccess(block("access.md", /```json\n([\s\S]*?)```/), "token_setup.json");
    const yaml = parseAccess(block("access.md", /```yaml\n(# access\.yml[\s\S]*?)```/), "access.yml");
    const vms = parseVms(block("intent.md", /```yaml\n(# vms\.yml[\s\S]*?)```/), "vms.yml");
    const templates = readFileSync(join(projectRoot(), "docs", "templates.md"), "utf8");
    const both = [...templates.matchAll(/```yaml\n(# templates\.yml[\s\S]*?)```/g)].map(([, text = ""]) =>
      parseTemplates(text, "templates.yml"),
    );
    expect(both).toHaveLength(2);
    const platform = parsePlatform(block("platform.md", /```yaml\n(# platform\.yml[\s\S]*?)```/), "platform.yml");
    expect([json, yaml, vms, ...both, platform].map((each) => ("problems" in each ? each.problems : []))).toEqual([
      [],
      [],
      [],
      [],
      [],
      [],
    ]);
    expect("value" in json && json.value.token_setup).toHaveLength(1);
    expect("value" in yaml && Object.keys(yaml.value.programs)).toHaveLength(5);
  });

  it("and what docs/templates.md and docs/platform.md list: presets, plugins, ports", () => {
    const text = (guide: string) => readFileSync(join(projectRoot(), "docs", guide), "utf8");
    const listed = [...text("templates.md").matchAll(/^\| `([a-z]+-[a-z0-9]+)` +\| (.*?) +\|.*\| (yes|no) +\|$/gm)];
    expect(listed.map(([, name, , agent]) => [name, agent === "yes"])).toEqual(
      Object.entries(presets).map(([name, { agent }]) => [name, agent]),
    );
    for (const { package: name } of plugins) expect(text("platform.md")).toContain(`\`${name}\``);
    const rows = [...text("platform.md").matchAll(/^\| `netbox-(\w+)` +\| ([\d and]+?) +\|/gm)].map(
      ([, part, port]) => [part, port],
    );
    expect(rows).toContainEqual(["postgresql", "5432"]);
    expect(rows).toContainEqual(["app", "8001"]);
  });

  it("says what a cluster's connection lacks", () => {
    const said = (cluster: Record<string, unknown>) => {
      const get = (key: string) => (key === "proxmox" ? JSON.stringify({ pve: cluster }) : undefined);
      const read = readConnections(
        { get },
        { NETBOX_API_TOKEN: env.NETBOX_API_TOKEN, NETBOX_SERVER_URL: "https://nb" },
      );
      return "problems" in read ? read.problems.map(({ key, problem, remedy }) => `${key} ${problem}: ${remedy}`) : [];
    };
    expect(said({ token: "a@pve!b=secret" })).toEqual([
      expect.stringMatching(/proxmox\.pve\.url is missing: .* https:\/\/HOST$/),
    ]);
    expect(said({ host: "h" })).toEqual([expect.stringMatching(/proxmox\.pve\.token is missing: .* --secret$/)]);
    expect(said({ host: "h", user: "a@pve" })).toEqual([
      expect.stringMatching(/proxmox\.pve\.password is missing: .* --secret$/),
    ]);
    expect(said({ host: "h", password: "secret" })).toEqual([expect.stringMatching(/proxmox\.pve\.user is missing: /)]);
    expect(said({ host: "h", user: "a@pve", password: "secret" })).toEqual([]);
    // What a message could not be kept free of is no secret.
    for (const [settings, key] of [
      [{ host: "h", user: "a@pve", password: "short" }, "password"],
      [{ host: "h", token: "a@pve!b=short" }, "token"],
      [{ host: "h", token: "a@pve!b=secret", keys: { mine: "a@pve!b=short" } }, "keys.mine"],
    ] as const)
      expect(said(settings)).toEqual([
        expect.stringMatching(
          `proxmox\\.pve\\.${key} is wrong: write at least 6 characters: a shorter secret can't be kept out of messages: .* --secret$`,
        ),
      ]);
  });
});
