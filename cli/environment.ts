import type { Environment } from "../providers/settings";

// The names that other tools of Proxmox VE read, so that what is set for them serves here too.

const first = (...values: (string | undefined)[]): string | undefined =>
  values.find((value) => value !== undefined && value !== "");

/**
 * A token of its parts, as they are known: `PROXMOX_USERNAME` is `USER@REALM!TOKENID`, or `USER@REALM` beside a
 * `PROXMOX_TOKEN` of `TOKENID=SECRET`; a `PROXMOX_TOKEN` may also be whole.
 */
function tokenOf(user: string | undefined, token: string | undefined): string | undefined {
  if (token === undefined || token === "" || token.includes("@")) return token;
  if (user === undefined) return token;
  return `${user}${user.includes("!") ? "=" : "!"}${token}`;
}

/** The environment with our own names filled from the others', where they are not set themselves. */
export function withKnownNames(env: Environment): Environment {
  const user = first(env.PROXMOX_VE_USERNAME, env.PROXMOX_USERNAME);
  const token = first(env.PROXMOX_VE_API_TOKEN, tokenOf(env.PROXMOX_USERNAME, env.PROXMOX_TOKEN));
  const verifies = env.PROXMOX_VERIFY_SSL ?? "";
  return {
    ...env,
    PROXMOX_VE_ENDPOINT: first(env.PROXMOX_VE_ENDPOINT, env.PROXMOX_API_URL)?.replace(/\/api2\/json\/?$/, ""),
    PROXMOX_VE_API_TOKEN: token,
    // With a token the user is only a part of it.
    PROXMOX_VE_USERNAME: token === undefined ? user : env.PROXMOX_VE_USERNAME,
    PROXMOX_VE_PASSWORD: first(env.PROXMOX_VE_PASSWORD, env.PROXMOX_PASSWORD),
    PROXMOX_VE_INSECURE: first(env.PROXMOX_VE_INSECURE, /^(0|no|false)$/i.test(verifies) ? "true" : undefined),
  };
}

/** The one cluster that the environment alone leads to, by its name; its NetBox name is `PROXMOX_VE_CLUSTER`. */
export function clusterOfEnvironment(env: Environment): string | undefined {
  const url = env.PROXMOX_VE_ENDPOINT;
  if (url === undefined || url === "") return undefined;
  return first(env.PROXMOX_VE_CLUSTER) ?? (URL.canParse(url) ? new URL(url).hostname : "proxmox");
}

/** The guest that the environment names, for commands that are given none. */
export interface NamedGuest {
  vmid: string;
  node: string | undefined;
  type: "qemu" | "lxc" | undefined;
}

export function guestOfEnvironment(env: Environment): NamedGuest | undefined {
  const vmid = first(env.PROXMOX_VMID);
  if (vmid === undefined) return undefined;
  const type = env.PROXMOX_VM_TYPE ?? "";
  return {
    vmid,
    node: first(env.PROXMOX_NODE),
    type: /^(lxc|ct)$/i.test(type) ? "lxc" : /^(qemu|vm)$/i.test(type) ? "qemu" : undefined,
  };
}
