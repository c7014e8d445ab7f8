import type { Expression, ExpressionMistake, PolicyLanguage, PolicyVariables } from "./language";

/** A message with values in it: what stands in braces is CEL. */
export interface Message {
  parts: (string | Expression)[];
}

const shown =
  /^(?:string|int|uint|double|bool|dyn|null|google\.protobuf\.Timestamp|list<(?:string|int|double|bool|dyn)>)$/;

/** `{guest.name} has no owner`; `{{` and `}}` are braces. */
export function compileMessage(
  text: string,
  language: PolicyLanguage,
  variables: PolicyVariables,
): Message | { mistake: ExpressionMistake } {
  const parts: Message["parts"] = [];
  let plain = "";
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if ((letter === "{" || letter === "}") && text[at + 1] === letter) {
      plain += letter;
      at++;
    } else if (letter === "}") {
      return { mistake: { at, text: "a brace is closed that none opens; write }} for a brace" } };
    } else if (letter === "{") {
      const end = endOfBraces(text, at);
      if (end === undefined) return { mistake: { at, text: "a brace is not closed; write {{ for a brace" } };
      const inner = text.slice(at + 1, end);
      const compiled = language.compile(inner, variables);
      if ("mistake" in compiled) return { mistake: { ...compiled.mistake, at: at + 1 + compiled.mistake.at } };
      if (!shown.test(compiled.type))
        return {
          mistake: { at: at + 1, text: `${inner.trim()} is ${compiled.type}, which is no text; name a field of it` },
        };
      parts.push(plain, compiled);
      plain = "";
      at = end;
    } else plain += letter;
  }
  return { parts: [...parts, plain] };
}

/** Where a brace is closed, past braces and quoted text in it. */
function endOfBraces(text: string, start: number): number | undefined {
  let depth = 0;
  let quote = "";
  for (let at = start; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (quote !== "") {
      if (letter === "\\") at++;
      else if (letter === quote) quote = "";
    } else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === "{") depth++;
    else if (letter === "}" && --depth === 0) return at;
  }
  return undefined;
}

/** @throws ExpressionError */
export const messageText = ({ parts }: Message, values: Record<string, unknown>): string =>
  parts.map((part) => (typeof part === "string" ? part : printed(part.evaluate(values)))).join("");

function printed(value: unknown): string {
  if (Array.isArray(value)) return value.map(printed).join(", ");
  if (value instanceof Date) return value.toISOString();
  return value === null || value === undefined ? "nothing" : String(value);
}
