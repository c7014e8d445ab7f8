import { project } from "../../../providers/settings";
import { groupBy } from "../../../providers/values";
import type { KnownResource } from "../../known";
import { listedNames } from "../../plan/listed";
import type { ZoneServer } from "./pluginindex";
import type { DesiredRecord, Problem } from "./types";

/** Names of the state that the settings' name servers and zones leave out: what becomes of them. */
export function goneZones(
  resources: readonly KnownResource[],
  records: DesiredRecord[],
  servers: ZoneServer[],
): { problems: Problem[]; warnings: string[] } {
  const declared = new Set(records.map(({ server, name }) => `${server}/${name}`));
  const left = resources.flatMap(({ type, properties: { server, name } }) =>
    type === "Bind9Record" && !declared.has(`${server}/${name}`)
      ? [{ server: String(server), name: String(name) }]
      : [],
  );
  const byServer = groupBy(left, ({ server }) => server);
  const found = { problems: [] as Problem[], warnings: [] as string[] };
  for (const [server, all] of byServer) {
    const section = `${project}:bind9["${server}"]`;
    const known = servers.find(({ name }) => name === server);
    if (known === undefined) {
      found.problems.push(
        `The name server ${server} is not configured any more, and this stack has ${printNames(all)} there, which nobody could remove: put ${section} back.`,
      );
      continue;
    }
    const outside = all.filter(({ name }) => known.zoneOf(name) === undefined);
    if (outside.length > 0)
      found.warnings.push(
        `No zone of ${section}.zones holds ${printNames(outside)} any more: this run takes ${outside.length === 1 ? "it" : "them"} out of the state and leaves ${outside.length === 1 ? "it" : "them"} in DNS. To have names removed from DNS, put the zone back.`,
      );
  }
  return found;
}

function printNames(all: { name: string }[]): string {
  const names = all.map(({ name }) => name.replace(/\.$/, ""));
  return `${all.length === 1 ? "the name" : `${all.length} names`} ${listedNames(names)}`;
}
