import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { readConnections } from "../../providers/connections";
import { Context, useContext } from "../../providers/context";
import { parseZone } from "../../providers/dns/bind9/nameserver";
import { ownedNames } from "../../providers/dns/bind9/record.model";
import { messageOf } from "../../providers/errors";
import { Self } from "../../providers/ownership/owner";
import { handlerOf, type ResourceKind } from "../../providers/registry";
import { printProblems } from "../../providers/settings";
import { isRecord } from "../../providers/values";
import { readSettings } from "../../stacks/settings";
import { planSite } from "../../stacks/site/plan";
import { siteStateIn, stateOfAnswer } from "../../stacks/state";
import { type KeptResource, keptResource } from "../../tools/stack";
import { mutated, mutatedAnswer, numbers, pick, type Random } from "../harness/fuzz/mutate";
import { HttpProxy } from "../harness/proxy";
import { isCi } from "../harness/sample";
import { demoSeed, TestSystems } from "../harness/systems";

// Answers of NetBox and Proxmox VE, zones and settings, each with something wrong in it: a plan or one clear error comes of
// it, and never a write. `FUZZ_CASES` says how many, by default 10,000 and 500 in CI; `FUZZ_SEED` says the first: a failure names
// its own.

const cases = Number(process.env.FUZZ_CASES ?? (isCi ? 500 : 10_000));
const first = Number(process.env.FUZZ_SEED ?? 1);

/** What a user should never read. */
const unclear =
  /\n\s+at |(?<!received )undefined|\bNaN\b|is not a function|is not iterable|\[object|ZodError|call stack|"code":|Cannot (read|convert)|Invalid (time|array)|Unexpected (token|end)|^\W*$|^.{0,15}$/;
const longest = 30_000;

describe("systems and settings that say something odd", () => {
  let systems: TestSystems;
  let netbox: HttpProxy;
  let proxmox: HttpProxy;
  let resources: KeptResource[];
  let config: Record<string, unknown>;
  const writes: string[] = [];
  /** What each system really answered, so that a case asks none of them. */
  const known = new Map<string, Buffer>();

  beforeAll(async () => {
    systems = await TestSystems.open(demoSeed(), {}, "lab");
    const stack = await systems.stack({ site: { protect: false } });
    expect((await stack.up()).errors).toEqual([]);
    const { url = "", caFile } = systems.reach.proxmox["pve-lab"] ?? {};
    netbox = await HttpProxy.open(systems.reach.netbox.url);
    proxmox = await HttpProxy.open(url, caFile);
    const reached = { ...systems.reach, netbox: { ...systems.reach.netbox, url: netbox.url } };
    const { bind9: _dns, ...rest } = systems.config({ netbox: reached.netbox });
    config = {
      ...rest,
      proxmox: { "pve-lab": { url: proxmox.url, token: reached.proxmox["pve-lab"]?.token, requestTimeout: 5 } },
    };
    // Handlers compare where an object was recorded from.
    const text = JSON.stringify(stack.resources()).replaceAll(systems.reach.netbox.url, netbox.url);
    resources = z.array(keptResource).parse(JSON.parse(text));
  }, 120_000);
  afterAll(async () => {
    await Promise.all([netbox.close(), proxmox.close()]);
    await systems.close();
  });

  const kinds: Record<string, ResourceKind> = {
    NetboxGuest: "netbox-guest",
    NetboxIpAllocation: "netbox-ip-allocation",
    ProxmoxVm: "proxmox-vm",
    ProxmoxContainer: "proxmox-container",
  };

  /** One run of the program, or one look of a provider. @returns what the user is told, if anything */
  async function outcome(given: Record<string, unknown>, random: Random): Promise<string | undefined> {
    const source = { get: (key: string) => (given[key] === undefined ? undefined : JSON.stringify(given[key])) };
    const connections = readConnections(source, {});
    if ("problems" in connections) return printProblems(connections.problems);
    const settings = readSettings(source, Object.keys(connections.value.proxmox));
    if ("problems" in settings) return printProblems(settings.problems);
    const context = new Context(connections.value);
    useContext(context);
    try {
      const ours = resources.filter(({ type }) => (type.split(":").pop() ?? "") in kinds);
      if (random() < 0.3) {
        const { type, id, outputs } = pick(random, ours);
        const kind = kinds[type.split(":").pop() ?? ""] ?? expect.unreachable("only these were picked");
        await handlerOf(kind).read(id, outputs);
        return undefined;
      }
      // No name server is configured here.
      const withoutNames = resources.filter(({ type }) => !type.endsWith(":Bind9Record"));
      const outputs =
        random() < 0.5 ? [] : withoutNames.map(({ urn, type, outputs: all }) => [urn, { type, outputs: all }]);
      await planSite(
        context,
        settings.value,
        new Self("netbox-proxmox/test", context.netbox.url),
        siteStateIn(stateOfAnswer({ outputs: Object.fromEntries(outputs) })),
      );
      return undefined;
    } catch (error) {
      return messageOf(error);
    } finally {
      await context.close();
    }
  }

  it("end in a plan or one clear error, and never in a change", async () => {
    const before = await systems.inventory();
    const told = { plans: 0, errors: 0 };
    const wrong: string[] = [];
    for (let seed = first; seed < first + cases && wrong.length < 20; seed++) {
      const random = numbers(seed);
      const where = random();
      const at = Math.floor(random() * 12);
      let asked = 0;
      for (const [name, proxy] of [
        ["netbox", netbox],
        ["proxmox", proxmox],
      ] as const) {
        proxy.before = async (method, path) => {
          if (method !== "GET") writes.push(`${seed}: ${method} ${path}`);
        };
        proxy.replay = (method, path) => known.get(`${name} ${method} ${path}`);
        proxy.answer = (method, path, answer) => {
          if (answer.status === 200) known.set(`${name} ${method} ${path}`, answer.body);
          return asked++ === at && where > 0.2 ? { ...answer, ...mutatedAnswer(answer.body, random) } : answer;
        };
      }
      const odd = where > 0.2 ? config : mutated(config, random);
      const given = isRecord(odd) ? odd : {};
      const said = await outcome(given, random);
      told[said === undefined ? "plans" : "errors"]++;
      if (said !== undefined && (unclear.test(said) || said.length > longest))
        wrong.push(`FUZZ_SEED=${seed}: ${said.slice(0, 300)}`);
    }
    process.stdout.write(`${told.plans} plans, ${told.errors} errors, ${wrong.length} unclear\n${wrong.join("\n")}\n`);
    expect(wrong).toEqual([]);
    expect(writes).toEqual([]);
    expect(await systems.inventory()).toBe(before);
    expect(Math.min(told.plans, told.errors)).toBeGreaterThan(cases / 10);
  }, 1_200_000);

  it("are zones with anything in them, too", async () => {
    const lines = (await systems.clients.records()).map((line) => line.replace(/^(\S+) /, "$1 300 IN "));
    const text = `${lines.join("\n")}\n`;
    for (let seed = first; seed < first + cases; seed++) {
      const random = numbers(seed);
      const bytes = Buffer.from(text.repeat(2));
      for (let n = 0; n < 5; n++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const content = parseZone(bytes.toString());
      expect(ownedNames(content)).toBeInstanceOf(Array);
    }
  });
});
