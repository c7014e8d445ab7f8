import { accessAudit } from "../../providers/audit/audit";
import type { Context } from "../../providers/context";
import { UserError } from "../../providers/errors";
import { netboxToken } from "../../providers/netbox/users/token";
import { proxmoxAcl } from "../../providers/proxmox/access/acl";
import { proxmoxGroup } from "../../providers/proxmox/access/group";
import { proxmoxRole } from "../../providers/proxmox/access/role";
import { proxmoxToken } from "../../providers/proxmox/access/token";
import { outcomeOf } from "../../providers/proxmox/access/token.model";
import { proxmoxUser } from "../../providers/proxmox/access/user";
import { secretSink } from "../../providers/sinks/secretsink";
import { type DeclaredResource, declared, Later } from "../declared";
import type { KnownResources } from "../known";
import { declareObjects } from "../netbox/declare";
import { defineProgram, planByFile } from "../program";
import { resourcesIn } from "../state";
import { printChanges } from "./desired/changes";
import { type AccessFile, parseAccess } from "./desired/file";
import { planAccess } from "./desired/plan";
import { secondsOf } from "./desired/rotation";
import type { AccessPlan, NetboxAccess, PlannedToken, TokenRow } from "./desired/types";
import { readAccessOf, readNetboxAccess, recordingOf } from "./facts";

/** The stack's outputs. Secrets are shown by `pulumi stack output --show-secrets`. */
export interface AccessOutputs {
  /** The current tokens by entry, in the form of `pvesh create /access/users/…/token/…`. A secret. */
  tokens: Later<Record<string, Outcome>>;
  /** What clients are given (`USER@REALM!TOKENID=SECRET`, `nbt_KEY.SECRET`), by entry. A secret. */
  credentials: Later<Record<string, string>>;
  /** Passwords that were generated, by cluster and user. A secret. */
  passwords?: Later<Record<string, string | undefined>>;
  /** Every token without its secret: for `npm run ops -- tokens`. */
  inventory: Record<string, Omit<TokenRow, "madeAt" | "token"> & { madeAt: number | Later<number> | undefined }>;
  /** As the version before kept the record of changes, until a run changes something. */
  audit?: string[];
}

interface Outcome {
  "full-tokenid": string;
  info: Record<string, string>;
  value: string;
}

/** access.yml → roles, users, rights and tokens on Proxmox VE and in NetBox. */
export const access = defineProgram({
  needs: { netbox: false, proxmox: false, neo4j: false },
  hasSecrets: true,
  plan: ({ context, settings, stack, state, now }) =>
    planByFile("access", settings, parseAccess, async ({ value: wanted, placeOf }) => {
      const known = resourcesIn(state);
      const { clusters, netbox } = await read(context, wanted, known);
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
      const notes = plan.changes.length > 0 ? [printChanges(plan.changes)] : [];
      return { ...plan, notes, recording: recordingOf(known, state.outputs, plan.changes) };
    }),
  declare({ recording: { record, output }, ...plan }) {
    const { resources, outputs } = declareAccess(plan);
    // First of all: what a run has done is on record, also where the rest of it fails.
    const audit = record === undefined ? [] : [declared(accessAudit, "audit", record)];
    return {
      resources: [...audit, ...resources],
      outputs: { ...outputs, ...(output === undefined ? {} : { audit: output }) } satisfies AccessOutputs,
    };
  },
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
function declareAccess(plan: AccessPlan): { resources: DeclaredResource[]; outputs: Omit<AccessOutputs, "audit"> } {
  const proxmox = declareProxmox(plan);
  const netbox = declareNetbox(plan);
  const tokens = [...proxmox.tokens, ...netbox.tokens];
  const current = tokens.filter(({ planned }) => planned.isCurrent);
  const sinks = current.flatMap(declareSinks);
  const madeAt = new Map(tokens.map(({ planned, generation, madeAt }) => [`${planned.entry}/${generation}`, madeAt]));
  const byEntry = <T>(value: (token: DeclaredToken) => Later<T>) =>
    Later.all<Record<string, T>>(
      Object.fromEntries(current.map((token) => [token.planned.entry, value(token)])),
    ).secret();
  const outputs = {
    tokens: byEntry(({ outcome }) => outcome),
    credentials: byEntry(({ credential }) => credential),
    ...(Object.keys(proxmox.passwords).length === 0
      ? {}
      : { passwords: Later.all<Record<string, string | undefined>>(proxmox.passwords).secret() }),
    inventory: Object.fromEntries(
      plan.rows.map(({ token, ...row }) => [
        token,
        { ...row, madeAt: madeAt.get(`${row.entry}/${row.generation}`) ?? row.madeAt },
      ]),
    ),
  };
  return { resources: [...proxmox.resources, ...netbox.resources, ...sinks], outputs };
}

/** A token whose secret is known here, or will be. */
interface DeclaredToken {
  planned: PlannedToken<unknown>;
  generation: number;
  madeAt: Later<number>;
  outcome: Later<Outcome>;
  credential: Later<string>;
  /** Its rights: whoever gets it may already do what it is for. */
  ready: DeclaredResource[];
}

function declareProxmox({ roles, groups, users, tokens, acl }: AccessPlan) {
  const made = new Map<string, DeclaredResource>();
  const options = (after: string[]) => ({ after: after.flatMap((name) => made.get(name) ?? []) });
  for (const { name, inputs } of roles) made.set(name, declared(proxmoxRole, name, inputs));
  for (const { name, inputs } of groups) made.set(name, declared(proxmoxGroup, name, inputs));
  const passwords: Record<string, Later<string | undefined>> = {};
  for (const { name, inputs, after } of users) {
    const user = declared(proxmoxUser, name, inputs, options(after));
    made.set(name, user);
    if (inputs.generatePassword === true) passwords[`${inputs.cluster}/${inputs.userid}`] = user.output("password");
  }
  const all = tokens.map((planned) => {
    const token = declared(proxmoxToken, planned.name, planned.inputs, options(planned.after));
    made.set(planned.name, token);
    return { planned, token };
  });
  /** Entries by what they are of. */
  const rights = new Map<string, DeclaredResource[]>();
  const entries = acl.map(({ name, inputs, after }) => {
    const entry = declared(proxmoxAcl, name, inputs, options(after));
    for (const each of after) rights.set(each, [...(rights.get(each) ?? []), entry]);
    return entry;
  });
  return {
    passwords,
    resources: [...made.values(), ...entries],
    tokens: all
      .filter(({ planned }) => planned.inputs.adopted !== true)
      .map(({ planned, token }): DeclaredToken => {
        const { inputs, name, after } = planned;
        const value = token.output("value").secret();
        return {
          planned,
          generation: inputs.generation,
          madeAt: token.output("madeAt"),
          outcome: value.map((each): Outcome => outcomeOf(inputs, each)),
          credential: value.map((each) => `${inputs.userid}!${inputs.tokenid}=${each}`),
          ready: [name, ...after].flatMap((each) => rights.get(each) ?? []),
        };
      }),
  };
}

function declareNetbox({ netboxObjects, netboxTokens }: AccessPlan): {
  resources: DeclaredResource[];
  tokens: DeclaredToken[];
} {
  const objects = declareObjects(netboxObjects);
  const tokens = netboxTokens.map((planned) => {
    const { name, inputs, after } = planned;
    const token = declared(netboxToken, name, inputs, { after: after.flatMap((each) => objects.get(each) ?? []) });
    return { planned, inputs, token };
  });
  return {
    resources: [...objects.values(), ...tokens.map(({ token }) => token)],
    tokens: tokens.map(({ planned, inputs, token }) => {
      const plain = `${inputs.name} of ${inputs.username}`;
      // A plan takes what a token doesn't have for unknown.
      const title = inputs.version === 1 ? plain : token.output("key").orElse(plain);
      const value = token.output("value").secret();
      const outcome = Later.all({ value, title }).map(
        (all): Outcome => ({
          "full-tokenid": all.title,
          info: { comment: inputs.description ?? "", expire: String(inputs.expire), version: String(inputs.version) },
          value: all.value,
        }),
      );
      const madeAt = token.output("madeAt");
      return { planned, generation: inputs.generation, madeAt, outcome, credential: value, ready: [] };
    }),
  };
}

const declareSinks = ({ planned, generation, outcome, credential, ready }: DeclaredToken): DeclaredResource[] =>
  planned.sinks.map(({ name, destination }) =>
    declared(
      secretSink,
      name,
      {
        destination,
        title: planned.entry,
        generation,
        outcome: outcome.map((each) => JSON.stringify(each)),
        credential,
      },
      { after: ready },
    ),
  );
