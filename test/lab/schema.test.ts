import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { routes } from "../../lab/proxmox/routes";
import type { Route } from "../../lab/proxmox/routes/route";
import type { MethodParameters, Parameter } from "../../lab/proxmox/schema/parameters";
import { projectRoot } from "../../tools/root";

/** Proxmox's own schema; its licence keeps it out of this repository. */
const file = join(projectRoot(), "..", "shared", "schema", "pve-apidoc-9.2.11.json.gz");

// Numbers in it may be texts.
const number = z.coerce.number().optional();
interface Property {
  type?: string;
  optional?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  enum?: string[] | null;
  requires?: string;
  alias?: string;
  format?: string | Record<string, Property>;
}
const property: z.ZodType<Property> = z.looseObject({
  type: z.string().optional(),
  optional: z.unknown().optional(),
  minimum: number,
  maximum: number,
  minLength: number,
  maxLength: number,
  enum: z.array(z.coerce.string()).nullish(),
  requires: z.string().optional(),
  alias: z.string().optional(),
  format: z
    .union([
      z.string(),
      z.record(
        z.string(),
        z.lazy(() => property),
      ),
    ])
    .optional(),
});
/** A method whose parameters depend on one of them has the choices in `oneOf`: all of them together here. */
interface Shape {
  properties?: Record<string, Property>;
  allOf?: Shape[];
  oneOf?: Shape[];
  "type-property"?: string;
  "type-property-schema"?: Property;
}
const shape: z.ZodType<Shape> = z.looseObject({
  properties: z.record(z.string(), property).optional(),
  allOf: z.lazy(() => z.array(shape)).optional(),
  oneOf: z.lazy(() => z.array(shape)).optional(),
  "type-property": z.string().optional(),
  "type-property-schema": property.optional(),
});
const method = z.looseObject({ allowtoken: z.number().optional(), parameters: shape.optional() });

function propertiesOf(one: Shape): Record<string, Property> {
  const choices = (one.oneOf ?? []).map(propertiesOf);
  const chosen: Record<string, Property> = Object.assign({}, ...choices);
  for (const [name, found] of Object.entries(chosen))
    if (!choices.every((choice) => name in choice)) chosen[name] = { ...found, optional: 1 };
  const type = one["type-property"] === undefined ? {} : { [one["type-property"]]: one["type-property-schema"] ?? {} };
  return Object.assign({}, one.properties, ...(one.allOf ?? []).map(propertiesOf), chosen, type);
}
interface Room {
  path: string;
  info?: Record<string, z.infer<typeof method>>;
  children?: Room[];
}
const room: z.ZodType<Room> = z.looseObject({
  path: z.string(),
  info: z.record(z.string(), method).optional(),
  children: z.lazy(() => z.array(room)).optional(),
});

function methods(rooms: Room[]): Map<string, z.infer<typeof method>> {
  return new Map(
    rooms.flatMap(({ path, info = {}, children = [] }) => [
      ...Object.entries(info).map(([verb, found]) => [`${verb} ${path}`, found] as const),
      ...methods(children),
    ]),
  );
}

/** `net[n]` of the documentation is `net0`, `net1` … of a request; the lab lists them all. */
function fold(parameters: MethodParameters): MethodParameters {
  const families = new Set(
    Object.keys(parameters).flatMap((name) =>
      /^(.+)0$/.exec(name) && `${name.slice(0, -1)}1` in parameters ? [name.slice(0, -1)] : [],
    ),
  );
  const folded: MethodParameters = {};
  for (const [name, parameter] of Object.entries(parameters)) {
    const family = /^(.*?)\d+$/.exec(name)?.[1];
    folded[family !== undefined && families.has(family) ? `${family}[n]` : name] = parameter;
  }
  return folded;
}

const limits = (one: Parameter) => ({
  type: one.type,
  required: one.required ?? false,
  min: one.min,
  max: one.max,
  minLength: one.minLength,
  maxLength: one.maxLength,
  values: one.values ? [...one.values].sort() : undefined,
  requires: one.requires,
});

const documented = (one: Property) => ({
  type: one.type ?? "string",
  required: Number(one.optional ?? 0) !== 1,
  min: one.minimum,
  max: one.maximum,
  minLength: one.minLength,
  maxLength: one.maxLength,
  values: one.enum ? [...one.enum].sort() : undefined,
  requires: one.requires,
});

/** What differs between the lab's parameters and the documented ones, as sentences. */
function differences(where: string, ours: MethodParameters, theirs: Record<string, Property>): string[] {
  const found: string[] = [];
  const real = Object.fromEntries(Object.entries(theirs).filter(([, one]) => one.alias === undefined));
  for (const name of Object.keys(real)) if (!(name in ours)) found.push(`${where}: the lab lacks ${name}`);
  for (const [name, parameter] of Object.entries(ours)) {
    const one = real[name];
    if (one === undefined) {
      found.push(`${where}: only the lab has ${name}`);
      continue;
    }
    const [mine, its] = [JSON.stringify(limits(parameter)), JSON.stringify(documented(one))];
    if (mine !== its) found.push(`${where}: ${name} is ${mine} here, ${its} there`);
    if (typeof one.format === "object" && parameter.properties)
      found.push(...differences(`${where} ${name}`, fold(parameter.properties.keys), one.format));
    else if (typeof one.format === "object") found.push(`${where}: ${name} has keys`);
  }
  return found;
}

/** What a route takes in all: a parameter that not every variant has can be left out. */
function allOf({ parameters, variants }: Route): MethodParameters {
  const choices = Object.values(variants?.of ?? {});
  const chosen: MethodParameters = Object.assign({}, ...choices);
  for (const [name, parameter] of Object.entries(chosen))
    if (!choices.every((choice) => name in choice)) chosen[name] = { ...parameter, required: false };
  return { ...parameters, ...chosen };
}

describe.skipIf(!existsSync(file))("the lab's own schema", () => {
  const known = existsSync(file)
    ? methods(z.array(room).parse(JSON.parse(gunzipSync(readFileSync(file)).toString())))
    : new Map<string, z.infer<typeof method>>();

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "is Proxmox's for %s",
    (name, route) => {
      const found = known.get(name);
      expect(found, "a method of PVE's").toBeDefined();
      const { node, ...others } = propertiesOf(found?.parameters ?? {});
      const theirs = route.path.includes("{node}") || node === undefined ? others : { ...others, node };
      const { vmid, ...rest } = theirs;
      const expected = route.path.includes("{vmid}") || vmid === undefined ? rest : { ...rest, vmid };
      expect(differences(name, fold(allOf(route)), expected)).toEqual([]);
      expect(route.byToken).toBe(found?.allowtoken !== 0);
    },
  );
});
