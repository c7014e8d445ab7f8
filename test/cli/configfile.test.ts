import { describe, expect, it } from "vitest";
import { sourceOfFile } from "../../cli/configfile";

const project = "name: netbox-proxmox\n";
const text = `config:
  netbox-proxmox:program: site
  netbox-proxmox:netbox:
    url: https://nb
    token:
      secure: v1:abc
  netbox-proxmox:proxmox:
    pve-lab:
      url: https://pve
      token: { secure: v1:def }
  netbox-proxmox:site: { maxRemovals: 3 }
encryptionsalt: v1:xyz
`;
const tokens = { NETBOX_API_TOKEN: "t", PROXMOX_VE_API_TOKEN_PVE_LAB: "u" };

describe("a stack's configuration by its file", () => {
  it("is whole where the environment gives its secrets", () => {
    const source = sourceOfFile(text, project, tokens);
    expect(source?.get("program")).toBe("site");
    expect(source?.get("netbox")).toBe('{"url":"https://nb"}');
    expect(source?.get("proxmox")).toBe('{"pve-lab":{"url":"https://pve"}}');
    expect(source?.get("site")).toBe('{"maxRemovals":3}');
    expect(source?.get("dns")).toBeUndefined();
    // Of the only cluster.
    expect(sourceOfFile(text, project, { NETBOX_API_TOKEN: "t", PROXMOX_VE_API_TOKEN: "u" })).toBeDefined();
  });

  it.each<[string, string, Record<string, string>]>([
    ["a token that the environment lacks", text, { NETBOX_API_TOKEN: "t" }],
    ["an empty one", text, { ...tokens, NETBOX_API_TOKEN: "" }],
    [
      "a token of one of two clusters by the name for the only one",
      text.replace("    pve-lab:", "    other: { url: https://other }\n    pve-lab:"),
      { NETBOX_API_TOKEN: "t", PROXMOX_VE_API_TOKEN: "u" },
    ],
    ["a secret that no variable gives", text.replace("maxRemovals: 3", "x: { secure: v1:ghi }"), tokens],
    [
      "a named key of a cluster",
      text.replace("      token: { secure", "      keys: { a: { secure: v1:k } }\n      token: { secure"),
      tokens,
    ],
    ["environments of Pulumi's", `environment: [shared]\n${text}`, tokens],
  ])("is Pulumi's to tell with %s", (_, file, env) => {
    expect(sourceOfFile(file, project, env)).toBeUndefined();
  });

  it("is Pulumi's to tell where the project gives defaults", () => {
    expect(sourceOfFile(text, `${project}config:\n  netbox-proxmox:program: site\n`, tokens)).toBeUndefined();
  });
});
