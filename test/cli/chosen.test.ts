import { describe, expect, it } from "vitest";
import { choiceIn, targetsOf, wholeText } from "../../cli/chosen";
import type { PlanReport } from "../../stacks/plan/report";

const none = { only: [], tag: [], cluster: [], node: [], type: undefined };
const planOfUrns = (urns: string[]): PlanReport => ({
  ...{
    format: 1,
    stack: "netbox-proxmox/dev",
    program: "site",
    madeAt: "",
    isRefreshed: true,
    changes: [],
    unchanged: 0,
  },
  ...{ problems: [], warnings: [], notes: [], policies: [], capacity: [] },
  chosen: { by: "--only web01", urns, others: 0 },
});

describe("a choice of guests among Pulumi's arguments", () => {
  it("is taken out of them", () => {
    const args = ["-s", "dev", "--only", "web01", "db01", "--yes", "--tag=db", "--only", "pve/105", "--type", "vm"];
    expect(choiceIn(args)).toEqual({
      choice: { ...none, only: ["web01", "db01", "pve/105"], tag: ["db"], type: "vm" },
      rest: ["-s", "dev", "--yes"],
    });
    expect(choiceIn(["-s", "dev", "--target", "urn"])).toEqual({
      choice: undefined,
      rest: ["-s", "dev", "--target", "urn"],
    });
  });

  it.each([
    [["--only"], "--only needs a value: write `--only NAME`."],
    [["--tag", "--yes"], "--tag needs a value: write `--tag NAME`."],
    [["--type", "container"], "--type is vm or ct, and not container."],
  ])("is refused: %j", (args, message) => {
    expect(() => choiceIn(args)).toThrow(message);
  });

  it("is for no command that is about the whole stack", () => {
    expect(wholeText("destroy", { ...none, only: ["web01"] })).toBe(
      "--only web01 is for plan, preview and up: destroy is about the whole stack.",
    );
  });
});

describe("targets of a choice", () => {
  it("name each resource, and tell the program", () => {
    expect(targetsOf(planOfUrns(["urn:a", "urn:b"]))).toEqual({
      args: ["--target", "urn:a", "--target", "urn:b"],
      env: { NETBOX_PROXMOX_CHOSEN: "true" },
    });
  });

  it("are refused where Pulumi would take one for a pattern, or a command line is too short for them", () => {
    expect(() => targetsOf(planOfUrns(["urn:pulumi:dev::p::t::ns1/*.lab.example"]))).toThrow(
      "--only web01 can't be carried out: ns1/*.lab.example is one of its names, and Pulumi takes the * in it for any text.",
    );
    const many = Array.from(
      { length: 12_000 },
      (_, n) => `urn:pulumi:dev::netbox-proxmox::token::${"x".repeat(60)}${n}`,
    );
    expect(() => targetsOf(planOfUrns(many))).toThrow(
      "--only web01 is 12000 resources, more than a command line takes: choose fewer guests, or leave it out.",
    );
  });
});
