import { describe, expect, it } from "vitest";
import { compilePolicies } from "../../../../stacks/plan/policies/rules";
import { file, mistakes } from "./example";

// What is wrong with a policies file is told with line, column and the nearest name.

/** A file with one policy. */
const policy = (...parts: [key: string, value: string][]) =>
  `policies:\n  - ${[...new Map([["name", "p"], ["what", "true"], ["message", "no"], ["then", "warn"], ...parts])]
    .map(([key, value]) => `${key}: ${value}`)
    .join("\n    ")}\n`;

describe("a mistake in policies.yml", () => {
  it.each<[string, string, string]>([
    ["no YAML", "policies: [\n", "policies.yml:2:1: "],
    ["no anchor", "policies: *none\n", "policies.yml:1:11: there is no anchor &none; put a text that begins with *"],
    ["another key", "polices: []\n", "policies.yml:1:10: polices is no key here: is policies meant?"],
    ["no list", "policies: 7\n", "policies.yml:1:11: policies has to be a list"],
    ["no mapping", "policies: [a]\n", "policies.yml:1:12: policies.0 has to be a mapping with name"],
    [
      "a misspelt key",
      policy(["mesage", "x"]),
      "policies.yml:6:13: policies.0.mesage is no key here: is message meant?",
    ],
    ["another word", policy(["then", "deny"]), "policies.yml:5:11: policies.0.then won't do: write refuse or warn"],
    [
      "a lacking key",
      "policies:\n  - { name: p, what: 'true', then: warn }\n",
      "policies.yml:2:5: policies.0 lacks message",
    ],
    ["two of one name", `${policy()}${policy().slice(10)}`, "policies.yml:6:5: policies.1 has the name p"],
    [
      "an unknown variable",
      policy(["what", 'gest.name == "a"']),
      "policies.yml:3:11: what of the policy p: there is no gest here: is guest meant?",
    ],
    [
      "an unknown field",
      policy(["what", 'guest.nam == "a"']),
      "policies.yml:3:17: what of the policy p: there is no field nam of a guest: is name meant?",
    ],
    [
      "one in quotes",
      policy(["what", "'guest.nam == \"a\"'"]),
      "policies.yml:3:18: what of the policy p: there is no field nam of a guest: is name meant?",
    ],
    [
      "one of an item",
      policy(["what", "guest.nics.all(n, n.brige != '')"]),
      "policies.yml:3:31: what of the policy p: there is no field brige: is bridge meant?",
    ],
    [
      "one in a block",
      policy(["what", "|\n      guest.isNew ||\n        guest.tenan != ''"]),
      "policies.yml:5:15: what of the policy p: there is no field tenan of a guest: is tenant meant?",
    ],
    [
      "an unknown function",
      policy(["what", "guest.name.startWith('a')"]),
      "policies.yml:3:22: what of the policy p: there is no function startWith: is startsWith meant?",
    ],
    [
      "wrong types",
      policy(["what", "guest.name > 3"]),
      "policies.yml:3:11: what of the policy p: no such overload: string > int",
    ],
    [
      "no condition",
      policy(["what", "guest.name"]),
      "policies.yml:3:11: what of the policy p: it is string, and has to be true or false",
    ],
    [
      "half an expression",
      policy(["where", "guest.isNew &&"]),
      "policies.yml:6:26: where of the policy p: Unexpected token: EOF",
    ],
    [
      "another object's variable",
      policy(["what", "change.name == 'a'"]),
      "policies.yml:3:11: what of the policy p: there is no change here",
    ],
    [
      "a message's field",
      policy(["message", "'its {guest.nane}'"]),
      "policies.yml:4:26: message of the policy p: there is no field nane of a guest: is name meant?",
    ],
    [
      "a message's brace",
      policy(["message", "'its {guest.name'"]),
      "policies.yml:4:19: message of the policy p: a brace is not closed",
    ],
    [
      "a message's object",
      policy(["message", "'{guest}'"]),
      "policies.yml:4:16: message of the policy p: guest is Guest, which is no text",
    ],
    [
      "an unknown ready one",
      "policies: [{ use: ownr }]\n",
      "policies.yml:1:19: policies.0.use names no ready policy: is owner meant?",
    ],
    [
      "a ready one's setting",
      "policies: [{ use: owner, with: { feild: x } }]\n",
      "policies.yml:1:41: policies.0.with.feild is no key here: is field meant?",
    ],
    [
      "a ready one's value",
      "policies: [{ use: window, with: { from: '25', to: '04:00' } }]\n",
      "policies.yml:1:41: policies.0.with.from won't do: write a time like 22:00",
    ],
    [
      "a ready one's lack",
      "policies: [{ use: window, with: { from: '22:00' } }]\n",
      "policies.yml:1:33: policies.0.with lacks to",
    ],
    [
      "a ready one's own what",
      "policies: [{ use: owner, what: 'true' }]\n",
      "policies.yml:1:32: policies.0.what belongs to a policy without use",
    ],
    ["groups by nothing", policy(["for", "group"]), "policies.yml:2:5: policies.0 lacks by"],
    [
      "an exception without an end",
      policy(["except", "{ tag: a }"]),
      "policies.yml:6:13: policies.0.except lacks until",
    ],
  ])("%s is told where it stands", async (_, text, said) => {
    const found = await mistakes(text);
    expect(found).toEqual([expect.stringContaining(said)]);
  });

  it("is told with all the others", async () => {
    const found = await mistakes(
      `${policy(["what", "gest.isNew"])}${policy(["name", "q"], ["thn", "warn"]).slice(10)}`,
    );
    expect(found).toEqual([
      expect.stringContaining("policies.yml:10:10: policies.1.thn is no key here: is then meant?"),
    ]);
    const expressions = await mistakes(`${policy(["what", "gest.isNew"], ["where", "guest.vmid"])}`);
    expect(expressions).toHaveLength(2);
  });
});

describe("what policies need to know", () => {
  const reads = async (text: string) => {
    const compiled = await compilePolicies(text, file);
    return "problems" in compiled ? compiled.problems : [...compiled.reads].sort();
  };

  it("is read only where one names it", async () => {
    expect(await reads("policies: []")).toEqual([]);
    expect(await reads("")).toEqual([]);
    expect(await reads(policy(["what", "guest.memory > 1"]))).toEqual([]);
    expect(await reads(policy(["what", "guests.all(g, g.backupJobs.size() > 0)"]))).toEqual(["backupJobs"]);
    expect(await reads(policy(["message", "'{guest.contacts.size()}'"]))).toEqual(["contacts"]);
    expect(await reads("policies: [{ use: public-address }, { use: owner }]")).toEqual(["contacts", "services"]);
  });
});
