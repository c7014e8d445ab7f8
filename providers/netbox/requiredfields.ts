import { HttpError } from "../http/errors";
import { isRecord, sameValue } from "../values";
import type { NetboxCustomField } from "./schemas";

// Custom fields that a NetBox requires. It takes no new object without them, and no change of an object in which one is empty,
// whatever the change is of: an object from before the field refuses every write.

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === "";

/** What is written into a required custom field that nobody filled: what the settings say, else its own default. */
export const fallbackOf = (field: NetboxCustomField, given: Record<string, unknown>): unknown =>
  given[field.name] ?? field.default;

/** The required custom fields of a type of objects. */
export const requiredOf = (fields: NetboxCustomField[], type: string): NetboxCustomField[] =>
  fields.filter(({ required, objectTypes }) => required && objectTypes.includes(type));

/** `ipam.ipaddress` of `ipam/ip-addresses`, and of what hands out addresses. */
export function typeOfPath(path: string): string {
  if (path.endsWith("/available-ips")) return "ipam.ipaddress";
  if (path === "virtualization/interfaces") return "virtualization.vminterface";
  const [app = "", plural = ""] = path.replace(/^plugins\//, "").split("/");
  const model = plural
    .replaceAll("-", "")
    .replace(/(address|prefix)es$/, "$1")
    .replace(/([^s])s$/, "$1");
  return `${app.replaceAll("-", "_")}.${model}`;
}

/** A body with the required custom fields that it leaves out. @param there what the object has already */
export function filled(
  body: object,
  required: NetboxCustomField[],
  given: Record<string, unknown>,
  there: Record<string, unknown> = {},
): object {
  const own = customFieldsIn(body);
  const missing = required.filter(({ name }) => isEmpty(name in own ? own[name] : there[name]));
  const values = missing.map((field) => [field.name, fallbackOf(field, given)] as const);
  const known = values.filter(([, value]) => !isEmpty(value));
  return known.length === 0 ? body : { ...body, custom_fields: { ...own, ...Object.fromEntries(known) } };
}

const customFieldsIn = (body: object | undefined): Record<string, unknown> =>
  body !== undefined && "custom_fields" in body && isRecord(body.custom_fields) ? body.custom_fields : {};

/** What to do about a required custom field that nothing says a value of. */
export const remedyOf = (name: string): string =>
  `set netbox-proxmox:netbox.customFields.${name} to the value that it is to have, or give it a default in NetBox`;

/** Sends writes again with the required custom fields, where NetBox refused them without. */
export class RequiredFields {
  private definitions: Promise<NetboxCustomField[]> | undefined;

  /** @param given by the custom field's name */
  constructor(
    private readonly read: () => Promise<NetboxCustomField[]>,
    readonly given: Record<string, unknown>,
  ) {}

  /** Read where NetBox refused something, and once: where nothing is required, nothing is asked. */
  private async of(path: string): Promise<NetboxCustomField[]> {
    this.definitions ??= this.read().catch(() => []);
    return requiredOf(await this.definitions, typeOfPath(path));
  }

  /** Is a custom field known to be required there? Nothing is known before NetBox refused something. */
  async isKnown(path: string): Promise<boolean> {
    return this.definitions !== undefined && (await this.of(path)).length > 0;
  }

  /** Makes objects. */
  async creating<T>(path: string, bodies: readonly object[], send: (all: readonly object[]) => Promise<T>): Promise<T> {
    const fill = async () => {
      const required = await this.of(path);
      return bodies.map((body) => filled(body, required, this.given));
    };
    const first = this.definitions === undefined ? bodies : await fill();
    try {
      return await send(first);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const next = await fill();
      if (!sameValue(next, first)) return await send(next);
      throw withRemedy(error, await this.of(path), this.given, customFieldsIn(next[0]));
    }
  }

  /** Changes an object. @param there reads what its custom fields hold */
  async changing<T>(
    path: string,
    body: object,
    send: (json: object) => Promise<T>,
    there: () => Promise<Record<string, unknown>>,
  ): Promise<T> {
    try {
      return await send(body);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const required = await this.of(path);
      if (required.length === 0) throw error;
      const held = await there();
      const next = filled(body, required, this.given, held);
      if (!sameValue(next, body)) return await send(next);
      throw withRemedy(error, required, this.given, { ...held, ...customFieldsIn(body) });
    }
  }
}

/** What it is about, NetBox says in the words of its own language. */
const isRefusal = (error: unknown): error is HttpError => error instanceof HttpError && error.status === 400;

/** NetBox's refusal with its remedy, where a required custom field is empty that nothing says a value of. */
function withRemedy(
  error: HttpError,
  required: NetboxCustomField[],
  given: Record<string, unknown>,
  has: Record<string, unknown>,
): HttpError {
  const empty = required.find((field) => isEmpty(has[field.name]) && isEmpty(fallbackOf(field, given)));
  return empty === undefined
    ? error
    : new HttpError(
        error.method,
        error.url,
        error.failure,
        `its custom field ${empty.name} is required in NetBox and has no value; ${remedyOf(empty.name)}`,
      );
}
