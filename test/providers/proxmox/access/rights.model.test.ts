import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Access } from "../../../../lab/proxmox/access";
import { losses, printLosses, privilegesAt } from "../../../../providers/proxmox/access/rights.model";
import { type AccessView, withEntry } from "../../../../providers/proxmox/access/view";

// What a credential may do is worked out here, and in the lab, which is held to recorded answers: they must agree.

const roles = ["Administrator", "NoAccess", "PVEAuditor", "PVEVMAdmin", "PVEVMUser", "PVEUserAdmin"];
const paths = ["/", "/vms", "/vms/100", "/storage", "/storage/local", "/access", "/access/groups", "/nodes/pve1"];
const users = ["a@pve", "b@pve"];
const subjects = [
  ...users.map((ugid) => ({ type: "user", ugid }) as const),
  ...["one", "two"].map((ugid) => ({ type: "group", ugid }) as const),
  ...users.map((userid) => ({ type: "token", ugid: `${userid}!t` }) as const),
];
const entry = fc.record({
  path: fc.constantFrom(...paths),
  subject: fc.constantFrom(...subjects),
  roleid: fc.constantFrom(...roles),
  propagate: fc.boolean(),
});
const systems = fc.record({
  acl: fc.array(entry, { maxLength: 12 }),
  groups: fc.dictionary(fc.constantFrom(...users), fc.subarray(["one", "two"])),
  privsep: fc.boolean(),
  enable: fc.boolean(),
  expire: fc.constantFrom(0, 1, 1_999_999_999),
});

/** The same access for both. */
function both({ acl, groups, privsep, enable, expire }: typeof systems extends fc.Arbitrary<infer T> ? T : never) {
  const lab = new Access();
  for (const group of ["one", "two"]) lab.groups.set(group, {});
  for (const userid of users) {
    const user = lab.addUser(userid);
    lab.addToken(`${userid}!t`, "secret", privsep ? 1 : 0);
    for (const group of groups[userid] ?? []) user.groups.add(group);
    if (userid === "a@pve") Object.assign(user, { enable: enable ? 1 : 0, expire });
  }
  for (const { path, subject, roleid, propagate } of acl)
    lab.updateAcl({ path, roles: roleid, [`${subject.type}s`]: subject.ugid, propagate: propagate ? 1 : 0 });
  const view: AccessView = {
    roles: new Map([...lab.roles].map(([name, { privs }]) => [name, { privileges: [...privs], isBuiltIn: true }])),
    groups: new Map([...lab.groups].map(([name]) => [name, {}])),
    users: new Map(
      [...lab.users].map(([userid, user]) => [
        userid,
        {
          enable: user.enable === 1,
          expire: user.expire,
          groups: [...user.groups],
          tokens: new Map([...user.tokens].map(([name, token]) => [name, { expire: 0, privsep: token.privsep === 1 }])),
        },
      ]),
    ),
    acl: lab.acl.map(({ propagate, ...each }) => ({ ...each, propagate: propagate === 1 })),
    realms: new Map(),
  };
  return { lab, view };
}

describe("the rights of a credential", () => {
  it("are those that the lab gives it", () => {
    fc.assert(
      fc.property(
        systems,
        fc.constantFrom(...users, ...users.map((each) => `${each}!t`)),
        fc.constantFrom(...paths),
        (given, id, path) => {
          const { lab, view } = both(given);
          // The lab asks for a switched-off user when it logs in, before it looks at rights.
          fc.pre(!id.includes("!") || (given.enable && given.expire !== 1) || !id.startsWith("a@"));
          expect([...privilegesAt(view, id, path)].sort()).toEqual([...lab.privilegesAt(id, path).keys()].sort());
        },
      ),
      { numRuns: 500 },
    );
  });

  it("are lost where a change takes them, told at the outermost path alone", () => {
    const { view } = both({
      acl: [
        { path: "/", subject: { type: "user", ugid: "a@pve" }, roleid: "PVEAuditor", propagate: true },
        { path: "/vms", subject: { type: "user", ugid: "a@pve" }, roleid: "PVEVMUser", propagate: true },
        { path: "/storage", subject: { type: "user", ugid: "b@pve" }, roleid: "PVEAuditor", propagate: true },
      ],
      groups: {},
      privsep: false,
      enable: true,
      expire: 0,
    });
    expect(losses(view, view, "a@pve!t")).toEqual([]);
    const without = { ...view, acl: view.acl.filter(({ path }) => path !== "/") };
    const lost = losses(view, without, "a@pve!t");
    expect(lost.map(({ path }) => path)).toEqual(["/"]);
    expect(printLosses(lost)).toBe("Datastore.Audit, Mapping.Audit, Pool.Audit and 4 more on /");
    const gone = { ...view, users: withEntry(view.users, "a@pve", undefined) };
    expect(losses(view, gone, "a@pve").map(({ path }) => path)).toEqual(["/", "/vms"]);
    expect(losses(view, gone, "b@pve")).toEqual([]);
  });
});
