import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript"; // reads the comments of the schemas
import { z } from "zod";
import { definitions } from "../providers/registry";
import type { Handler } from "../providers/resource";
import { groupBy, isRecord } from "../providers/values";
import { projectRoot } from "./root";

// Writes docs/resources.md: every kind of resource with its properties, from the definitions themselves. What a property means
// stands as a comment in its schema.

type Definition = Handler["definition"];

/** What comments say of an object's properties. */
type Comments = Map<string, { text: string; of: Comments }>;

// ---- comments

/** The sources with their comments, each read once. */
class Sources {
  private readonly files = new Map<string, ts.SourceFile>();

  constructor(private readonly root: string) {}

  /** What the comments of a kind's schemas say: of its inputs and its state. */
  of(kind: string): Comments {
    for (const file of this.below("providers"))
      for (const { initializer } of declarations(this.file(file))) {
        const properties = initializer && definedIn(initializer);
        const named = (name: string) => properties?.find((each) => each.name?.getText() === name);
        const given = named("kind");
        if (given === undefined || !ts.isPropertyAssignment(given)) continue;
        if (!ts.isStringLiteral(given.initializer) || given.initializer.text !== kind) continue;
        const schemas = ["inputs", "state"].flatMap((name) => named(name) ?? []);
        return merged(
          schemas.map((each) => (ts.isPropertyAssignment(each) ? this.in(each.initializer, file) : new Map())),
        );
      }
    return new Map();
  }

  /** What the comments in a schema's expression say. */
  private in(expression: ts.Expression, file: string): Comments {
    if (ts.isIdentifier(expression)) return this.named(expression.text, file, (found, where) => this.in(found, where));
    if (ts.isPropertyAccessExpression(expression)) return this.in(expression.expression, file);
    if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression)) return new Map();
    const { name, expression: of } = expression.expression;
    const given = expression.arguments.flatMap((each) =>
      ts.isArrayLiteralExpression(each) ? [...each.elements] : [each],
    );
    if (/^(object|looseObject|strictObject)$/.test(name.text))
      return merged(given.map((each) => this.inShape(each, file)));
    if (name.text === "extend") return merged([this.in(of, file), ...given.map((each) => this.inShape(each, file))]);
    return merged([this.in(of, file), ...given.map((each) => this.in(each, file))]);
  }

  /** The same of the object that a schema is made from. */
  private inShape(shape: ts.Expression, file: string): Comments {
    if (ts.isIdentifier(shape)) return this.named(shape.text, file, (found, where) => this.inShape(found, where));
    if (!ts.isObjectLiteralExpression(shape)) return this.in(shape, file);
    const all = shape.properties.map((property): Comments => {
      if (ts.isSpreadAssignment(property)) return this.inShape(property.expression, file);
      const value = ts.isPropertyAssignment(property) ? property.initializer : property.name;
      const of = value !== undefined && ts.isExpression(value) ? this.in(value, file) : new Map();
      return new Map([[property.name?.getText() ?? "", { text: commentOf(property), of }]]);
    });
    return merged(all);
  }

  /** What a name of a file stands for there, or where it is imported from. */
  private named(name: string, file: string, read: (found: ts.Expression, file: string) => Comments): Comments {
    const source = this.file(file);
    const found = declarations(source).find((each) => each.name.getText() === name)?.initializer;
    if (found !== undefined) return read(found, file);
    for (const statement of source.statements) {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
      const { text: from } = statement.moduleSpecifier;
      const names = statement.importClause?.namedBindings;
      if (!from.startsWith(".") || names === undefined || !ts.isNamedImports(names)) continue;
      if (names.elements.some((each) => each.name.text === name))
        return this.named(name, `${normalize(join(dirname(file), from))}.ts`, read);
    }
    return new Map();
  }

  private file(name: string): ts.SourceFile {
    const known = this.files.get(name);
    if (known !== undefined) return known;
    const text = readFileSync(join(this.root, name), "utf8");
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
    this.files.set(name, source);
    return source;
  }

  /** The files of a folder that define resources. */
  private below(folder: string): string[] {
    return readdirSync(join(this.root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return this.below(path);
      return path.endsWith(".ts") && readFileSync(join(this.root, path), "utf8").includes("defineResource({")
        ? [path]
        : [];
    });
  }
}

const declarations = (source: ts.SourceFile): ts.VariableDeclaration[] =>
  source.statements.flatMap((each) => (ts.isVariableStatement(each) ? [...each.declarationList.declarations] : []));

/** The properties of what `defineResource` is given. */
const definedIn = (expression: ts.Expression): ts.ObjectLiteralElementLike[] =>
  ts.isCallExpression(expression) && expression.expression.getText() === "defineResource"
    ? expression.arguments.flatMap((each) => (ts.isObjectLiteralExpression(each) ? [...each.properties] : []))
    : [];

const commentOf = (node: ts.Node): string =>
  ts
    .getJSDocCommentsAndTags(node)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "")
    .join(" ")
    .replace(/\s+/g, " ")
    .trim();

/** The first that says something of a property counts. */
function merged(all: Comments[]): Comments {
  const result: Comments = new Map();
  for (const each of all)
    for (const [name, { text, of }] of each) {
      const known = result.get(name);
      result.set(name, { text: known?.text || text, of: merged([known?.of ?? new Map(), of]) });
    }
  return result;
}

// ---- the page

type Json = Record<string, unknown>;
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const variantsOf = (schema: Json): Json[] => [...list(schema.anyOf), ...list(schema.oneOf)];

/** `string`, `list of number`, `"in" or "out"`. */
function printType(schema: Json): string {
  const { type, const: only, enum: values, items, additionalProperties } = schema;
  const variants = variantsOf(schema);
  if (variants.length > 0) return [...new Set(variants.map(printType))].join(" or ");
  if (only !== undefined) return JSON.stringify(only);
  if (Array.isArray(values)) return values.map((each) => JSON.stringify(each)).join(" or ");
  if (type === "array") return `list of ${isRecord(items) ? printType(items) : "any"}`;
  if (type === "object" && isRecord(additionalProperties)) return `map of ${printType(additionalProperties)}`;
  if (Array.isArray(type)) return type.join(" or ");
  return typeof type === "string" ? type : "any";
}

interface Row {
  /** `disks.*.size`. */
  path: string;
  schema: Json;
  isRequired: boolean;
  text: string;
}

/** A schema's properties with those of the objects in them. */
function rowsOf(schema: Json, comments: Comments, before = ""): Row[] {
  const { properties, required, items, additionalProperties } = schema;
  const below = [
    ...oneOf(variantsOf(schema).map((each) => rowsOf(each, comments, before))),
    ...(isRecord(items) ? rowsOf(items, comments, `${before}*.`) : []),
    ...(isRecord(additionalProperties) ? rowsOf(additionalProperties, comments, `${before}*.`) : []),
  ];
  const own = Object.entries(isRecord(properties) ? properties : {}).flatMap(([name, value]): Row[] => {
    if (!isRecord(value)) return [];
    const { text = "", of = new Map() } = comments.get(name) ?? {};
    const isRequired = Array.isArray(required) && required.includes(name) && value.default === undefined;
    // What a mark is made of is no property of its own.
    const inside = name === "mark" ? [] : rowsOf(value, of, `${before}${name}.`);
    return [{ path: `${before}${name}`, schema: value, isRequired, text }, ...inside];
  });
  return [...below, ...own];
}

/** The properties of what has one of several forms: those that some lack are optional. */
function oneOf(forms: Row[][]): Row[] {
  const byPath = groupBy(forms.flat(), ({ path }) => path);
  return [...byPath.values()].map((rows) => {
    const [first = { path: "", text: "" }] = rows;
    const isRequired = rows.length === forms.length && rows.every((each) => each.isRequired);
    return { ...first, schema: { anyOf: rows.map((each) => each.schema) }, isRequired };
  });
}

const escaped = (text: string): string => text.replaceAll("|", "\\|");

function printRow({ path, schema, isRequired, text }: Row, { secrets = [], replaces = [] }: Definition): string {
  const of = (names: readonly string[]) => names.includes(path);
  const type = path === "mark" ? "mark" : printType(schema);
  const notes = [
    ...(text === "" ? [] : [text]),
    ...(of(replaces) ? ["Another one replaces the object."] : []),
    ...(of(secrets) && !/\bsecret\b/i.test(text) ? ["Secret."] : []),
  ];
  return `| \`${path}\` | ${escaped(type)}${isRequired ? "" : ", optional"} | ${escaped(notes.join(" "))} |`;
}

const table = (rows: Row[], definition: Definition): string[] =>
  rows.length === 0
    ? []
    : ["| Property | Type | |", "| --- | --- | --- |", ...rows.map((row) => printRow(row, definition)), ""];

const json = (schema: z.ZodType): Json => ({ ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) });

function printKind(definition: Definition, comments: Comments): string[] {
  const { kind, type, about, inputs, state } = definition;
  const types = typeof type === "string" ? [type] : type.all;
  const given = rowsOf(json(inputs), comments);
  const names = new Set(given.map(({ path }) => path));
  const found = rowsOf(json(state), comments).filter(({ path }) => !names.has(path));
  return [
    `## ${kind}`,
    "",
    about,
    `${types.length === 1 ? "Type" : "Types"} in the plan: ${types.map((each) => `\`${each}\``).join(", ")}.`,
    "",
    ...table(given, definition),
    ...(found.length === 0 ? [] : ["Found out, and kept in the state:", "", ...table(found, definition)]),
  ];
}

/** docs/resources.md as it should be. */
export function resourcesPage(root = projectRoot()): string {
  const sources = new Sources(root);
  return [
    "# Resources",
    "",
    "Every kind of resource that this program declares, with its properties. This page is written by `npm run docs` from the",
    "definitions in `providers/`, and a test holds it equal to them.",
    "",
    "`*` stands for each key of a map or each item of a list. A mark says who made an object: the Pulumi stack, and the page of the",
    "guest in NetBox (docs/ownership.md).",
    "",
    ...[...definitions]
      .sort((a, b) => (a.kind < b.kind ? -1 : 1))
      .flatMap((each) => printKind(each, sources.of(each.kind))),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}
