import type * as pulumi from "@pulumi/pulumi";
import { auditHandler } from "./audit/audit.handler";
import { refuseWrite } from "./branch";
import { staleBuild } from "./build";
import { context, refreshLimit, useConfiguration } from "./context";
import { recordHandler } from "./dns/bind9/record.handler";
import { messageOf, presentable, UserError } from "./errors";
import { MissingLimit, stateCount } from "./missing";
import { choicesHandler } from "./netbox/extras/choices.handler";
import { ipAllocationHandler } from "./netbox/ipam/ipallocation.handler";
import { machineHandler } from "./netbox/objects/machine.handler";
import { objectHandler } from "./netbox/objects/object.handler";
import { dnsRecordHandler } from "./netbox/plugins/dnsrecord.handler";
import { netboxTokenHandler } from "./netbox/users/token.handler";
import { netboxGuestHandler } from "./netbox/virtualization/guest.handler";
import { promotionHandler } from "./netbox/virtualization/promotion.handler";
import { anchorHandler } from "./ownership/anchor.handler";
import { checkHandler } from "./platform/check.handler";
import { secretHandler } from "./platform/secret.handler";
import { serviceHandler } from "./platform/service.handler";
import { aclHandler } from "./proxmox/access/acl.handler";
import { groupHandler } from "./proxmox/access/group.handler";
import { roleHandler } from "./proxmox/access/role.handler";
import { tokenHandler } from "./proxmox/access/token.handler";
import { userHandler } from "./proxmox/access/user.handler";
import { firewallHandler } from "./proxmox/nodes/firewall/firewall.handler";
import { containerHandler } from "./proxmox/nodes/lxc/container.handler";
import { networkHandler } from "./proxmox/nodes/network/network.handler";
import { vmHandler } from "./proxmox/nodes/qemu/vm.handler";
import { snapshotHandler } from "./proxmox/nodes/snapshot.handler";
import { fileHandler } from "./proxmox/nodes/storage/file.handler";
import { templateHandler } from "./proxmox/nodes/template.handler";
import { keptUnread } from "./proxmox/reads";
import { type Handler, plain, readAnswer } from "./resource";
import { secretSinkHandler } from "./sinks/secretsink.handler";

// A stack trace for every promise costs the program and the provider half of their time.
Error.stackTraceLimit = 0;

const all = [
  netboxGuestHandler,
  promotionHandler,
  dnsRecordHandler,
  ipAllocationHandler,
  objectHandler,
  machineHandler,
  netboxTokenHandler,
  vmHandler,
  snapshotHandler,
  containerHandler,
  roleHandler,
  groupHandler,
  userHandler,
  aclHandler,
  tokenHandler,
  recordHandler,
  anchorHandler,
  secretSinkHandler,
  fileHandler,
  templateHandler,
  choicesHandler,
  networkHandler,
  firewallHandler,
  serviceHandler,
  secretHandler,
  checkHandler,
  auditHandler,
];

/** The kinds that stand in states. */
export type ResourceKind = (typeof all)[number]["definition"]["kind"];

const handlers = new Map<string, Handler>(all.map((handler) => [handler.definition.kind, handler]));

/** @throws UserError for a kind that this version doesn't know */
export function handlerOf(kind: string): Handler {
  const handler = handlers.get(kind);
  if (handler !== undefined) return handler;
  throw new UserError(
    `This version of netbox-proxmox knows no resource kind '${kind}': it is older than the one that wrote the state. Update it.`,
  );
}

/** Every kind, as it is defined. */
export const definitions: readonly Handler["definition"][] = all.map(({ definition }) => definition);

/** Called by the text in state. @throws for a kind that this version doesn't know. */
export function get(kind: string): pulumi.dynamic.ResourceProvider {
  const stale = staleBuild();
  if (stale !== undefined) throw new UserError(stale);
  return adapt(handlerOf(kind));
}

/** The engine shows an error's message, and its stack where it logs it: both are the one sentence. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    context();
    return await work();
  } catch (error) {
    throw new UserError(messageOf(error));
  }
}

/** The same of what changes a system: a branch of NetBox is planned and never applied. */
const changing = <T>({ definition: { kind } }: Handler, what: string, work: () => Promise<T>): Promise<T> =>
  told(async () => {
    refuseWrite(context().branch, `${what} of a ${kind}`);
    return work();
  });

/** One for all kinds of this process: each has its own count. */
const gone = new MissingLimit(refreshLimit, stateCount);

/**
 * A resource as a refresh finds it, in the engine's form; one that is gone has an empty id. One that can't be read stays as it
 * was, with a warning: it must not stop the refresh of the others.
 * @param limit how many may be gone
 */
export async function readResource(
  handler: Handler,
  id: string,
  state: Record<string, unknown>,
  limit: MissingLimit,
): Promise<ReturnType<typeof readAnswer>> {
  const { kind } = handler.definition;
  try {
    const found = await limit.read(kind, id, () => handler.read(id, state));
    return found === undefined ? { id: "", props: {} } : readAnswer(found, state);
  } catch (error) {
    const said = keptUnread(`${kind} ${id}`, error);
    if (said === undefined) throw error;
    for (const each of said) console.warn(presentable(each));
    const { __provider: _provider, ...props } = state;
    return { id, props };
  }
}

function adapt(handler: Handler): pulumi.dynamic.ResourceProvider {
  return {
    // Its work is done before it returns: the engine doesn't wait for more.
    configure: async ({ config }) => useConfiguration({ get: (key) => config.get(key) }),
    check: async (state, inputs) => ({ inputs, failures: handler.problems(state ?? {}, inputs) }),
    diff: async (_id, state, inputs) => handler.diff(state, inputs),
    create: (inputs) =>
      changing(handler, "the creation", async () => {
        const { id, state } = await handler.create(inputs);
        return { id, outs: plain(state) };
      }),
    read: (id, state) => told(() => readResource(handler, id, state ?? {}, gone)),
    update: (id, state, inputs) =>
      changing(handler, "the update", async () => ({ outs: plain(await handler.update(id, state, inputs)) })),
    delete: (id, state) => changing(handler, "the deletion", () => handler.delete(id, state)),
  };
}
