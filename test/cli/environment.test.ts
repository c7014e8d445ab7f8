import { describe, expect, it } from "vitest";
import { type NamedGuest, withKnownNames } from "../../cli/environment";
import { selectionOf } from "../../cli/guests";

describe("the environment's known names", () => {
  it.each([
    [{ PROXMOX_USERNAME: "u@pve!t", PROXMOX_TOKEN: "s" }, "u@pve!t=s"],
    [{ PROXMOX_USERNAME: "u@pve", PROXMOX_TOKEN: "t=s" }, "u@pve!t=s"],
    [{ PROXMOX_TOKEN: "u@pve!t=s" }, "u@pve!t=s"],
    [{ PROXMOX_VE_API_TOKEN: "own@pve!t=s", PROXMOX_TOKEN: "u@pve!t=s" }, "own@pve!t=s"],
  ])("%o is a token", (env, token) => {
    expect(withKnownNames(env)).toMatchObject({ PROXMOX_VE_API_TOKEN: token });
    expect(withKnownNames(env).PROXMOX_VE_USERNAME).toBeUndefined();
  });

  it("takes a user with a password, the URL, and what is said of TLS", () => {
    const env = { PROXMOX_API_URL: "https://h:8006/api2/json/", PROXMOX_USERNAME: "u@pam", PROXMOX_PASSWORD: "p" };
    expect(withKnownNames({ ...env, PROXMOX_VERIFY_SSL: "false" })).toMatchObject({
      PROXMOX_VE_ENDPOINT: "https://h:8006",
      PROXMOX_VE_USERNAME: "u@pam",
      PROXMOX_VE_PASSWORD: "p",
      PROXMOX_VE_INSECURE: "true",
    });
    expect(withKnownNames({ ...env, PROXMOX_VERIFY_SSL: "true" }).PROXMOX_VE_INSECURE).toBeUndefined();
  });

  it("names a guest only where the command line doesn't", () => {
    const named: NamedGuest = { vmid: "105", node: undefined, type: "lxc" };
    expect(selectionOf({}, named)).toMatchObject({ named: ["105"], type: "lxc" });
    expect(selectionOf({ tag: ["web"] }, named)).toMatchObject({ named: [], tag: ["web"] });
  });
});
