import { placeOfSecret } from "../../../providers/sinks/secretsink.model";
import { clusterChanges, netboxChanges, removals, tokenChanges } from "./changes";
import { ClusterPlan } from "./cluster";
import { programNames } from "./file";
import { NetboxPlan } from "./netbox";
import { needsProxmox } from "./programs";
import type { AccessFacts, AccessPlan, ClusterObjects } from "./types";

/** The objects that a file wants on Proxmox VE and in NetBox, or what stands in the way. */
export function planAccess(facts: AccessFacts): AccessPlan {
  const clusters = facts.clusters.map((cluster) => ({ cluster, plan: new ClusterPlan(facts, cluster).read() }));
  const netbox = new NetboxPlan(facts).read();
  const planned = clusters.map(({ cluster, plan }) => ({ cluster, objects: plan.planned() }));
  const all = <K extends keyof ClusterObjects>(kind: K) => planned.map(({ objects }) => objects[kind]);
  const objects: ClusterObjects = {
    roles: all("roles").flat(),
    groups: all("groups").flat(),
    users: all("users").flat(),
    acl: all("acl").flat(),
    tokens: all("tokens").flat(),
  };
  const sinks = [...objects.tokens, ...netbox.tokens].flatMap((token) =>
    token.sinks.map((sink) => ({ ...sink, token })),
  );
  const places = new Map<string, string>();
  const doubled = sinks.flatMap(({ destination, token }) => {
    const place = placeOfSecret(destination);
    const other = places.get(place);
    places.set(place, token.entry);
    return other === undefined
      ? []
      : [`${place} is to hold the tokens of both ${other} and ${token.entry}; give each its own place`];
  });
  const wanted = new Set([
    ...[objects.roles, objects.groups, objects.users, objects.acl, objects.tokens].flat().map(({ name }) => name),
    ...[...netbox.objects, ...netbox.tokens].map(({ name }) => name),
  ]);
  return {
    ...objects,
    netboxObjects: netbox.objects,
    netboxTokens: netbox.tokens,
    rows: [...clusters.flatMap(({ plan }) => plan.rows), ...netbox.rows],
    changes: [
      ...planned.flatMap(({ cluster, objects: own }) => clusterChanges(cluster.name, cluster.view, own, facts.known)),
      ...netboxChanges(netbox.objects, facts),
      ...tokenChanges("NetBox", "NetboxToken", netbox.tokens, facts.known),
      ...removals(wanted, facts.known),
    ],
    warnings: [...clusters.flatMap(({ plan }) => plan.warnings), ...netbox.warnings],
    problems: [
      ...new Set([
        ...clusterProblems(facts),
        ...clusters.flatMap(({ plan }) => plan.problems),
        ...netbox.problems,
        ...doubled,
      ]),
    ],
  };
}

/** Everything in the file that is for Proxmox VE, with its place: it needs a cluster, and just those that there are. */
function clusterProblems({ file, placeOf, clusters }: AccessFacts): string[] {
  const entries: (readonly [path: readonly PropertyKey[], { clusters?: string[] | undefined }])[] = [
    ...file.token_setup.map((each, n) => [["token_setup", n], each] as const),
    ...file.acl.map((each, n) => [["acl", n], each] as const),
    ...(["roles", "groups", "users"] as const).flatMap((room) =>
      Object.entries(file[room]).map(([name, each]) => [[room, name], each] as const),
    ),
    ...programNames.flatMap((name) => {
      const program = file.programs[name];
      return program?.proxmox && needsProxmox(name) ? [[["programs", name], program] as const] : [];
    }),
  ];
  const names = clusters.map(({ name }) => name);
  const [first] = entries;
  if (names.length === 0 && first !== undefined)
    return [
      `${placeOf(first[0])}: this is for Proxmox VE, and no cluster is configured; set netbox-proxmox:proxmox["CLUSTER"].url, or write \`proxmox: false\` into a program`,
    ];
  return entries.flatMap(([path, { clusters: named = [] }]) =>
    named
      .filter((name) => !names.includes(name))
      .map(
        (name) =>
          `${placeOf([...path, "clusters"])}: netbox-proxmox:proxmox has no cluster ${name} (it has ${names.join(", ")}); correct it`,
      ),
  );
}
