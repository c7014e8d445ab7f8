import { describe, expect, it } from "vitest";
import { guestLinks } from "../../../stacks/netbox/links";
import { siteSchema } from "../../../stacks/site/settings";

const { customFields } = siteSchema.parse({});

describe("links on a guest's page in NetBox", () => {
  it("lead to the console of its cluster, and to the stack's plan", () => {
    const links = guestLinks(
      { "pve-prod": { url: "https://pve1.example.com:8006" }, 'a "b" }}': { url: "https://pve2.example.com" } },
      { ...customFields, node: "node_of_mine" },
      { stack: "prod", planUrl: "https://reports.example.com/{stack}/index.html" },
    );
    expect(links.map(({ name }) => name)).toEqual([
      "netbox-proxmox console pve-prod",
      'netbox-proxmox console a "b" }}',
      "netbox-proxmox plan prod",
    ]);
    const [first, second, plan] = links;
    expect(first?.url).toMatch(
      /https:\/\/pve1\.example\.com:8006\/\?console=\{\{ "lxc" if kind == "lxc" else "kvm" \}\}&novnc=1&vmid=\{\{ vmid \}\}&node=\{\{ node \}\}&vmname=/,
    );
    expect(first?.url).toContain('{% set node = object.custom_field_data["node_of_mine"] or ');
    expect(first?.text).toContain(
      '{% if object.cluster and object.cluster.name == "pve-prod" and vmid and node %}Console{% endif %}',
    );
    // A name of NetBox's is a text of the template, whatever it holds.
    expect(second?.text).toContain('object.cluster.name == "a \\"b\\" }}"');
    expect(plan).toEqual({
      name: "netbox-proxmox plan prod",
      text: '{% if object.cluster and object.cluster.name in ["pve-prod","a \\"b\\" }}"] %}Plan (prod){% endif %}',
      url: "https://reports.example.com/prod/index.html",
      opensWindow: true,
    });
  });

  it("are none to a plan that is kept nowhere, or of no stack", () => {
    const clusters = { pve: { url: "https://pve1" } };
    const names = (stack: string | undefined, planUrl: string | undefined) =>
      guestLinks(clusters, customFields, { stack, planUrl }).map(({ name }) => name);
    expect(names("prod", undefined)).toEqual(["netbox-proxmox console pve"]);
    expect(names(undefined, "https://x/{stack}")).toEqual(["netbox-proxmox console pve"]);
  });
});
