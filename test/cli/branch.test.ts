import { describe, expect, it } from "vitest";
import { withBranch } from "../../cli/branch";

describe("--branch", () => {
  it.each([
    [["--stack", "prod", "--branch", "bigger web01", "--diff"]],
    [["--branch=bigger web01", "--stack", "prod", "--diff"]],
  ])("of a preview goes into the environment: %j", (args) => {
    expect(withBranch("preview", args, {})).toEqual({
      args: ["--stack", "prod", "--diff"],
      env: { NETBOX_PROXMOX_BRANCH: "bigger web01" },
      branch: "bigger web01",
    });
  });

  it("may come from the environment, over which the option goes", () => {
    const env = { NETBOX_PROXMOX_BRANCH: "theirs" };
    expect(withBranch("plan", ["--json"], env)).toMatchObject({ args: ["--json"], branch: "theirs" });
    expect(withBranch("plan", ["--branch", "mine"], env).branch).toBe("mine");
  });

  it("that nobody gives changes nothing", () => {
    expect(withBranch("up", ["--yes"], { NETBOX_PROXMOX_BRANCH: " " })).toEqual({ args: ["--yes"], env: {} });
  });

  it.each(["up", "refresh", "destroy"])("is refused by %s, with the remedy", (command) => {
    expect(() => withBranch(command, ["--branch", "bigger"], {})).toThrow(
      `${command} refuses the branch bigger of NetBox, which is planned and never applied: merge it in NetBox, then run ${command} without --branch.`,
    );
    expect(() => withBranch(command, [], { NETBOX_PROXMOX_BRANCH: "bigger" })).toThrow(
      /then run \w+ without NETBOX_PROXMOX_BRANCH\.$/,
    );
  });

  it.each([[["--branch"]], [["--branch="]], [["--branch", "--json"]]])("needs a name: %j", (args) => {
    expect(() => withBranch("preview", args, {})).toThrow(
      "--branch needs the name of a branch in NetBox: write --branch NAME.",
    );
  });
});
