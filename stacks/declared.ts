import type { z } from "zod";
import type { Definition } from "../providers/resource";
import { isRecord } from "../providers/values";

// What a program declares, as plain data: stacks/engine.ts gives it to Pulumi, stacks/plan/steps.ts compares it with the state.

type Properties = Record<string, unknown>;

/** An output of a resource of this run. */
interface Source {
  of: DeclaredResource;
  property: string;
}

/**
 * A value that outputs of other resources give. A destroy that runs the program makes nothing: an output of what is gone already
 * is undefined, whatever its type says, and so is all that is worked out of it.
 */
export class Later<out T> {
  private constructor(
    readonly sources: readonly Source[],
    private readonly make: (values: readonly unknown[]) => T | undefined,
    readonly isSecret = false,
  ) {}

  static of<T>(of: DeclaredResource, property: string): Later<T>;
  // The signature above says what a resource's schema says of its output.
  static of(of: DeclaredResource, property: string): Later<unknown> {
    return new Later([{ of, property }], ([value]) => value);
  }

  /** Of values each of which may come later. Undefined where one of them is. */
  static all<T extends Properties>(parts: { readonly [K in keyof T]: T[K] | Later<T[K]> }): Later<T>;
  static all(parts: Properties): Later<Properties> {
    const sources: Source[] = [];
    const makers = Object.entries(parts).map(([name, part]): [string, (values: readonly unknown[]) => unknown] => {
      if (!(part instanceof Later)) return [name, () => part];
      const from = sources.length;
      sources.push(...part.sources);
      return [name, (values) => part.value(values.slice(from, from + part.sources.length))];
    });
    const isSecret = Object.values(parts).some((part) => part instanceof Later && part.isSecret);
    const make = (values: readonly unknown[]) => Object.fromEntries(makers.map(([name, of]) => [name, of(values)]));
    return new Later(sources, make, isSecret).map((all) => all);
  }

  /** What `make` works out of it. Undefined where the value, or a part of it, is undefined. */
  map<U>(make: (value: T) => U): Later<U> {
    const next = (values: readonly unknown[]): U | undefined => {
      const value = this.make(values);
      return value === undefined || !isWhole(value) ? undefined : make(value);
    };
    return new Later(this.sources, next, this.isSecret);
  }

  /** The value, or what stands for it where it is undefined. */
  orElse<U>(otherwise: U): Later<Exclude<T, undefined> | U>;
  orElse(otherwise: unknown): Later<unknown> {
    return new Later<unknown>(this.sources, (values) => this.make(values) ?? otherwise, this.isSecret);
  }

  secret(): Later<T> {
    return new Later(this.sources, this.make, true);
  }

  /** By the values of its sources, in their order. */
  value(values: readonly unknown[]): T | undefined {
    return this.make(values);
  }
}

const isWhole = (value: unknown): boolean =>
  typeof value !== "object" || value === null || !Object.values<unknown>({ ...value }).includes(undefined);

/** A value of this form, any part of which may come later. */
export type WithLater<T> = T | Later<T> | (T extends object ? { readonly [K in keyof T]: WithLater<T[K]> } : never);

export interface DeclaredOptions {
  /** What it waits for. */
  after?: readonly DeclaredResource[];
  /** What it is called in states of former versions. */
  alias?: { name: string; token: string };
  /** Is a deletion refused? */
  protect?: boolean;
}

/** One resource of this run. Those that it names stand before it in the list of all. */
export class DeclaredResource<S extends object = object> {
  readonly after: readonly DeclaredResource[];
  readonly alias: DeclaredOptions["alias"];
  readonly protect: boolean;

  constructor(
    readonly definition: Definition,
    readonly name: string,
    readonly inputs: Properties,
    { after = [], alias, protect = false }: DeclaredOptions,
  ) {
    this.after = after;
    this.alias = alias;
    this.protect = protect;
  }

  /** One of the outputs that its definition lists: there once the resource is. */
  output<K extends keyof S & string>(name: K): Later<Exclude<S[K], undefined>> {
    return Later.of(this, name);
  }
}

/** A resource with inputs of its kind's form. */
export function declared<I extends z.ZodObject, S extends z.ZodObject>(
  definition: Definition & { inputs: I; state: S },
  name: string,
  inputs: WithLater<z.input<I>>,
  options: DeclaredOptions = {},
): DeclaredResource<z.output<S>> {
  return new DeclaredResource(definition, name, { ...inputs }, options);
}

/** Inputs or outputs with every later value exchanged; what has none in it is the same object. */
export function withoutLater(value: Properties, exchange: (later: Later<unknown>) => unknown): Properties;
export function withoutLater(value: unknown, exchange: (later: Later<unknown>) => unknown): unknown;
export function withoutLater(value: unknown, exchange: (later: Later<unknown>) => unknown): unknown {
  if (value instanceof Later) return exchange(value);
  if (Array.isArray(value)) {
    const made = value.map((each) => withoutLater(each, exchange));
    return made.some((each, n) => each !== value[n]) ? made : value;
  }
  if (!isRecord(value)) return value;
  const made = Object.entries(value).map(([key, each]) => [key, withoutLater(each, exchange)] as const);
  return made.some(([key, each]) => each !== value[key]) ? Object.fromEntries(made) : value;
}
