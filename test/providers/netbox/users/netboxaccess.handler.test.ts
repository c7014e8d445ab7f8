import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objectHandler } from "../../../../providers/netbox/objects/object.handler";
import { netboxTokenHandler } from "../../../../providers/netbox/users/token.handler";
import { accessPermissions } from "../../../../stacks/access/privileges";
import { seedWith, TestSystems } from "../../../harness/systems";

// Users, groups, object permissions and tokens of NetBox, by a user with the documented permissions.

type Values = Record<string, unknown>;

describe("access in NetBox", () => {
  let systems: TestSystems;
  let common: Values;
  const netbox = (method: string, path: string, body?: unknown) => systems.clients.netbox(method, path, body);
  /** A call with another token. @returns its status */
  const by = async (credential: unknown, method: string, path: string, body?: object) => {
    const text = String(credential);
    const response = await fetch(`${systems.endpoints.netbox.url}/api/${path}`, {
      method,
      headers: {
        Authorization: text.startsWith("nbt_") ? `Bearer ${text}` : `Token ${text}`,
        "Content-Type": "application/json",
        Connection: "close",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.status;
  };
  const made: { id: string; state: Values }[] = [];
  const create = async (inputs: Values) => {
    const { id, state } = await objectHandler.create({ ...common, ...inputs });
    made.push({ id, state: state as Values });
    return { id, state: state as Values };
  };

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"));
    const reach = await systems.reachAs("access", [], accessPermissions);
    const context = systems.context({}, {}, reach);
    common = { netboxUrl: context.netbox.url, stack: "netbox-proxmox/test", overwrite: true };
  });
  afterAll(() => systems.close());

  it("is a group, a user in it that nobody can log in as, and a permission of both", async () => {
    await create({ type: "userGroup", fields: { name: "readers", description: "who read" } });
    const user = await create({
      type: "user",
      fields: { username: "anna", groups: ["readers"], email: "a@example.com" },
    });
    const fields = {
      name: "read addresses",
      objectTypes: ["ipam.ipaddress", "ipam.prefix"],
      actions: ["view"],
      groups: ["readers"],
    };
    const permission = await create({ type: "permission", fields });
    expect(await netbox("GET", `users/users/${user.id}/`)).toMatchObject({
      groups: [{ name: "readers" }],
      email: "a@example.com",
    });
    expect(await netbox("GET", `users/permissions/${permission.id}/`)).toMatchObject({
      object_types: expect.arrayContaining(["ipam.ipaddress", "ipam.prefix"]),
      actions: ["view"],
      enabled: true,
      groups: [{ name: "readers" }],
    });
    for (const { id, state } of made) {
      const seen = await objectHandler.read(id, state);
      expect(objectHandler.diff(seen?.state as Values, state).changes).toBe(false);
    }
    const wanted = {
      ...permission.state,
      fields: { ...fields, actions: ["add", "view"], groups: [], users: ["anna"] },
    };
    expect(objectHandler.diff(permission.state, wanted).changes).toBe(true);
    const changed = (await objectHandler.update(permission.id, permission.state, wanted)) as Values;
    expect(await netbox("GET", `users/permissions/${permission.id}/`)).toMatchObject({
      groups: [],
      users: [{ username: "anna" }],
    });
    made.splice(2, 1, { id: permission.id, state: changed });
    await expect(
      create({ type: "permission", fields: { ...fields, name: "other", users: ["nobody"] } }),
    ).rejects.toThrow(/NetBox has no user nobody \(http.*\/users\/users\/\): add it/);
  });

  it.each([2, 1] as const)("is a token of version %i that works, rotates and goes", async (version) => {
    const inputs = {
      netboxUrl: common.netboxUrl,
      stack: common.stack,
      name: `robot${version}`,
      username: "anna",
      version,
      description: "of a robot",
      expire: 0,
      writeEnabled: true,
      allowedIps: [],
      generation: 0,
      rotation: 0,
    };
    const { id, state: raw } = await netboxTokenHandler.create(inputs);
    const state = raw as Values;
    expect(netboxTokenHandler.diff(state, inputs).changes).toBe(false);
    expect(await by(state.value, "GET", "ipam/prefixes/?limit=1")).toBe(200);
    expect(await by(state.value, "GET", "dcim/sites/?limit=1")).toBe(403);
    const seen = await netboxTokenHandler.read(id, state);
    expect(netboxTokenHandler.diff(seen?.state as Values, inputs).changes).toBe(false);
    expect(seen?.state).toMatchObject({ value: state.value });
    // Its settings change, and its secret stays.
    const next = { ...inputs, writeEnabled: false, expire: Math.floor(Date.now() / 1000) + 86_400 };
    const changed = (await netboxTokenHandler.update(id, state, next)) as Values;
    expect(changed.value).toBe(state.value);
    expect(await by(state.value, "POST", "ipam/prefixes/", { prefix: "10.0.0.0/8" })).toBe(403);
    const drifted = await netboxTokenHandler.read(id, changed);
    expect(netboxTokenHandler.diff(drifted?.state as Values, next).changes).toBe(false);
    // The next generation is another token.
    const rotated = (await netboxTokenHandler.update(id, changed, { ...next, generation: 2 })) as Values;
    expect(rotated.value).not.toBe(state.value);
    expect(await by(state.value, "GET", "ipam/prefixes/?limit=1")).toBe(403);
    expect(await by(rotated.value, "GET", "ipam/prefixes/?limit=1")).toBe(200);
    // What an interrupted run made is not left beside it.
    const again = (await netboxTokenHandler.create({ ...next, generation: 2 })).state as Values;
    expect(await by(rotated.value, "GET", "ipam/prefixes/?limit=1")).toBe(403);
    expect(await by(again.value, "GET", "ipam/prefixes/?limit=1")).toBe(200);
    await netboxTokenHandler.delete(String(again.netboxId), again);
    expect(await by(again.value, "GET", "ipam/prefixes/?limit=1")).toBe(403);
    expect(await netboxTokenHandler.read("x", again)).toBeUndefined();
    await netboxTokenHandler.delete("x", again);
  });

  it("never takes rights from the token that it works with", async () => {
    const [own] = await systems.clients.all<{ id: number }>("users/tokens", "&user=access");
    const [user] = await systems.clients.all<{ id: number }>("users/users", "&username=access");
    const permissions = await systems.clients.all<{ id: number; name: string }>(
      "users/permissions",
      `&user_id=${user?.id}`,
    );
    const token = {
      netboxUrl: common.netboxUrl,
      stack: common.stack,
      name: "own",
      username: "access",
      version: 2,
      expire: 0,
      writeEnabled: true,
      generation: 0,
      rotation: 0,
      netboxId: own?.id,
      madeAt: 1,
      value: "nbt_x.y",
    };
    await expect(netboxTokenHandler.delete("x", token)).rejects.toThrow(
      /Refused to delete the token own of access in NetBox: this stack works with it/,
    );
    const object = { ...common, made: true, before: undefined };
    const gone = (type: string, id: number | undefined, fields: Values) =>
      objectHandler.delete(String(id), { ...object, type, netboxId: id, fields });
    await expect(gone("user", user?.id, { username: "access" })).rejects.toThrow(
      /Refused to change user access \(http.*\): access, as whom this stack works in NetBox, would lose its user/,
    );
    await expect(gone("permission", permissions[0]?.id, { name: permissions[0]?.name })).rejects.toThrow(
      /would lose (add|grant) users\./,
    );
    expect(await systems.clients.all("users/permissions", `&user_id=${user?.id}`)).toHaveLength(permissions.length);
  });

  it("is left as it was found", async () => {
    for (const { id, state } of [...made].reverse()) {
      await objectHandler.delete(id, state);
      expect(await objectHandler.read(id, state)).toBeUndefined();
    }
    const theirs = (await netbox("POST", "users/groups/", { name: "theirs", description: "before" })) as { id: number };
    const kept = await create({ type: "userGroup", fields: { name: "theirs", description: "ours" } });
    expect(kept.id).toBe(String(theirs.id));
    await objectHandler.delete(kept.id, kept.state);
    expect(await netbox("GET", `users/groups/${theirs.id}/`)).toMatchObject({ description: "before" });
  });
});
