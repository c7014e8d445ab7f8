import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  accessGrants,
  accessPermissions,
  discoveryGrants,
  discoveryPermissions,
  guestGrants,
  intentPermissions,
  inventoryGrants,
  inventoryPermissions,
  opsGrants,
  planGrants,
  platformGrants,
  schemaPermissions,
  siteGrants,
  sitePermissions,
  templatesGrants,
  templatesPermissions,
} from "../../stacks/access/privileges";
import { projectRoot } from "../../tools/root";

const text = readFileSync(join(projectRoot(), "docs", "privileges.md"), "utf8");
const cells = (line: string) =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.replace(/`/g, "").trim());
/** The rows of the table under a heading. */
const rows = (heading: string): string[][] =>
  (text.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map(cells);

describe("docs/privileges.md", () => {
  it("shows what the programs are given in tests", () => {
    expect(rows("The site program on Proxmox VE 8 and 9")).toEqual(
      siteGrants.map(({ path, privileges, only = "" }) => [path, privileges.join(" "), only]),
    );
    expect(rows("`preview` alone")).toEqual(
      planGrants.map(({ path, privileges, only = "" }) => [path, privileges.join(" "), only]),
    );
    expect(rows("The discovery program on Proxmox VE 7, 8 and 9")).toEqual(
      discoveryGrants.map(({ path, privileges, only = "" }) => [path, privileges.join(" "), only]),
    );
    const shown = (all: typeof sitePermissions) =>
      all.map(({ objectTypes, actions, only = "" }) => [objectTypes.join(" "), actions.join(" "), only]);
    expect(rows("The site program in NetBox")).toEqual(shown(sitePermissions));
    expect(rows("`ops netbox-schema` in NetBox")).toEqual(shown(schemaPermissions));
    expect(rows("The discovery program in NetBox")).toEqual(shown(discoveryPermissions));
    expect(rows("The intent program in NetBox")).toEqual(shown(intentPermissions));
    const granted = (all: typeof siteGrants) => all.map(({ path, privileges }) => [path, privileges.join(" ")]);
    expect(rows("The access program on Proxmox VE 8 and 9")).toEqual(granted(accessGrants));
    expect(rows("The access program in NetBox")).toEqual(shown(accessPermissions).map((row) => row.slice(0, 2)));
    expect(rows("The templates program on Proxmox VE 8 and 9")).toEqual(granted(templatesGrants));
    expect(rows("The templates program in NetBox")).toEqual(shown(templatesPermissions).map((row) => row.slice(0, 2)));
    expect(rows("The platform program on Proxmox VE 8 and 9")).toEqual(
      platformGrants.map(({ path, privileges, only = "" }) => [path, privileges.join(" "), only]),
    );
    expect(rows("The inventory program on Proxmox VE")).toEqual(granted(inventoryGrants));
    expect(rows("The inventory program in NetBox")).toEqual(shown(inventoryPermissions).map((row) => row.slice(0, 2)));
    expect(rows("`ops tokens` on Proxmox VE")).toEqual(granted(opsGrants));
    expect(rows("`ops` on guests on Proxmox VE")).toEqual(
      guestGrants.map(({ path, privileges, only = "" }) => [path, privileges.join(" "), only]),
    );
  });

  it("makes roles of the same privileges on a node", () => {
    // Of the site program's; discovery's differ from version to version.
    const roles = [...text.matchAll(/^pveum role add (?!NetboxDiscovery)\S+ --privs "([^"]+)"$/gm)].map(
      ([, privileges]) => privileges,
    );
    const always = siteGrants.filter(({ only }) => only === undefined);
    expect(roles).toEqual(always.map(({ privileges }) => privileges.join(" ")));
    const paths = [...text.matchAll(/^pveum acl modify (\S+) .*--roles (?!NetboxDiscovery)/gm)].map(([, path]) => path);
    expect(paths).toEqual(always.map(({ path }) => path));
  });
});
