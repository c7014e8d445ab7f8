import { describe, expect, it } from "vitest";
import { get, handlerOf, type ResourceKind } from "../../providers/registry";
import { providerText } from "../../providers/resource";
import { unknown } from "../../providers/unknown";

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
  "proxmox-network": "exports.handler = () => require('./dist/providers/registry.js').get('proxmox-network')",
};

describe("the provider's text in state", () => {
  it.each(Object.entries(frozen) as [ResourceKind, string][])("of %s is as it always was, and short", (kind, text) => {
    expect(providerText(kind)).toBe(text);
    expect(text.length).toBeLessThan(200);
    expect(handlerOf(kind)).toBeDefined();
  });

  it("of an unknown kind says that the program is too old", () => {
    expect(() => get("proxmox-toaster")).toThrow(/no resource kind 'proxmox-toaster'.*Update it/);
  });
});

describe("unknown values in preview", () => {
  it.each(Object.keys(frozen) as ResourceKind[])("pass through %s's checks in any field", (kind) => {
    const handler = handlerOf(kind);
    const inputs = Object.fromEntries(
      ["name", "disks", "cloudInit", "networks", "records", "reverse", "address", "vmid", "leftovers"].map((key) => [
        key,
        unknown,
      ]),
    );
    expect(handler.problems?.({}, inputs) ?? []).toEqual([]);
    expect(handler.diff({}, inputs).replaces ?? []).toEqual([]);
  });
});
