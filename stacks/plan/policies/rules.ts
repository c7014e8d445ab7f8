import { parsePolicies, type WrittenPolicy } from "./file";
import { type Expression, PolicyLanguage, type PolicyVariables } from "./language";
import { compileMessage, type Message } from "./message";
import type { CostlyField } from "./objects";

/** A policy that can be judged. */
export interface Policy {
  name: string;
  for: WrittenPolicy["for"];
  by: Expression | undefined;
  where: Expression | undefined;
  what: Expression;
  message: Message;
  severity: "refuse" | "warn";
  except: { tag: string; until: string } | undefined;
  /** `policies.yml:12:5` */
  place: string;
}

/** The policies of a file, with what they need to know. */
export interface Policies {
  file: string;
  policies: Policy[];
  language: PolicyLanguage;
  /** Fields that have to be read for them. */
  reads: ReadonlySet<CostlyField>;
}

const ofAll: PolicyVariables = { guests: "list<Guest>", now: "google.protobuf.Timestamp" };
const variables: Record<WrittenPolicy["for"], PolicyVariables> = {
  guest: { guest: "Guest", ...ofAll },
  change: { change: "Change", guest: "Guest", ...ofAll },
  group: { group: "Group", ...ofAll },
};

type Part = keyof WrittenPolicy["written"];
const types = { where: /^(?:bool|dyn)$/, what: /^(?:bool|dyn)$/, by: /^(?:string|list<string>|dyn)$/ };
const wants = { where: "true or false", what: "true or false", by: "a text, or a list of texts" };

/** Reads policies.yml and checks every expression in it. */
export async function compilePolicies(content: string, file: string): Promise<Policies | { problems: string[] }> {
  const parsed = parsePolicies(content, file);
  if (!("value" in parsed)) return { problems: parsed.problems };
  const language = await PolicyLanguage.load();
  const problems: string[] = [];
  const lines = content.split("\n");
  const policies = parsed.value.policies.flatMap((written): Policy[] => {
    const { name, severity, except, at } = written;
    const { placeOf } = parsed;
    const before = problems.length;
    const mistake = (part: Part, text: string, { at: offset, text: what }: { at: number; text: string }) => {
      const path = written.written[part];
      const place = path === undefined ? placeOf(at) : placeInText(placeOf(path), lines, text, offset);
      problems.push(`${place}: ${part} of the policy ${name}: ${what}`);
    };
    const expression = (part: "by" | "where" | "what", known: PolicyVariables): Expression | undefined => {
      const text = written[part];
      if (text === undefined) return undefined;
      const compiled = language.compile(text, known);
      if ("mistake" in compiled) mistake(part, text, compiled.mistake);
      else if (types[part].test(compiled.type)) return compiled;
      else mistake(part, text, { at: 0, text: `it is ${compiled.type}, and has to be ${wants[part]}` });
      return undefined;
    };
    const own = variables[written.for];
    const by = expression("by", variables.guest);
    const [where, what] = [expression("where", own), expression("what", own)];
    const message = compileMessage(written.message, language, own);
    if ("mistake" in message) mistake("message", written.message, message.mistake);
    if (problems.length > before || what === undefined || "mistake" in message) return [];
    return [{ ...{ name, for: written.for, by, where, what, message, severity, except }, place: placeOf(at) }];
  });
  if (problems.length > 0) return { problems };
  const expressions = policies.flatMap(({ by, where, what, message }) => [by, where, what, ...message.parts]);
  const reads = expressions.flatMap((each) => (typeof each === "object" ? each.reads : []));
  return { file, policies, language, reads: new Set(reads) };
}

/** Where a character of a text stands in the file, whatever way of writing texts YAML was used. @param place of the text: `FILE:LINE:COLUMN` */
function placeInText(place: string, lines: string[], text: string, offset: number): string {
  const [, file = "", line = "1", column = "1"] = /^(.*):(\d+):(\d+)$/.exec(place) ?? [];
  const before = text.slice(0, offset).split("\n");
  const wanted = text.split("\n")[before.length - 1] ?? "";
  const inLine = before.at(-1)?.length ?? 0;
  for (let at = Number(line) - 1; at < lines.length; at++) {
    const start = at === Number(line) - 1 ? Number(column) - 1 : 0;
    const found = wanted === "" ? -1 : (lines[at] ?? "").indexOf(wanted, start);
    if (found >= 0) return `${file}:${at + 1}:${found + 1 + inLine}`;
  }
  return place;
}
