import { createHash } from "node:crypto";
import { die, PveError } from "../errors";
import type { Value, Values } from "../schema/parameters";
import { words } from "../schema/words";
import { perlText } from "../sdn/sdn";

type RuleErrors = Record<string, string[]>;

const resourcesOf = (rule: Values): string[] => words(rule.resources);
/** The nodes of a rule with their priorities. */
const nodesOf = (rule: Values): Map<string, number> =>
  new Map(
    words(rule.nodes).map((text) => {
      const [node = "", priority = "0"] = text.split(":");
      return [node, Number(priority)];
    }),
  );
const shared = (a: Values, b: Values): string[] => resourcesOf(a).filter((sid) => resourcesOf(b).includes(sid));
const sorted = (list: Value): string => words(list).sort().join(",");

const options: Record<string, { required: string[]; optional: string[] }> = {
  "node-affinity": { required: ["resources", "nodes"], optional: ["strict", "disable", "comment"] },
  "resource-affinity": { required: ["resources", "affinity"], optional: ["disable", "comment"] },
};

/** What the rules of HA say of a cluster, and what of them can't be kept. */
export class HaRules {
  /** By name, in their order. */
  readonly all = new Map<string, Values>();

  /** @param isManaged whether a resource is there @param nodes the names of the cluster's nodes */
  constructor(
    private readonly isManaged: (sid: string) => boolean,
    private readonly nodes: () => string[],
  ) {}

  private get digest(): string {
    return createHash("sha1")
      .update(JSON.stringify([...this.all]))
      .digest("hex");
  }

  private shown(name: string, rule: Values): Record<string, unknown> {
    const errors = this.errors().get(name);
    const order = [...this.all.keys()].indexOf(name) + 1;
    return { ...rule, rule: name, digest: this.digest, order, ...(errors === undefined ? {} : { errors }) };
  }

  get(name: string): Record<string, unknown> {
    return this.shown(name, this.all.get(name) ?? die(`no such ha rule '${name}'`));
  }

  list({ type, resource }: Values): Record<string, unknown>[] {
    return [...this.all]
      .filter(([, rule]) => type === undefined || rule.type === type)
      .filter(([, rule]) => resource === undefined || resourcesOf(rule).includes(String(resource)))
      .map(([name, rule]) => this.shown(name, rule));
  }

  create({ rule, ...values }: Values): void {
    const name = String(rule);
    failed("create ha rule failed", () => {
      if (this.all.has(name)) die(`HA rule '${name}' already defined`);
      this.put(name, normal(this.checked(values)));
    });
  }

  update({ rule, type, delete: remove, digest, ...changes }: Values): void {
    const name = String(rule);
    failed("update HA rules failed", () => {
      if (digest !== undefined && digest !== "" && digest !== this.digest)
        die("detected modified configuration - file changed by other user? Try again.");
      const found = this.all.get(name) ?? die(`HA rule '${name}' does not exist`);
      if (found.type !== type) die("unexpected property 'type'");
      this.checked(changes);
      const kept = { ...found };
      for (const key of words(remove)) {
        if (options[String(type)]?.required.includes(key)) die(`unable to delete required option '${key}'`);
        if (!options[String(type)]?.optional.includes(key)) die(`no such option '${key}'`);
        if (changes[key] !== undefined) die(`cannot set and delete property '${key}' at the same time!`);
        delete kept[key];
      }
      this.put(name, normal({ ...kept, ...changes }));
    });
  }

  /** One that isn't there is deleted, too. */
  delete(name: string): void {
    this.all.delete(name);
  }

  /** A resource that goes leaves its rules, and a rule that holds nothing else goes with it. */
  forget(sid: string): void {
    for (const [name, rule] of this.all) {
      const rest = resourcesOf(rule).filter((each) => each !== sid);
      if (rest.length === 0) this.all.delete(name);
      else rule.resources = rest.join(",");
    }
  }

  /** @throws where it names what the cluster does not have */
  private checked(values: Values): Values {
    const unmanaged = resourcesOf(values).filter((sid) => !this.isManaged(sid));
    if (unmanaged.length > 0) die(`cannot use unmanaged resource(s) ${unmanaged.sort().join(", ")}.`);
    const unknown = [...nodesOf(values).keys()].filter((node) => !this.nodes().includes(node));
    if (unknown.length > 0) die(`cannot use non-existent node(s) ${unknown.sort().join(", ")}.`);
    return values;
  }

  /** Keeps a rule, if it goes with the others. */
  private put(name: string, rule: Values): void {
    const before = this.all.get(name);
    this.all.set(name, rule);
    const errors = this.errors().get(name);
    if (errors === undefined) return;
    if (before === undefined) this.all.delete(name);
    else this.all.set(name, before);
    const texts = Object.entries(errors).map(([key, lines]) => [key, lines.join(", ")]);
    throw new PveError(400, `Rule '${name}' is invalid.`, Object.fromEntries(texts));
  }

  private enabled(type: string): [name: string, Values][] {
    return [...this.all].filter(([, rule]) => rule.type === type && rule.disable !== 1);
  }

  /** Everything that is wrong with the rules that are on, by their names. */
  private errors(): Map<string, RuleErrors> {
    const found = new Map<string, RuleErrors>();
    const wrong = (name: string, text: string) => {
      const errors = found.get(name) ?? {};
      errors.resources = [...(errors.resources ?? []), text];
      found.set(name, errors);
    };
    const places = this.enabled("node-affinity");
    const affinities = this.enabled("resource-affinity");
    for (const [name, rule] of places)
      for (const sid of resourcesOf(rule))
        if (places.some(([other, { resources }]) => other !== name && words(resources).includes(sid)))
          wrong(name, `resource '${sid}' is already used in another node affinity rule`);
    const [positive, negative] = ["positive", "negative"].map((kind) =>
      affinities.filter(([, { affinity }]) => affinity === kind),
    );
    for (const [name, rule] of affinities)
      if (resourcesOf(rule).length < 2) wrong(name, "rule is ineffective as there are less than two resources");
    for (const [name, rule] of negative ?? [])
      if (resourcesOf(rule).length > this.nodes().length)
        wrong(name, "rule defines more resources than available nodes");
    for (const [name, rule] of negative ?? [])
      for (const [other, against] of positive ?? [])
        if (shared(rule, against).length >= 2) {
          wrong(name, "rule shares two or more resources with a positive resource affinity rule");
          wrong(other, "rule shares two or more resources with a negative resource affinity rule");
        }
    this.checkPairs(affinities, places, wrong);
    return found;
  }

  /** What can't be kept of rules of both types together. */
  private checkPairs(
    affinities: [string, Values][],
    places: [string, Values][],
    wrong: (name: string, text: string) => void,
  ): void {
    const pairs = affinities.map(([name, rule]) => ({
      name,
      rule,
      paired: places.filter(([, place]) => shared(rule, place).length > 0),
    }));
    for (const { name, paired } of pairs)
      if (paired.some(([, place]) => new Set(nodesOf(place).values()).size > 1)) {
        wrong(name, "resources are in node affinity rules with multiple priorities");
        for (const [place] of paired)
          wrong(
            place,
            "resources are in a resource affinity rule and cannot be in a node affinity rule with multiple priorities",
          );
      }
    for (const { name, rule, paired } of pairs)
      if (rule.affinity === "positive" && paired.length > 1) {
        wrong(name, "resources are in multiple node affinity rules");
        for (const [place] of paired)
          wrong(
            place,
            "at least one resource is in a positive resource affinity rule and there are other resources in at least one other node affinity rule already",
          );
      }
    for (const { name, rule, paired } of pairs) {
      const located = new Set(paired.flatMap(([, place]) => shared(rule, place)));
      const allowed = new Set(paired.flatMap(([, place]) => [...nodesOf(place).keys()]));
      if (rule.affinity !== "negative" || allowed.size >= located.size) continue;
      wrong(name, "two or more resources are restricted to less nodes than available to the resources");
      for (const [place] of paired)
        wrong(
          place,
          "at least one resource is in a negative resource affinity rule and this rule would restrict these to less nodes than available to the resources",
        );
    }
  }

  /** Resources that are kept with this one, or apart from it. */
  relatives(sid: string, affinity: "positive" | "negative"): string[] {
    const found = this.enabled("resource-affinity")
      .filter(([, rule]) => rule.affinity === affinity && resourcesOf(rule).includes(sid))
      .flatMap(([, rule]) => resourcesOf(rule));
    return [...new Set(found)].filter((each) => each !== sid).sort();
  }

  /** The nodes that a started resource is to be on, where a rule says so: those of them that will do, the best first. */
  preferred(sid: string, online: string[]): { nodes: string[]; strict: boolean } | undefined {
    const [, rule] = this.enabled("node-affinity").find(([, each]) => resourcesOf(each).includes(sid)) ?? [];
    if (rule === undefined) return undefined;
    const nodes = nodesOf(rule);
    const there = [...nodes].filter(([node]) => online.includes(node));
    const best = Math.max(...there.map(([, priority]) => priority));
    return {
      nodes: there.filter(([, priority]) => priority === best).map(([node]) => node),
      strict: rule.strict === 1,
    };
  }
}

/** A rule as its file has it. */
function normal({ resources, nodes, disable, ...rule }: Values): Values {
  return {
    ...rule,
    resources: sorted(resources ?? ""),
    ...(nodes === undefined ? {} : { nodes: sorted(nodes) }),
    ...(disable === 1 ? { disable } : {}),
  };
}

function failed(prefix: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    die(`${prefix}: ${perlText(error)}`);
  }
}
