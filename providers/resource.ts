import { z } from "zod";
import { UserError } from "./errors";
import { withMarkText } from "./ownership/mark";
import { asBefore, hasUnknown } from "./unknown";
import { isRecord, sameValue } from "./values";

/** Properties as the engine hands them to `problems` and `diff`: any may be missing or unknown. */
export type Given<T> = { readonly [K in keyof T]?: unknown };

/** What is wrong with a planned change. Never of a secret property, as the engine prints its value. */
export interface PropertyProblem {
  property: string;
  reason: string;
}

/** What the engine is told of a change. Nothing replaces but what it lists. */
export interface Diff {
  changes: boolean;
  replaces?: string[];
  deleteBeforeReplace?: boolean;
}

/** Of several types of one kind in the plan, which one some inputs are of. */
export interface TypeByInputs {
  all: readonly string[];
  of(inputs: Record<string, unknown>): string;
}

/**
 * One kind of resource, as it is declared: what programs need of it. Its life, which only a provider needs, stands in a file of
 * its own (`handle`), so that a program doesn't load what talks to the systems for it. `problems` and `diff` run one by one in
 * the engine: they do no I/O.
 */
export interface Definition<K extends string = string, I extends object = object, S extends object = object> {
  /** Stands in states: none may ever be renamed or taken away. */
  readonly kind: K;
  /** `netbox:NetboxGuest`. Stands in states too. */
  readonly type: string | TypeByInputs;
  /** One sentence, for docs/resources.md. */
  readonly about: string;
  readonly inputs: z.ZodType<I> & { readonly shape: object };
  /** The inputs as they were last seen or written, and what was found out besides. */
  readonly state: z.ZodType<S> & { readonly shape: object };
  /** Properties that a program reads of it, or those of some inputs. */
  readonly outputs?: readonly string[] | ((inputs: Record<string, unknown>) => readonly string[]);
  /** Properties that are secret, of the inputs or found out. */
  readonly secrets?: readonly string[];
  /** Inputs of which another value makes another object. */
  readonly replaces?: readonly string[];
  /** Asked with every unknown input as it was before. */
  problems?(state: Given<S>, inputs: Given<I>): PropertyProblem[];
  /** Where it is left out: does any input differ? */
  diff?(state: Given<S>, inputs: Given<I>): Diff | boolean;
}

/** A definition with its schemas' own types, from which others can be picked. */
type Defined<K extends string, I extends z.ZodObject, S extends z.ZodObject> = Omit<
  Definition<K, z.output<I>, z.output<S>>,
  "inputs" | "state" | "outputs" | "secrets" | "replaces"
> & {
  readonly inputs: I;
  readonly state: S;
  readonly outputs?:
    | readonly (keyof z.output<S> & string)[]
    | ((inputs: Record<string, unknown>) => readonly (keyof z.output<S> & string)[]);
  readonly secrets?: readonly (keyof z.output<S> & string)[];
  readonly replaces?: readonly (keyof z.output<I> & string)[];
};

export const defineResource = <const K extends string, I extends z.ZodObject, S extends z.ZodObject>(
  definition: Defined<K, I, S>,
): Defined<K, I, S> => definition;

/** The life of one kind of resource. Properties were parsed before; `state` may be of any earlier version of this program. */
export interface Life<I extends object, S extends object> {
  /** Makes it, or goes on with what an interrupted run made. */
  create(inputs: I): Promise<{ id: string; state: S }>;
  /** As it is now; undefined where it is proven to be gone. */
  read(state: S): Promise<S | undefined>;
  /** What the next run of the program would give for what was read; all of its inputs where this is left out. */
  inputsOf?(state: S): object;
  update(state: S, inputs: I): Promise<S>;
  /** What is gone already is a success. */
  delete(state: S): Promise<void>;
}

type Properties = Record<string, unknown>;

/** A kind of resource as the engine meets it: with properties of any form. */
export interface Handler<K extends string = string> {
  readonly definition: Pick<Definition<K>, "kind" | "type" | "about" | "inputs" | "state" | "secrets" | "replaces">;
  problems(state: Properties, inputs: Properties): PropertyProblem[];
  diff(state: Properties, inputs: Properties): Diff;
  create(inputs: Properties): Promise<{ id: string; state: object }>;
  read(id: string, state: Properties): Promise<Known | undefined>;
  update(id: string, state: Properties, inputs: Properties): Promise<object>;
  delete(id: string, state: Properties): Promise<void>;
}

/** A resource as it was read: `inputs` in the form of the program's, `state` with what was found out besides. */
export interface Known {
  id: string;
  state: object;
  inputs: object;
}

/** A definition and its life: here properties are parsed, and nowhere else. */
export function handle<K extends string, I extends object, S extends object>(
  definition: Definition<K, I, S>,
  life: Life<I, S>,
): Handler<K> {
  const { inputs, state } = definition;
  const inputsOf = life.inputsOf ?? ((known: S) => pick(known, Object.keys(inputs.shape)));
  return {
    definition,
    problems: (before, wanted) => definition.problems?.(before, asBefore(wanted, before)) ?? [],
    diff: (before, wanted) => diffOf(definition, before, wanted),

    async create(raw) {
      const wanted = parsedInputs(definition, raw);
      const made = await life.create(wanted);
      return { id: made.id, state: asGiven(raw, wanted, made.state) };
    },

    async read(id, raw) {
      const known = parsed(definition.kind, state, raw);
      const found = await life.read(known);
      if (found === undefined) return undefined;
      const form = (value: object) => asGiven(raw, known, value);
      return { id, state: form(found), inputs: form(inputsOf(found)) };
    },

    async update(_id, before, raw) {
      const wanted = parsedInputs(definition, raw);
      return asGiven(raw, wanted, await life.update(parsed(definition.kind, state, before), wanted));
    },

    delete: async (_id, raw) => life.delete(parsed(definition.kind, state, raw)),
  };
}

/** What was found out of a resource: its state without its inputs. */
export const foundOut = <I extends object, S extends I>(
  { inputs }: Pick<Definition<string, I, S>, "inputs">,
  state: S,
): Omit<S, keyof I> => {
  const found = { ...state };
  for (const name of Object.keys(inputs.shape)) Reflect.deleteProperty(found, name);
  return found;
};

const pick = (value: object, names: string[]): object =>
  Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));

/** Nothing is replaced for a value that is not known yet. */
export function diffOf(definition: Definition, state: Properties, inputs: Properties): Diff {
  const { replaces: names = [] } = definition;
  const given = definition.diff?.(state, inputs) ?? differs(Object.keys(definition.inputs.shape), state, inputs);
  const { changes, replaces = [], ...more } = typeof given === "boolean" ? { changes: given } : given;
  const all = [...replaces, ...names.filter((name) => !sameValue(state[name], inputs[name]))];
  const known = all.filter((name) => !hasUnknown(inputs[name]));
  return { changes: changes || known.length > 0, ...(known.length > 0 ? { ...more, replaces: known } : {}) };
}

/** Is one of these properties another one now? An unknown value differs from everything. */
export const differs = <T extends string>(
  names: readonly T[],
  state: { readonly [K in T]?: unknown },
  inputs: { readonly [K in T]?: unknown },
): boolean => names.some((name) => !sameValue(state[name], inputs[name]));

/** @throws UserError that names the property, and never its value, which may be a secret */
function parsed<T>(kind: string, schema: z.ZodType<T>, raw: Properties): T {
  const read = schema.safeParse(raw);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0] ?? { path: [], message: "" };
  throw new UserError(
    `A resource of the kind ${kind} can't be read: its property ${path.join(".")} is not as this version of netbox-proxmox writes it (${message}). If a newer one wrote the state, update this one. Nothing was changed.`,
  );
}

function parsedInputs<T>({ kind, inputs }: Pick<Definition, "kind"> & { inputs: z.ZodType<T> }, raw: Properties): T {
  const name = Object.keys(raw).find((each) => each !== "__provider" && hasUnknown(raw[each]));
  if (name === undefined) return parsed(kind, inputs, raw);
  throw new UserError(
    `A resource of the kind ${kind} can't be written: its property ${name} comes of a resource that failed. Mend that one first, then run again.`,
  );
}

/**
 * A result in the form of what was given. What only a schema's default added, and nobody changed, is left out again: it would
 * show as a change of what older versions wrote without it.
 */
function asGiven(raw: Properties, given: object, result: object): object {
  const before = new Map(Object.entries(given));
  return Object.fromEntries(
    Object.entries(result).flatMap(([name, value]): [string, unknown][] => {
      const [from, was] = [raw[name], before.get(name)];
      if (!(name in raw)) return before.has(name) && sameValue(was, value) ? [] : [[name, value]];
      return [[name, isRecord(from) && isRecord(was) && isRecord(value) ? asGiven(from, was, value) : value]];
    }),
  );
}

/**
 * What the engine is told of a resource that was read. Where the state is as it was, it keeps the inputs that it has, which
 * are those of the last run: a handler only knows what the next one would give, and the difference would be shown as drift.
 * An adopted object is not as the last run asked: what it has shows how the next one changes it.
 */
export function readAnswer(
  { id, state, inputs }: Known,
  before: Properties,
): { id: string; props: Properties; inputs?: Properties } {
  const { __provider: _provider, ...known } = before;
  const props = plain(state);
  const isAsAsked = sameValue(props, withMarkText(known)) && known.adopted !== true;
  return isAsAsked ? { id, props } : { id, props, inputs: plain(inputs) };
}

/** A copy in the form that the engine gets: without undefined values, for which its wire format has no place. */
export const plain = (value: object): Properties =>
  withMarkText(z.record(z.string(), z.unknown()).parse(JSON.parse(JSON.stringify(value))));

/**
 * The provider's text as it is kept in state with every resource. It is run as it stands there, by any later version of
 * this program, on refresh and delete: path, export and kinds must never change.
 */
export const providerText = (kind: string): string =>
  `exports.handler = () => require('./dist/providers/registry.js').get('${kind}')`;

/** The kind that such a text names. */
export const kindOfText = (text: unknown): string | undefined =>
  typeof text === "string" ? /get\('([\w-]+)'\)/.exec(text)?.[1] : undefined;

const typeToken = (type: string): string => `pulumi-nodejs:dynamic/${type}`;

/** The type of a resource with these inputs. */
export const tokenOf = ({ type }: Pick<Definition, "type">, inputs: Record<string, unknown>): string =>
  typeToken(typeof type === "string" ? type : type.of(inputs));

/** The types that a kind's resources have in states: `pulumi-nodejs:dynamic/netbox:NetboxGuest`. */
export const tokensOf = ({ type }: Pick<Definition, "type">): string[] =>
  (typeof type === "string" ? [type] : type.all).map(typeToken);

/** Reads what is asked of a kind's resources in a state; undefined of others', and of one that can't be read so. */
export function stateReader<T>(definition: Pick<Definition, "type">, asked: z.ZodType<T>) {
  const tokens = tokensOf(definition);
  return (type: string, properties: unknown): T | undefined =>
    tokens.includes(type) ? asked.safeParse(properties).data : undefined;
}
