import { nearest } from "../../../providers/nearest";
import { isRecord } from "../../../providers/values";
import { type CostlyField, costlyFields, type PolicyTypeName, policyTypes } from "./objects";
import { withinWindow } from "./window";

// Rules are in CEL. Its library is loaded where there is a policies file, and nowhere else.

const library = () => import("@marcbachmann/cel-js"); // CEL with a type checker that says where a mistake is
type Library = Awaited<ReturnType<typeof library>>;
type Environment = InstanceType<Library["Environment"]>;
type Node = ReturnType<Environment["parse"]>["ast"];

/** What stands for what in an expression: by variable, a value or the type that it has. */
export type PolicyVariables = Record<string, string>;

/** A mistake in an expression. */
export interface ExpressionMistake {
  /** Where it begins, in characters of the expression. */
  at: number;
  text: string;
}

export interface Expression {
  /** Of its value, in CEL's words; `dyn` where only its evaluation tells. */
  type: string;
  /** The costly fields that it names. */
  reads: CostlyField[];
  /** @throws ExpressionError */
  evaluate(values: Record<string, unknown>): unknown;
}

/** An expression that can't be evaluated for some object. */
export class ExpressionError extends Error {}

/** A rule's language: the library, with the types of what rules look at. */
export class PolicyLanguage {
  private constructor(
    private readonly cel: Library,
    private readonly classes: ReadonlyMap<string, new (values: object) => object>,
  ) {}

  static async load(): Promise<PolicyLanguage> {
    const classes = Object.keys(policyTypes).map(
      (name) =>
        [
          name,
          class {
            constructor(values: object) {
              Object.assign(this, values);
            }
          },
        ] as const,
    );
    return new PolicyLanguage(await library(), new Map(classes));
  }

  private readonly environments = new Map<string, Environment>();

  private environment(variables: PolicyVariables): Environment {
    const key = JSON.stringify(variables);
    const known = this.environments.get(key);
    if (known !== undefined) return known;
    const made = new this.cel.Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false });
    for (const [name, fields] of Object.entries(policyTypes))
      made.registerType(name, { ctor: this.classes.get(name) ?? Object, fields });
    for (const [name, type] of Object.entries(variables)) made.registerVariable(name, type);
    made.registerFunction("sum(list<int>): int", (all: bigint[]) => all.reduce((sum, each) => sum + each, 0n));
    made.registerFunction(
      "within(google.protobuf.Timestamp, list<string>, string, string, string): bool",
      (now: Date, days: string[], from: string, to: string, zone: string) =>
        withinWindow(now, { days, from, to, zone }),
    );
    this.environments.set(key, made);
    return made;
  }

  compile(text: string, variables: PolicyVariables): Expression | { mistake: ExpressionMistake } {
    const environment = this.environment(variables);
    try {
      const parsed = environment.parse(text);
      const { valid, type = "dyn", error } = parsed.check();
      if (!valid) return { mistake: this.mistake(error, environment, text, variables) };
      return {
        type,
        reads: fieldsIn(parsed.ast),
        evaluate: (values) => {
          try {
            return parsed(values);
          } catch (thrown) {
            throw new ExpressionError(this.reason(thrown, values));
          }
        },
      };
    } catch (thrown) {
      return { mistake: this.mistake(thrown, environment, text, variables) };
    }
  }

  /** A plain value as the library takes it: whole numbers are bigints, objects are of their classes. */
  typed(name: PolicyTypeName, value: object): object {
    const known = this.made.get(value);
    if (known !== undefined) return known;
    const given = new Map<string, unknown>(Object.entries(value));
    const fields = Object.entries(policyTypes[name]).map(([field, type]) => [field, this.as(type, given.get(field))]);
    const made = new (this.classes.get(name) ?? Object)(Object.fromEntries(fields));
    this.made.set(value, made);
    return made;
  }

  private readonly made = new WeakMap<object, object>();

  private as(type: string, value: unknown): unknown {
    const item = /^list<(.*)>$/.exec(type)?.[1];
    if (item !== undefined) return Array.isArray(value) ? value.map((each) => this.as(item, each)) : [];
    if (isTypeName(type)) return typeof value === "object" && value !== null ? this.typed(type, value) : null;
    if (type === "int") return BigInt(Math.round(Number(value)));
    return type === "dyn" ? loose(value) : value;
  }

  // ---- mistakes

  private mistake(
    error: unknown,
    environment: Environment,
    text: string,
    variables: PolicyVariables,
  ): ExpressionMistake {
    const { ParseError, TypeError: TypeMistake } = this.cel;
    if (!(error instanceof ParseError || error instanceof TypeMistake))
      return { at: 0, text: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
    const { code, range } = error;
    const said = error.summary;
    const at = range?.start ?? 0;
    const word = range === undefined ? "" : text.slice(range.start, range.end);
    if (code === "unknown_variable")
      return { at, text: `there is no ${word} here${meant(word, Object.keys(variables))}` };
    if (code === "no_such_key") {
      const of = fieldsBefore(text, at, environment);
      return {
        at,
        text: `there is no field ${word}${of.name === "" ? "" : ` of ${of.name}`}${meant(word, of.fields)}`,
      };
    }
    const called = /overload for '(?:.*?\.)?(\w+)\(/.exec(said)?.[1];
    const functions = environment.getDefinitions().functions.map(({ name }) => name);
    if (called !== undefined && !functions.includes(called)) {
      const place = text.indexOf(called, at);
      return { at: place < 0 ? at : place, text: `there is no function ${called}${meant(called, functions)}` };
    }
    return { at, text: said };
  }

  private reason(thrown: unknown, values: Record<string, unknown>): string {
    if (!(thrown instanceof this.cel.EvaluationError)) return thrown instanceof Error ? thrown.message : String(thrown);
    const key = thrown.code === "no_such_key" ? /^No such key: (\S+)$/.exec(thrown.summary)?.[1] : undefined;
    if (key === undefined) return thrown.summary;
    const { guest } = values;
    const names = isRecord(guest) && isRecord(guest.customFields) ? Object.keys(guest.customFields) : [];
    return `there is no ${key}${meant(key, names)}`;
  }
}

const isTypeName = (type: string): type is PolicyTypeName => Object.hasOwn(policyTypes, type);

const meant = (word: string, known: string[]): string => {
  const near = nearest(word, known);
  return near === undefined ? `; there is ${[...new Set(known)].sort().join(", ")}` : `: is ${near} meant?`;
};

/** The fields of what stands before a field's name, or of everything, where its type is not told. */
function fieldsBefore(text: string, at: number, environment: Environment): { name: string; fields: string[] } {
  const receiver = /([\w.]+)\.$/.exec(text.slice(0, at))?.[1] ?? "";
  const checked = receiver === "" ? undefined : environment.check(receiver);
  const type = checked?.valid ? (checked.type ?? "") : "";
  return isTypeName(type)
    ? { name: `a ${type.toLowerCase()}`, fields: Object.keys(policyTypes[type]) }
    : { name: "", fields: Object.values(policyTypes).flatMap((fields) => Object.keys(fields)) };
}

/** A value of no declared type: of a property before and after. */
function loose(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(loose);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, loose(each)]));
}

/** The costly fields that are named somewhere in an expression. */
function fieldsIn(node: Node): CostlyField[] {
  const found = new Set<string>();
  const walk = (each: unknown): void => {
    if (Array.isArray(each)) for (const part of each) walk(part);
    else if (isRecord(each) && "op" in each && "args" in each) {
      const { op, args } = each;
      if ((op === "." || op === ".?") && Array.isArray(args)) found.add(String(args[1]));
      walk(args);
    }
  };
  walk(node);
  return costlyFields.filter((field) => found.has(field));
}
