import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seedWith, TestSystems } from "../harness/systems";

// NetBox's users, groups, object permissions and tokens, as the lab and a real NetBox 4.7 answer alike.

type Body = Record<string, unknown> & { id: number };

describe("users of NetBox", () => {
  let systems: TestSystems;
  const n = Date.now() % 1_000_000;
  const send = async (method: string, path: string, body?: unknown, credential = systems.endpoints.netbox.token) => {
    const response = await fetch(`${systems.endpoints.netbox.url}/api/${path}`, {
      method,
      headers: {
        Authorization: credential.startsWith("nbt_") ? `Bearer ${credential}` : `Token ${credential}`,
        "Content-Type": "application/json",
        Connection: "close",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === "" ? undefined : JSON.parse(text)) as Body };
  };
  const made = async (path: string, body: object): Promise<Body> => {
    const { status, body: row } = await send("POST", path, body);
    expect([status, JSON.stringify(row).slice(0, 200)]).toEqual([201, expect.anything()]);
    return row;
  };
  const secretOf = ({ version, key, token }: Body) =>
    version === 1 ? String(token) : `nbt_${String(key)}.${String(token)}`;
  let user: Body;
  let group: Body;

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"));
    group = await made("users/groups/", { name: `readers ${n}`, description: "x" });
    user = await made("users/users/", { username: `u${n}`, password: "Long-enough-1-secret", groups: [group.id] });
  });
  afterAll(() => systems.close());

  it("have unique names and a password that is never shown", async () => {
    expect(user).toMatchObject({
      username: `u${n}`,
      is_active: true,
      groups: [{ id: group.id, name: `readers ${n}` }],
      permissions: [],
    });
    expect(user).not.toHaveProperty("password");
    const twice = await send("POST", "users/users/", { username: `U${n}`, password: "Long-enough-1-secret" });
    expect([twice.status, twice.body]).toEqual([400, { __all__: ["A user with this username already exists."] }]);
    const without = await send("POST", "users/users/", { username: `v${n}` });
    expect([without.status, without.body]).toEqual([400, { password: ["This field is required."] }]);
    const short = await send("POST", "users/users/", { username: `v${n}`, password: "short" });
    expect(short.body.__all__).toEqual([
      "This password is too short. It must contain at least 12 characters.",
      "Password must have at least one numeral.",
      ...(short.body.__all__ as string[]).slice(2),
    ]);
    const named = await send("POST", "users/users/", {
      username: `v${n}`,
      password: "Long-enough-1-secret",
      groups: [{ name: `readers ${n}` }],
    });
    expect([named.status, named.body]).toEqual([
      400,
      { groups: ["Incorrect type. Expected pk value, received dict."] },
    ]);
    expect((await send("POST", "users/groups/", { name: `readers ${n}` })).body).toEqual({
      name: ["group with this name already exists."],
    });
  });

  it("may what their permissions and their groups' say", async () => {
    const token = secretOf(await made("users/tokens/", { user: { username: `u${n}` }, version: 2 }));
    expect((await send("GET", "ipam/prefixes/?limit=1", undefined, token)).status).toBe(403);
    const body = { name: `p ${n}`, object_types: ["ipam.prefix"], actions: ["view"], groups: [group.id] };
    const permission = await made("users/permissions/", body);
    expect(permission).toMatchObject({
      enabled: true,
      constraints: null,
      users: [],
      groups: [{ name: `readers ${n}` }],
    });
    expect((await send("GET", "ipam/prefixes/?limit=1", undefined, token)).status).toBe(200);
    expect((await send("POST", "ipam/prefixes/", { prefix: "10.99.0.0/24" }, token)).status).toBe(403);
    await send("PATCH", `users/permissions/${permission.id}/`, { enabled: false });
    expect((await send("GET", "ipam/prefixes/?limit=1", undefined, token)).status).toBe(403);
    expect((await send("GET", "authentication-check/", undefined, token)).body).toMatchObject({
      id: user.id,
      username: `u${n}`,
    });
    const own = await send("GET", "users/tokens/", undefined, token);
    expect([own.status, own.body.count]).toEqual([200, 1]);
    expect((await send("GET", "users/users/", undefined, token)).status).toBe(403);
    expect((await send("DELETE", `users/permissions/${permission.id}/`)).status).toBe(204);
  });

  it.each([1, 2])("have tokens of version %i, whose secret is shown once, and which end", async (version) => {
    const row = await made("users/tokens/", {
      user: { username: `u${n}` },
      version,
      description: "d",
      write_enabled: false,
    });
    expect(row).toMatchObject({ version, enabled: true, write_enabled: false, expires: null, last_used: null });
    expect(String(row.token)).toMatch(/^[0-9A-Za-z]{40}$/);
    if (version === 2) expect(row.display).toBe(row.key);
    else expect([row.key, String(row.token).endsWith(String(row.display).replace(/^\*+/, ""))]).toEqual([null, true]);
    const shown = (await send("GET", `users/tokens/${row.id}/`)).body;
    expect([shown.token, shown.key]).toEqual([null, row.key]);
    const credential = secretOf(row);
    expect((await send("GET", "status/", undefined, credential)).status).toBe(200);
    expect((await send("GET", `users/tokens/${row.id}/`)).body.last_used).not.toBeNull();
    await send("PATCH", `users/tokens/${row.id}/`, { enabled: false });
    expect(await send("GET", "status/", undefined, credential)).toMatchObject({
      status: 403,
      body: { detail: "Token disabled" },
    });
    await send("PATCH", `users/tokens/${row.id}/`, { enabled: true });
    await send("PATCH", `users/users/${user.id}/`, { is_active: false });
    expect(await send("GET", "status/", undefined, credential)).toMatchObject({
      status: 403,
      body: { detail: "User inactive" },
    });
    await send("PATCH", `users/users/${user.id}/`, { is_active: true });
    const past = await send("POST", "users/tokens/", { user: user.id, version, expires: "2020-01-01T00:00:00Z" });
    expect([past.status, String((past.body.expires as string[])[0])]).toEqual([
      400,
      expect.stringMatching(/^Expiration time must be in the future\./),
    ]);
    expect((await send("DELETE", `users/tokens/${row.id}/`)).status).toBe(204);
    expect((await send("GET", "status/", undefined, credential)).status).toBe(403);
  });

  it("go with their tokens, and leave the change log as it is", async () => {
    await made("users/tokens/", { user: user.id, version: 2 });
    expect((await send("GET", `users/tokens/?user=u${n}`)).body.count).not.toBe(0);
    expect((await send("DELETE", `users/users/${user.id}/`)).status).toBe(204);
    expect((await send("GET", `users/users/?username=u${n}`)).body.count).toBe(0);
    expect((await send("DELETE", `users/groups/${group.id}/`)).status).toBe(204);
    expect((await send("GET", "core/object-changes/?changed_object_type=users.user")).body.count).toBe(0);
  });
});
