import { hostname, userInfo } from "node:os";
import * as pulumi from "@pulumi/pulumi";
import type { Context } from "../../providers/context";
import { UserError } from "../../providers/errors";
import { NetboxToken } from "../../providers/netbox/users/token";
import { ProxmoxAcl } from "../../providers/proxmox/access/acl";
import { ProxmoxGroup } from "../../providers/proxmox/access/group";
import { ProxmoxRole } from "../../providers/proxmox/access/role";
import { ProxmoxToken } from "../../providers/proxmox/access/token";
import { outcomeOf } from "../../providers/proxmox/access/token.model";
import { ProxmoxUser } from "../../providers/proxmox/access/user";
import { SecretSink } from "../../providers/sinks/secretsink";
import type { KnownResources } from "../known";
import { declareObjects } from "../netbox/declare";
import { orElse, whenThere } from "../outputs";
import { defineProgram, planByFile } from "../program";
import { readResources } from "../state";
import { printChanges } from "./desired/changes";
import { type AccessFile, parseAccess } from "./desired/file";
import { planAccess } from "./desired/plan";
import { secondsOf } from "./desired/rotation";
import type { AccessPlan, NetboxAccess, PlannedToken, TokenRow } from "./desired/types";
import { auditWith, readAccessOf, readNetboxAccess, runOf } from "./facts";

/** The stack's outputs. Secrets are shown by `pulumi stack output --show-secrets`. */
export interface AccessOutputs {
  /** The current tokens by entry, in the form of `pvesh create /access/users/…/token/…`. A secret. */
  tokens: pulumi.Output<Record<string, Outcome>>;
  /** What clients are given (`USER@REALM!TOKENID=SECRET`, `nbt_KEY.SECRET`), by entry. A secret. */
  credentials: pulumi.Output<Record<string, string>>;
  /** Passwords that were generated, by cluster and user. A secret. */
  passwords?: pulumi.Output<Record<string, string | undefined>>;
  /** Every token without its secret: for `npm run ops -- tokens`. */
  inventory: Record<string, Omit<TokenRow, "madeAt" | "token"> & { madeAt: pulumi.Input<number> | undefined }>;
  /** What was granted, changed and taken away, by which run. */
  audit: string[];
}

interface Outcome {
  "full-tokenid": string;
  info: Record<string, string>;
  value: string;
}

/** access.yml → roles, users, rights and tokens on Proxmox VE and in NetBox. */
export const access = defineProgram({
  needs: { netbox: false, proxmox: false, neo4j: false },
  plan: ({ context, settings, stack }) =>
    planByFile("access", settings, parseAccess, async ({ value: wanted, placeOf }) => {
      const { resources: known, outputs } = await readResources();
      const { clusters, netbox } = await read(context, wanted, known);
      const now = new Date();
      const { VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT } = process.env;
      const { vault, overlap } = settings.access;
      const plan = planAccess({
        stack,
        file: wanted,
        placeOf,
        clusters,
        netbox,
        known,
        passwordVersions: settings.passwordVersions,
        vault: {
          address: VAULT_ADDR || vault.address,
          namespace: VAULT_NAMESPACE || vault.namespace,
          caFile: VAULT_CACERT || vault.caFile,
        },
        overlap: secondsOf(overlap),
        now: Math.floor(now.getTime() / 1000),
      });
      const audit = auditWith(outputs, plan.changes, runOf(process.env, userInfo().username, hostname()), now);
      return { ...plan, notes: plan.changes.length > 0 ? [printChanges(plan.changes)] : [], audit };
    }),
  declare: (plan): AccessOutputs => ({ ...declareAccess(plan), audit: plan.audit }),
});

async function read(context: Context, file: AccessFile, known: KnownResources) {
  const isForNetbox =
    Object.values(file.netbox).some((each) => Object.keys(each).length > 0) ||
    Object.values(file.programs).some(({ netbox }) => netbox) ||
    [...known.values()].some(({ properties }) => "netboxUrl" in properties);
  if (isForNetbox && !context.hasNetbox)
    throw new UserError(
      "The file has users, permissions or tokens of NetBox, and no NetBox is configured: set netbox-proxmox:netbox.url and .token, or write `netbox: false` into each of its programs.",
    );
  const [clusters, netbox] = await Promise.all([
    Promise.all(context.proxmox.map(readAccessOf)),
    // A token for something else may not be allowed to look at users.
    isForNetbox ? readNetboxAccess(context) : noNetbox,
  ]);
  return { clusters, netbox };
}

const noNetbox: NetboxAccess = {
  url: "",
  users: [],
  groups: [],
  permissions: [],
  self: { id: 0, username: "", groups: [] },
  isSuperuser: true,
  plugins: [],
};

/** Declares everything in the order of what needs what. */
function declareAccess(plan: AccessPlan): Omit<AccessOutputs, "audit"> {
  const proxmox = declareProxmox(plan);
  const tokens = [...proxmox.tokens, ...declareNetbox(plan)];
  const current = tokens.filter(({ planned }) => planned.isCurrent);
  for (const each of current) declareSinks(each);
  const madeAt = new Map(
    tokens.map(({ planned, generation, made }) => [`${planned.entry}/${generation}`, made.madeAt]),
  );
  const byEntry = <T>(value: (token: DeclaredToken) => pulumi.Output<T>) =>
    pulumi.secret(pulumi.all(Object.fromEntries(current.map((token) => [token.planned.entry, value(token)]))));
  return {
    tokens: byEntry(({ outcome }) => outcome),
    credentials: byEntry(({ credential }) => credential),
    ...(Object.keys(proxmox.passwords).length === 0 ? {} : { passwords: pulumi.secret(pulumi.all(proxmox.passwords)) }),
    inventory: Object.fromEntries(
      plan.rows.map(({ token, ...row }) => [
        token,
        { ...row, madeAt: madeAt.get(`${row.entry}/${row.generation}`) ?? row.madeAt },
      ]),
    ),
  };
}

/** A token whose secret is known here, or will be. */
interface DeclaredToken {
  planned: PlannedToken<unknown>;
  generation: number;
  made: ProxmoxToken | NetboxToken;
  outcome: pulumi.Output<Outcome>;
  credential: pulumi.Output<string>;
  /** Its rights: whoever gets it may already do what it is for. */
  ready: pulumi.Resource[];
}

function declareProxmox({ roles, groups, users, tokens, acl }: AccessPlan) {
  const made = new Map<string, pulumi.Resource>();
  const options = (after: string[]): pulumi.CustomResourceOptions => ({
    dependsOn: after.flatMap((name) => made.get(name) ?? []),
  });
  for (const { name, inputs } of roles) made.set(name, new ProxmoxRole(name, inputs));
  for (const { name, inputs } of groups) made.set(name, new ProxmoxGroup(name, inputs));
  const passwords: Record<string, pulumi.Output<string | undefined>> = {};
  for (const { name, inputs, after } of users) {
    const user = new ProxmoxUser(name, inputs, options(after));
    made.set(name, user);
    if (inputs.generatePassword === true) passwords[`${inputs.cluster}/${inputs.userid}`] = user.password;
  }
  const declared = tokens.map((planned) => {
    const token = new ProxmoxToken(planned.name, planned.inputs, options(planned.after));
    made.set(planned.name, token);
    return { planned, token };
  });
  /** Entries by what they are of. */
  const rights = new Map<string, pulumi.Resource[]>();
  for (const { name, inputs, after } of acl) {
    const entry = new ProxmoxAcl(name, inputs, options(after));
    for (const each of after) rights.set(each, [...(rights.get(each) ?? []), entry]);
  }
  return {
    passwords,
    tokens: declared
      .filter(({ planned }) => planned.inputs.adopted !== true)
      .map(({ planned, token }): DeclaredToken => {
        const { inputs, name, after } = planned;
        return {
          planned,
          generation: inputs.generation,
          made: token,
          outcome: whenThere(token.value, (value): Outcome => outcomeOf(inputs, value)),
          credential: whenThere(token.value, (value) => `${inputs.userid}!${inputs.tokenid}=${value}`),
          ready: [name, ...after].flatMap((each) => rights.get(each) ?? []),
        };
      }),
  };
}

function declareNetbox({ netboxObjects, netboxTokens }: AccessPlan): DeclaredToken[] {
  const objects = declareObjects(netboxObjects);
  return netboxTokens.map((planned) => {
    const { name, inputs, after } = planned;
    const token = new NetboxToken(name, inputs, { dependsOn: after.flatMap((each) => objects.get(each) ?? []) });
    const plain = `${inputs.name} of ${inputs.username}`;
    // A plan takes what a token doesn't have for unknown.
    const title = inputs.version === 1 ? plain : orElse(token.key, plain);
    const outcome = whenThere(
      pulumi.all([token.value, title]),
      ([value, key]): Outcome => ({
        "full-tokenid": key,
        info: { comment: inputs.description ?? "", expire: String(inputs.expire), version: String(inputs.version) },
        value,
      }),
    );
    return { planned, generation: inputs.generation, made: token, outcome, credential: token.value, ready: [] };
  });
}

function declareSinks({ planned, generation, outcome, credential, ready }: DeclaredToken): void {
  for (const { name, destination } of planned.sinks)
    new SecretSink(
      name,
      {
        destination,
        title: planned.entry,
        generation,
        outcome: whenThere(outcome, (each) => JSON.stringify(each)),
        credential,
      },
      { dependsOn: ready },
    );
}
