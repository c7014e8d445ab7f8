import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aclHandler } from "../../../../providers/proxmox/access/acl.handler";
import { groupHandler } from "../../../../providers/proxmox/access/group.handler";
import { roleHandler } from "../../../../providers/proxmox/access/role.handler";
import { tokenHandler } from "../../../../providers/proxmox/access/token.handler";
import { userHandler } from "../../../../providers/proxmox/access/user.handler";
import type { Handler } from "../../../../providers/resource";
import { accessGrants } from "../../../../stacks/access/privileges";
import { seedWith, TestSystems } from "../../../harness/systems";

// Roles, groups, users, rights and tokens on Proxmox VE: made, found, changed, left; with the rights that are documented.

type Values = Record<string, unknown>;
const cluster = "pve-lab";

describe("access on Proxmox VE", () => {
  let systems: TestSystems;
  const call = <T = unknown>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, params = {}): Promise<T> =>
    systems.clients.proxmox<T>(method, path, params);
  const acl = () => call<{ path: string; ugid: string; roleid: string; propagate: number }[]>("GET", "/access/acl");

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"), {}, "lab");
    const reach = await systems.reachAs("access", accessGrants, []);
    systems.context({}, { first: "first-password-1", second: "second-password-2" }, reach);
  });
  afterAll(() => systems.close());

  /** One life: made, unchanged, changed, unchanged, seen, deleted, gone. */
  async function life(handler: Handler, inputs: Values, next: Values, check: () => Promise<void>): Promise<void> {
    const made = await handler.create(inputs);
    const state = made.state as Values;
    expect(handler.diff(state, inputs)).toEqual({ changes: false });
    const again = await handler.read(made.id, state);
    expect(handler.diff(again?.state as Values, inputs).changes).toBe(false);
    expect(handler.diff(state, next)).toEqual({ changes: true });
    const changed = (await handler.update(made.id, state, next)) as Values;
    expect(handler.diff(changed, next).changes).toBe(false);
    const seen = await handler.read(made.id, changed);
    expect(handler.diff(seen?.state as Values, next).changes).toBe(false);
    await check();
    await handler.delete(made.id, changed);
    expect(await handler.read(made.id, changed)).toBeUndefined();
    await handler.delete(made.id, changed); // what is gone is gone
  }

  it("lives whole: a role, a group, a user, a right", async () => {
    const role = { cluster, roleid: "Life", privileges: ["VM.Audit"] };
    await life(roleHandler, role, { ...role, privileges: ["VM.Audit", "VM.Clone"] }, async () => {
      expect(Object.keys(await call<object>("GET", "/access/roles/Life")).sort()).toEqual(["VM.Audit", "VM.Clone"]);
    });
    const group = { cluster, groupid: "life", comment: "one" };
    await life(groupHandler, group, { ...group, comment: "" }, async () => {
      expect(await call("GET", "/access/groups/life")).not.toHaveProperty("comment", "one");
    });
    await call("POST", "/access/groups", { groupid: "people" });
    const user = { cluster, userid: "life@pve", groups: ["people"], comment: "one", enable: true };
    await life(
      userHandler,
      user,
      { ...user, comment: "two", enable: false, groups: [], expire: 1999999999 },
      async () => {
        const shown = await call("GET", "/access/users/life@pve");
        expect(shown).toMatchObject({ comment: "two", enable: 0, groups: [], expire: 1999999999 });
      },
    );
    const entry = { cluster, path: "/vms/100", type: "group", ugid: "people", roleid: "PVEAuditor", propagate: true };
    await life(aclHandler, entry, { ...entry, propagate: false }, async () => {
      expect(await acl()).toContainEqual(expect.objectContaining({ path: "/vms/100", ugid: "people", propagate: 0 }));
    });
  });

  it("that was there before is kept, and comes back as it was", async () => {
    await call("POST", "/access/roles", { roleid: "Theirs", privs: "VM.Audit,VM.Clone" });
    await call("POST", "/access/groups", { groupid: "theirs", comment: "before" });
    await call("POST", "/access/users", {
      userid: "theirs@pve",
      comment: "before",
      groups: "theirs",
      email: "a@b.example",
    });
    await call("PUT", "/access/acl", { path: "/vms", roles: "Theirs", users: "theirs@pve", propagate: 0 });
    const all: [Handler, Values][] = [
      [roleHandler, { cluster, roleid: "Theirs", privileges: ["VM.Migrate"] }],
      [groupHandler, { cluster, groupid: "theirs" }],
      [userHandler, { cluster, userid: "theirs@pve", comment: "ours", groups: [] }],
      [aclHandler, { cluster, path: "/vms", type: "user", ugid: "theirs@pve", roleid: "Theirs", propagate: true }],
    ];
    const made = [];
    for (const [handler, inputs] of all) made.push(await handler.create(inputs));
    expect(made.map(({ state }) => (state as Values).made)).toEqual([false, false, false, false]);
    expect(await call("GET", "/access/users/theirs@pve")).toMatchObject({
      comment: "ours",
      groups: ["theirs"],
      email: "a@b.example",
    });
    for (const [n, [handler]] of [...all.entries()].reverse())
      await handler.delete(made[n]?.id ?? "", made[n]?.state as Values);
    expect(Object.keys(await call<object>("GET", "/access/roles/Theirs")).sort()).toEqual(["VM.Audit", "VM.Clone"]);
    expect(await call("GET", "/access/groups/theirs")).toMatchObject({ comment: "before" });
    expect(await call("GET", "/access/users/theirs@pve")).toMatchObject({ comment: "before", groups: ["theirs"] });
    expect(await acl()).toContainEqual(expect.objectContaining({ path: "/vms", ugid: "theirs@pve", propagate: 0 }));
  });

  it("that somebody changed is seen, and put right", async () => {
    const role = { cluster, roleid: "Drifts", privileges: ["VM.Audit"] };
    const made = await roleHandler.create(role);
    await call("PUT", "/access/roles/Drifts", { privs: "VM.Allocate", append: 1 });
    const seen = await roleHandler.read(made.id, made.state as Values);
    expect(seen?.inputs).toMatchObject({ privileges: ["VM.Allocate", "VM.Audit"] });
    await roleHandler.update(made.id, seen?.state as Values, role);
    expect(await call("GET", "/access/roles/Drifts")).toEqual({ "VM.Audit": 1 });
    await roleHandler.delete(made.id, made.state as Values);
  });

  it("gives a user a password once, from the configuration or from nobody", async () => {
    const login = (username: string, password: string) => call("POST", "/access/ticket", { username, password });
    const chosen = { cluster, userid: "chosen@pve", groups: [], passwordName: "first", passwordVersion: "1" };
    const one = await userHandler.create(chosen);
    // The clients' token may not log in: the lab's own users are asked.
    const { users } =
      systems.lab.proxmox.get(cluster)?.cluster.access ?? expect.unreachable("the seed has that cluster");
    expect(users.get("chosen@pve")?.password).toBe("first-password-1");
    const generated = await userHandler.create({ cluster, userid: "random@pve", groups: [], generatePassword: true });
    const { password } = generated.state as { password: string };
    expect(password.length).toBeGreaterThan(20);
    expect(users.get("random@pve")?.password).toBe(password);
    expect((await userHandler.create({ cluster, userid: "none@pve", groups: [] })).state).not.toHaveProperty(
      "password",
    );
    const next = { ...chosen, passwordName: "second", passwordVersion: "2" };
    await expect(userHandler.update(one.id, one.state as Values, next)).rejects.toThrow(
      /the password of chosen@pve can't be changed on pve-lab with an API token: work there with a login/,
    );
    await expect(login("chosen@pve", "first-password-1")).rejects.toThrow(/not available with API token/);
  });

  it("makes a token once, with a secret that works, and regenerates it for a new generation", async () => {
    await call("POST", "/access/users", { userid: "robot@pve" });
    const inputs = {
      cluster,
      userid: "robot@pve",
      tokenid: "ci",
      comment: "for CI",
      expire: 0,
      privsep: true,
      generation: 0,
      rotation: 0,
    };
    const made = await tokenHandler.create(inputs);
    const state = made.state as Values & { value: string };
    const { access } = systems.lab.proxmox.get(cluster)?.cluster ?? expect.unreachable("the seed has that cluster");
    const secret = () => access.users.get("robot@pve")?.tokens.get("ci")?.secret;
    expect(secret()).toBe(state.value);
    expect(tokenHandler.diff(state, inputs).changes).toBe(false);
    expect((await tokenHandler.read(made.id, state))?.state).toEqual(state);
    await expect(tokenHandler.create(inputs)).rejects.toThrow(
      /token robot@pve!ci was made by somebody else while this ran/,
    );
    await call("PUT", "/access/acl", { path: "/vms", roles: "PVEAuditor", tokens: "robot@pve!ci" });
    const changed = await tokenHandler.update(made.id, state, { ...inputs, comment: "other", expire: 1999999999 });
    expect(changed).toMatchObject({ value: state.value });
    const next = { ...inputs, generation: 2 };
    const rotated = (await tokenHandler.update(made.id, changed as Values, next)) as Values;
    expect(rotated.value).not.toBe(state.value);
    expect(secret()).toBe(rotated.value);
    expect(await acl()).toContainEqual(expect.objectContaining({ ugid: "robot@pve!ci", roleid: "PVEAuditor" }));
    await tokenHandler.delete(made.id, rotated);
    expect(await tokenHandler.read(made.id, rotated)).toBeUndefined();
  });

  it("makes a token anew with its rights where PVE can't regenerate it", async () => {
    const { access } = systems.lab.proxmox.get(cluster)?.cluster ?? expect.unreachable("the seed has that cluster");
    await call("POST", "/access/users", { userid: "old@pve" });
    const inputs = { cluster, userid: "old@pve", tokenid: "ci", expire: 0, privsep: true, generation: 0, rotation: 0 };
    const made = await tokenHandler.create(inputs);
    await call("PUT", "/access/acl", { path: "/vms", roles: "PVEAuditor", tokens: "old@pve!ci", propagate: 0 });
    systems.lab.set({ setup: "release", version: "8.4.1" });
    const rotated = (await tokenHandler.update(made.id, made.state as Values, { ...inputs, generation: 1 })) as Values;
    systems.lab.set({ setup: "release", version: "9.2.11" });
    expect(access.users.get("old@pve")?.tokens.get("ci")?.secret).toBe(rotated.value);
    expect(await acl()).toContainEqual(expect.objectContaining({ ugid: "old@pve!ci", path: "/vms", propagate: 0 }));
  });

  it("leaves an adopted token alone until it retires", async () => {
    await call("POST", "/access/users", { userid: "before@pve" });
    await call("POST", "/access/users/before@pve/token/kept", {});
    const inputs = {
      cluster,
      userid: "before@pve",
      tokenid: "kept",
      expire: 0,
      privsep: true,
      generation: 0,
      rotation: 0,
      adopted: true,
    };
    const later = { ...inputs, retires: Math.floor(Date.now() / 1000) + 3600 };
    const made = await tokenHandler.create(later);
    expect(made.state).not.toHaveProperty("value");
    await call("PUT", "/access/users/before@pve/token/kept", { comment: "theirs" });
    const seen = await tokenHandler.read(made.id, made.state as Values);
    expect(tokenHandler.diff(seen?.state as Values, later).changes).toBe(false);
    await tokenHandler.update(made.id, made.state as Values, { ...later, comment: "ours", retires: later.retires + 1 });
    expect(await call("GET", "/access/users/before@pve/token/kept")).toMatchObject({ comment: "theirs" });
    await tokenHandler.delete(made.id, made.state as Values);
    expect(await call("GET", "/access/users/before@pve/token")).toHaveLength(1);
    await tokenHandler.delete(made.id, { ...made.state, retires: 1 });
    expect(await call("GET", "/access/users/before@pve/token")).toHaveLength(0);
  });

  it("never takes rights from the credential that it works with", async () => {
    const own = "pulumi@pve!access";
    const entry = (await acl()).find(({ ugid, path }) => ugid === own && path === "/access");
    const known = {
      cluster,
      path: "/access",
      type: "token",
      ugid: own,
      roleid: entry?.roleid ?? "",
      propagate: true,
      made: true,
    };
    const refused =
      /Refused to .* on pve-lab: pulumi@pve!access, with which this stack works there, would lose .* on \/access/;
    await expect(aclHandler.delete("x", known)).rejects.toThrow(refused);
    const role = { cluster, roleid: known.roleid, privileges: ["Sys.Modify"] };
    await expect(roleHandler.create(role)).rejects.toThrow(refused);
    await expect(roleHandler.delete("x", { ...role, made: true })).rejects.toThrow(refused);
    await expect(userHandler.delete("x", { cluster, userid: "pulumi@pve", groups: [], made: true })).rejects.toThrow(
      /would lose/,
    );
    const off = { cluster, userid: "pulumi@pve", groups: [], enable: false };
    await expect(userHandler.create(off)).rejects.toThrow(/would lose/);
    const token = {
      cluster,
      userid: "pulumi@pve",
      tokenid: "access",
      expire: 0,
      privsep: true,
      generation: 0,
      rotation: 0,
    };
    await expect(tokenHandler.delete("x", token)).rejects.toThrow(/would lose/);
    await expect(tokenHandler.update("x", { ...token, value: "v" }, { ...token, generation: 1 })).rejects.toThrow(
      /its secret can't change under its own hands/,
    );
    expect((await acl()).filter(({ ugid }) => ugid === own)).toHaveLength(accessGrants.length);
  });

  it("is called gone only by the cluster that it was made on, and only where it would be shown", async () => {
    const role = { cluster, roleid: "Elsewhere", privileges: ["VM.Audit"], system: "cluster other" };
    await expect(roleHandler.read("x", role)).rejects.toThrow(
      /role Elsewhere was made on cluster other, but pve-lab's URL now leads to .*Nothing was changed/,
    );
    systems.context({}, {}, await systems.reachAs("blind", [{ path: "/", privileges: ["Sys.Audit"] }], []));
    const known = {
      cluster,
      path: "/vms/7777",
      type: "user",
      ugid: "robot@pve",
      roleid: "PVEAuditor",
      propagate: true,
    };
    await expect(aclHandler.read("x", known)).rejects.toThrow(
      /is not shown by pve-lab, where pulumi@pve!blind may not see it: give it Permissions\.Modify or VM\.Allocate on \/vms\/7777/,
    );
    await expect(roleHandler.create({ cluster, roleid: "Denied", privileges: ["VM.Audit"] })).rejects.toThrow(
      /Unable to make role Denied on pve-lab: .*403.*Give pulumi@pve!blind the privilege that is named/,
    );
  });
});
