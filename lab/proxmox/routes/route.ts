import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { forbidden } from "../errors";
import type { MethodParameters, ParameterVariants, Values } from "../schema/parameters";

/** One call of a method. */
export interface RouteCall {
  cluster: Cluster;
  caller: ProxmoxCaller;
  node: string;
  vmid: number;
  /** The method's parameters in their types, those of the path among them (but for node and vmid). */
  params: Values;
  /** All parameters as they came, before they were checked. */
  raw: Record<string, string>;
  /** The content of an uploaded file. */
  file?: Buffer;
}

/** What a caller needs: throws PVE's 403. It runs before the parameters are checked. */
export type RightsCheck = (call: RouteCall) => void;

export interface Route {
  method: string;
  path: string;
  pattern: RegExp;
  names: string[];
  parameters: MethodParameters;
  /** Further parameters, by the value of one of them. */
  variants?: ParameterVariants;
  needs: RightsCheck;
  /** Whether an API token may call it. */
  byToken: boolean;
  /** Whether anybody may call it, without a login. */
  open: boolean;
  handle: (call: RouteCall) => unknown;
}

/** A list with its length beside it, as task logs have it. */
export class Page {
  constructor(
    readonly data: unknown[],
    readonly total: number,
  ) {}
}

/** @param path with names in braces; `{name*}` takes slashes too */
export function route(
  method: string,
  path: string,
  parameters: MethodParameters,
  needs: RightsCheck,
  handle: (call: RouteCall) => unknown,
  { byToken = true, open = false, variants }: { byToken?: boolean; open?: boolean; variants?: ParameterVariants } = {},
): Route {
  const names: string[] = [];
  const pattern = path.replace(/\{(\w+)(\*?)\}/g, (_, name: string, rest: string) => {
    names.push(name);
    return rest === "" ? "([^/]+)" : "(.+)";
  });
  const shown = path.replace(/\*\}/g, "}");
  return {
    method,
    path: shown,
    pattern: new RegExp(`^${pattern}$`),
    names,
    parameters,
    variants,
    needs,
    byToken,
    open,
    handle,
  };
}

export const anybody: RightsCheck = () => {};

/** A path of the ACL with the call's own values in it; nothing where they don't make one. */
function aclPath(path: string, { raw }: RouteCall): string {
  const filled = path.replace(/\{([\w-]+)\}/g, (_, name: string) => raw[name] ?? "");
  return /^[\w.\-/]+$/.test(filled) ? filled : "";
}

/** Every one of these privileges at a path (`/vms/{vmid}`). */
export const perm =
  (path: string, privileges: string): RightsCheck =>
  (call) => {
    const at = aclPath(path, call);
    const names = privileges.split(" ");
    if (at === "") forbidden(`, ${names[0]}`);
    call.cluster.access.require(call.caller.authId, at, names);
  };

/** Any of these privileges at a path. */
export const permAny =
  (path: string, privileges: string): RightsCheck =>
  (call) =>
    call.cluster.access.require(call.caller.authId, aclPath(path, call), privileges.split(" "), true);

/** All of these needs. */
export const both =
  (...needs: RightsCheck[]): RightsCheck =>
  (call) => {
    for (const need of needs) need(call);
  };

/** One of these needs: a 403 of all of them names none. */
export const either =
  (...needs: RightsCheck[]): RightsCheck =>
  (call) => {
    const met = needs.some((need) => {
      try {
        need(call);
        return true;
      } catch {
        return false;
      }
    });
    if (!met) forbidden();
  };
