import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { addNotify } from "../../cli/commands/notify";
import { addServe } from "../../cli/commands/serve";
import { addTokens } from "../../cli/commands/tokens";
import { projectRoot } from "../../tools/root";

// Every schedule that is shipped: it parses, and what it runs is there, with these options.

const examples = join(projectRoot(), "examples");
const read = (...path: string[]) => readFileSync(join(examples, ...path), "utf8");
const listed = (folder: string, ends: string) =>
  readdirSync(join(examples, folder)).filter((name) => name.endsWith(ends));

const program = new Command("netbox-proxmox");
for (const add of [addNotify, addServe, addTokens]) add(program);
const { scripts } = JSON.parse(readFileSync(join(projectRoot(), "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

/** What is wrong with a command line of an example; nothing where each word of it is known. */
function problemsOf(line: string): string[] {
  const [, script = "", rest = ""] = /\bnpm run --silent (\S+) -- (.*)$/.exec(line) ?? [];
  if (!(script in scripts)) return [`no script: ${line}`];
  const [name = "", ...words] = rest.trim().split(/\s+/);
  if (script === "pipeline")
    return [
      ...(["preview", "up", "drift"].includes(name) ? [] : [`no operation ${name}`]),
      ...words.filter((word) => word.startsWith("-") && !["--stack", "--metrics"].includes(word)),
    ];
  const command = program.commands.find((each) => each.name() === name);
  if (command === undefined) return [`no command ${name}`];
  const options = command.options.flatMap(({ long }) => long ?? []);
  const given = words.filter((word) => word.startsWith("--"));
  const needed = command.options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => long ?? []);
  return [
    ...given.filter((word) => !options.includes(word)),
    ...needed.filter((long) => !given.includes(long)).map((long) => `without ${long}`),
  ];
}

interface Workflow {
  name: string;
  on: { schedule?: { cron: string }[] };
  permissions: Record<string, string>;
  jobs: Record<
    string,
    { if: string; environment: string; concurrency: { group: string }; steps: { run?: string; env?: object }[] }
  >;
}

/** Five fields, each within its range. */
function isCron(text: string): boolean {
  const ranges = [59, 23, 31, 12, 6];
  const fields = text.split(" ");
  return (
    fields.length === 5 &&
    fields.every((field, n) => field === "*" || (/^\d+$/.test(field) && Number(field) <= (ranges[n] ?? 0)))
  );
}

describe("the schedules for GitHub", () => {
  it.each(["drift", "discovery", "inventory", "tokens", "late"])("%s runs what is there", (name) => {
    const { on, permissions, jobs } = parse(read("github", `${name}.yml`)) as Workflow;
    expect(on.schedule?.map(({ cron }) => isCron(cron))).toEqual([true]);
    expect(permissions.contents).toBe("read");
    const job = jobs[name];
    expect(job?.if).toMatch(/^vars\.[A-Z_]*STACKS != ''$/);
    expect(job?.environment).toMatch(/matrix\.stack/);
    expect(job?.concurrency.group).toMatch(/matrix\.stack/);
    const runs = (job?.steps ?? []).flatMap(({ run }) => run ?? []).filter((run) => run.includes("--silent"));
    expect(runs.flatMap(problemsOf)).toEqual([]);
    expect(runs).toHaveLength(1);
    for (const { run = "", env = {} } of job?.steps ?? []) if (/npm ci/.test(run)) expect(env).toEqual({});
  });
});

describe("the schedules for GitLab", () => {
  const file = parse(read("gitlab", "gitlab-ci.yml"), { merge: true }) as Record<
    string,
    { script?: string[]; rules?: { if: string }[]; parallel?: object; stage?: string }
  >;
  it.each(["drift", "discovery", "inventory", "tokens", "late"])(
    "%s runs what is there, by its own schedule",
    (name) => {
      const { script = [], rules = [], parallel } = file[name] ?? {};
      expect(script.flatMap(problemsOf)).toEqual([]);
      expect(script).toHaveLength(1);
      expect(parallel).toBeDefined();
      // Late stacks are looked for with the tokens.
      expect(rules.map((rule) => rule.if)).toEqual([
        expect.stringMatching(new RegExp(`"schedule" && .*\\$SCHEDULE == "${name === "late" ? "tokens" : name}"`)),
      ]);
    },
  );
});

/** Sections with their keys; a key may come several times. */
function unitOf(text: string): Record<string, Record<string, string[]>> {
  const sections: Record<string, Record<string, string[]>> = {};
  let section: Record<string, string[]> | undefined;
  for (const line of text.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
    const [, head] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, key, value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (head !== undefined) section = sections[head] = {};
    else if (key === undefined || section === undefined) throw new Error(`no line of a unit: ${line}`);
    else section[key] = [...(section[key] ?? []), value];
  }
  return sections;
}

const known: Record<string, string[]> = {
  Unit: ["Description", "Wants", "After"],
  Service: [
    ...["Type", "User", "WorkingDirectory", "EnvironmentFile", "ExecStart", "SuccessExitStatus", "TimeoutStartSec"],
    ...["KillMode", "TimeoutStopSec", "NoNewPrivileges", "PrivateTmp", "ProtectSystem", "Restart", "RestartSec"],
  ],
  Timer: ["OnCalendar", "RandomizedDelaySec", "Persistent"],
  Install: ["WantedBy"],
};

describe("the units for systemd", () => {
  const units = [...listed("systemd", ".service"), ...listed("systemd", ".timer")];

  it.each(units)("%s is one, with keys that systemd knows", (name) => {
    const unit = unitOf(read("systemd", name));
    for (const [section, keys] of Object.entries(unit))
      expect(Object.keys(keys).filter((key) => !known[section]?.includes(key))).toEqual([]);
    if (name.endsWith(".timer")) {
      expect(unit.Timer?.OnCalendar?.[0]).toMatch(/^\*-\*-\* (\*|[01]\d|2[0-3]):[0-5]\d:00$/);
      expect(existsSync(join(examples, "systemd", name.replace(/timer$/, "service")))).toBe(true);
      expect(unit.Install?.WantedBy).toEqual(["timers.target"]);
      return;
    }
    const line = (unit.Service?.ExecStart ?? []).join("\n");
    expect(line).toMatch(/^\/usr\/bin\/npm run --silent .* --stack %i( |$)/);
    expect(problemsOf(line)).toEqual([]);
    // node_exporter reads no file of another name.
    if (line.includes("--metrics")) expect(line).toMatch(/--metrics \/\S+\.prom$/);
    expect(unit.Service?.User).toEqual(["netbox-proxmox"]);
  });

  it("there are for drift, discovery, tokens and inventory, for late stacks and for serve", () => {
    expect(units.map((name) => name.replace(/^netbox-proxmox-(\w+)@/, "$1")).sort()).toEqual(
      [
        ...["discovery", "drift", "inventory", "late", "tokens"].flatMap((name) => [
          `${name}.service`,
          `${name}.timer`,
        ]),
        "serve.service",
      ].sort(),
    );
  });
});
