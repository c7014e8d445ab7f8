import { describe, expect, it } from "vitest";
import { stackOf, verbosityOf } from "../../cli/operation";
import { environmentFor } from "../../cli/run-defaults";

describe("the wrapper", () => {
  it.each([
    [["-v=11"], 11],
    [["-v", "9", "--yes"], 9],
    [["--verbose=3"], 3],
    [["-v8"], 8],
    [["--yes"], 0],
  ])("reads how much is to be logged from %j", (args, level) => {
    expect(verbosityOf(args)).toBe(level);
  });

  it("reads the stack that is named", () => {
    expect(stackOf(["-s", "a"])).toBe("a");
    expect(stackOf(["--stack=b"])).toBe("b");
    expect(stackOf([])).toBeUndefined();
  });

  it("keeps checkpoints where a secret is shown once, and nowhere else", () => {
    expect(environmentFor("up", "site")).toHaveProperty("PULUMI_SKIP_CHECKPOINTS");
    expect(environmentFor("up", "access")).not.toHaveProperty("PULUMI_SKIP_CHECKPOINTS");
    expect(environmentFor("preview", "access")).toEqual(environmentFor("preview", "site"));
  });
});
