import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { definitions, get, handlerOf, type ResourceKind } from "../../providers/registry";
import { defineResource, handle, providerText } from "../../providers/resource";
import { unknown } from "../../providers/unknown";
import { pathsIn, propertiesFor, withValue } from "../harness/arbitrary";

const part = z.object({ mtu: z.number(), addresses: z.array(z.string()).default([]) });

// These texts stand in people's states, where old ones are run by new versions: none may ever change.
const frozen: Record<ResourceKind, string> = {
  "netbox-guest": "exports.handler = () => require('./dist/providers/registry.js').get('netbox-guest')",
  "netbox-ip-allocation": "exports.handler = () => require('./dist/providers/registry.js').get('netbox-ip-allocation')",
  "proxmox-vm": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-vm')",
  "proxmox-container": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-container')",
  "netbox-promotion": "exports.handler = () => require('./dist/providers/registry.js').get('netbox-promotion')",
  "netbox-dns-record": "exports.handler = () => require('./dist/providers/registry.js').get('netbox-dns-record')",
  "netbox-object": "exports.handler = () => require('./dist/providers/registry.js').get('netbox-object')",
  "netbox-machine": "exports.handler = () => require('./dist/providers/registry.js').get('netbox-machine')",
  "bind9-record": "exports.handler = () => require('./dist/providers/registry.js').get('bind9-record')",
  "site-anchor": "exports.handler = () => require('./dist/providers/registry.js').get('site-anchor')",
  "proxmox-role": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-role')",
  "proxmox-group": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-group')",
  "proxmox-user": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-user')",
  "proxmox-acl": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-acl')",
  "proxmox-token": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-token')",
  "netbox-token": "exports.handler = () => require('./dist/providers/registry.js').get('netbox-token')",
  "secret-sink": "exports.handler = () => require('./dist/providers/registry.js').get('secret-sink')",
  "proxmox-file": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-file')",
  "proxmox-snapshot": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-snapshot')",
  "proxmox-template": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-template')",
  "netbox-choices": "exports.handler = () => require('./dist/providers/registry.js').get('netbox-choices')",
  "platform-check": "exports.handler = () => require('./dist/providers/registry.js').get('platform-check')",
  "generated-secret": "exports.handler = () => require('./dist/providers/registry.js').get('generated-secret')",
  "container-service": "exports.handler = () => require('./dist/providers/registry.js').get('container-service')",
  "proxmox-firewall": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-firewall')",
  "access-audit": "exports.handler = () => require('./dist/providers/registry.js').get('access-audit')",
  "proxmox-network": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-network')",
};

// So do these types, the netbox-object's and the netbox-machine's besides.
const frozenTypes: Partial<Record<ResourceKind, string>> = {
  "netbox-guest": "netbox:NetboxGuest",
  "netbox-ip-allocation": "netbox:NetboxIpAllocation",
  "proxmox-vm": "proxmox:ProxmoxVm",
  "proxmox-container": "proxmox:ProxmoxContainer",
  "netbox-promotion": "netbox:NetboxPromotion",
  "netbox-dns-record": "netbox:NetboxDnsRecord",
  "bind9-record": "bind9:Bind9Record",
  "site-anchor": "site:SiteAnchor",
  "proxmox-role": "proxmox:ProxmoxRole",
  "proxmox-group": "proxmox:ProxmoxGroup",
  "proxmox-user": "proxmox:ProxmoxUser",
  "proxmox-acl": "proxmox:ProxmoxAcl",
  "proxmox-token": "proxmox:ProxmoxToken",
  "netbox-token": "netbox:NetboxToken",
  "secret-sink": "sinks:SecretSink",
  "proxmox-file": "proxmox:ProxmoxFile",
  "proxmox-snapshot": "proxmox:ProxmoxSnapshot",
  "proxmox-template": "proxmox:ProxmoxTemplate",
  "netbox-choices": "netbox:NetboxChoices",
  "platform-check": "platform:PlatformCheck",
  "generated-secret": "platform:GeneratedSecret",
  "container-service": "platform:ContainerService",
  "proxmox-firewall": "proxmox:ProxmoxFirewall",
  "proxmox-network": "proxmox:ProxmoxNetwork",
  "access-audit": "access:AccessAudit",
};

describe("the type in state", () => {
  it("of each kind is as it always was", () => {
    const single = definitions.flatMap(({ kind, type }) => (typeof type === "string" ? [[kind, type]] : []));
    expect(Object.fromEntries(single)).toEqual(frozenTypes);
    const several = definitions.flatMap(({ type }) => (typeof type === "string" ? [] : type.all));
    expect(several).toEqual(expect.arrayContaining(["netbox:VirtualMachine", "netbox:Device", "netbox:UserGroup"]));
  });
});

describe("the provider's text in state", () => {
  it.each(Object.entries(frozen) as [ResourceKind, string][])("of %s is as it always was, and short", (kind, text) => {
    expect(providerText(kind)).toBe(text);
    expect(text.length).toBeLessThan(200);
    expect(handlerOf(kind)).toBeDefined();
  });

  it("is of every kind that there is", () => {
    expect(definitions.map(({ kind }) => kind).sort()).toEqual(Object.keys(frozen).sort());
  });

  it("of an unknown kind says that the program is too old", () => {
    expect(() => get("proxmox-toaster")).toThrow(/no resource kind 'proxmox-toaster'.*Update it/);
  });
});

/** What the SDK makes of an output in a text. */
const outputText = "Calling [toString] on an [Output<T>] is not supported.";

describe.each(definitions)("what is not known of a $kind", ({ kind, inputs, state }) => {
  const handler = handlerOf(kind);
  const provider = get(kind);
  const cases = fc.record({ before: propertiesFor(state), wanted: propertiesFor(inputs), at: fc.nat() });
  const isTold = (told: unknown) => /04da6b54|Output<T>|undefined/.test(JSON.stringify(told));

  it("is what the schemas take", () => {
    fc.assert(
      fc.property(cases, ({ before, wanted }) => {
        expect([state.safeParse(before).error, inputs.safeParse(wanted).error]).toEqual([undefined, undefined]);
      }),
      { numRuns: 10 },
    );
  });

  it("is in no problem, and replaces nothing", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ before, wanted, at }) => {
        const paths = pathsIn(wanted);
        // Every property in its turn, and one of what is in them.
        const chosen = [...paths.filter(({ length }) => length === 1), paths[at % paths.length] ?? []];
        for (const path of chosen)
          for (const value of [unknown, outputText, undefined]) {
            const given = z.record(z.string(), z.unknown()).parse(withValue(wanted, path, value));
            const failures = (await provider.check?.(before, given))?.failures;
            expect(isTold(failures), `${path.join(".")}: ${JSON.stringify(failures)}`).toBe(false);
            const diff = handler.diff(before, given);
            expect(isTold(diff), `${path.join(".")}: ${JSON.stringify(diff)}`).toBe(false);
            if (value !== undefined) expect(diff.replaces ?? []).not.toContain(path[0]);
          }
      }),
      { numRuns: 40 },
    );
  });

  it("is written nowhere: what comes of something that failed is refused by its name", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ before, wanted, at }) => {
        const paths = pathsIn(wanted);
        const path = paths[at % paths.length] ?? [];
        const given = z.record(z.string(), z.unknown()).parse(withValue(wanted, path, unknown));
        const refusal = `A resource of the kind ${kind} can't be written: its property ${path[0]} comes of a resource that failed.`;
        await expect(provider.create(given)).rejects.toThrow(refusal);
        await expect(provider.update?.("x", before, given)).rejects.toThrow(refusal);
      }),
      { numRuns: 10 },
    );
  });
});

describe("what a definition's default adds", () => {
  const defined = defineResource({
    kind: "test",
    type: "test:Test",
    about: "",
    inputs: z.object({ name: z.string(), tags: z.array(z.string()).default([]), parts: z.record(z.string(), part) }),
    state: z.object({ name: z.string(), tags: z.array(z.string()).default([]), parts: z.record(z.string(), part) }),
  });
  const tags: string[] = [];
  const handler = handle(defined, {
    create: async (wanted) => ({ id: "1", state: wanted }),
    read: async (known) => ({ ...known, tags }),
    update: async (_known, wanted) => wanted,
    delete: async () => {},
  });
  const given = { name: "a", parts: { net0: { mtu: 1500 } } };

  it("stays out of the state, and comes into it once it is something else", async () => {
    expect((await handler.create(given)).state).toEqual(given);
    expect(await handler.update("1", given, given)).toEqual(given);
    expect(await handler.read("1", given)).toEqual({ id: "1", state: given, inputs: given });
    tags.push("web");
    expect((await handler.read("1", given))?.state).toEqual({ ...given, tags: ["web"] });
    expect((await handler.read("1", { ...given, tags: [] }))?.state).toEqual({ ...given, tags: ["web"] });
  });

  it("is no reason to write another property's value into an error", async () => {
    await expect(handler.create({ name: { secret: "s3cret" }, parts: {} })).rejects.toThrow(
      /its property name is not as this version of netbox-proxmox writes it/,
    );
    await expect(handler.create({ name: { secret: "s3cret" }, parts: {} })).rejects.not.toThrow(/s3cret/);
  });
});
