import { existsSync, readFileSync } from "node:fs";
import type { Context } from "../../providers/context";
import { UserError } from "../../providers/errors";
import { HttpError } from "../../providers/http/errors";
import * as wire from "../../providers/netbox/schemas";
import { groupBy } from "../../providers/values";
import { hostOf } from "../netbox/address";
import type { PolicyFacts, PolicyJudgement } from "../plan/policies/judge";
import type { CostlyField } from "../plan/policies/objects";
import { refusal } from "../refusal";
import type { Settings } from "../settings";
import type { PolicyReads } from "./desired/policyguests";

/** The policies of a stack. */
export interface SitePolicies {
  file: string;
  /** Fields that have to be read for them. */
  reads: ReadonlySet<CostlyField>;
  judge(facts: PolicyFacts): PolicyJudgement;
}

/** The policies of the file; undefined where there is none. @throws UserError with everything that is wrong with it */
export async function readPolicies({
  policies: { file },
}: Pick<Settings, "policies">): Promise<SitePolicies | undefined> {
  const path = file ?? usualFile;
  if (!existsSync(path)) {
    if (file === undefined) return undefined;
    throw new UserError(
      `There is no file ${file}, which netbox-proxmox:policies.file names: write it (docs/policies.md), or take the setting away.`,
    );
  }
  // Who has no policies need not load what they are made of.
  const [{ compilePolicies }, { judgePolicies }] = await Promise.all([
    import("../plan/policies/rules.js"),
    import("../plan/policies/judge.js"),
  ]);
  const compiled = await compilePolicies(readFileSync(path, "utf8"), path);
  if ("problems" in compiled) throw refusal(compiled.problems, path);
  return { file: path, reads: compiled.reads, judge: (facts) => judgePolicies(compiled, facts) };
}

const usualFile = "policies.yml";

/** What these policies need to know besides: each a list of one system, read only where a policy names it. */
export async function readForPolicies(
  context: Context,
  { file, reads }: Pick<SitePolicies, "file" | "reads">,
): Promise<PolicyReads> {
  const readIf = <T>(field: CostlyField, right: string, read: () => Promise<T[]>): Promise<T[]> =>
    reads.has(field)
      ? told(read(), `${file} looks at guest.${field}, and the token may not see that: give it ${right}`)
      : Promise.resolve([]);
  const { netbox, proxmox } = context;
  const type = "virtualization.virtualmachine";
  const [services, contacts, jobs] = await Promise.all([
    readIf("services", "ipam.view_service in NetBox", () =>
      netbox.list("ipam/services", wire.service, wire.serviceFields),
    ),
    readIf("contacts", "tenancy.view_contactassignment in NetBox", () =>
      netbox.list("tenancy/contact-assignments", wire.contactAssignment, wire.contactAssignmentFields, {
        object_type: [type],
      }),
    ),
    Promise.all(
      proxmox.map(
        async (cluster) =>
          [
            cluster.name,
            await readIf("backupJobs", `Sys.Audit on / of ${cluster.name}`, () => cluster.backupJobs()),
          ] as const,
      ),
    ),
  ]);
  const ofMachines = services.flatMap(({ guestId, addresses, ...rest }) =>
    guestId === undefined ? [] : [{ guestId, service: { ...rest, addresses: addresses.map(hostOf) } }],
  );
  const whose = contacts.filter(({ objectType }) => objectType === type);
  return {
    services: mapped(
      groupBy(ofMachines, ({ guestId }) => guestId),
      ({ service }) => service,
    ),
    contacts: mapped(
      groupBy(whose, ({ objectId }) => objectId),
      ({ contact, role }) => ({ name: contact, role }),
    ),
    backupJobs: new Map(jobs),
  };
}

const mapped = <K, V, T>(groups: Map<K, V[]>, map: (value: V) => T): Map<K, T[]> =>
  new Map([...groups].map(([key, values]) => [key, values.map(map)]));

/** @throws UserError with what is to be done, where the token lacks a right */
async function told<T>(read: Promise<T>, remedy: string): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 403) throw error;
    throw new UserError(`${remedy}, or take that policy away.`);
  }
}
