import { describe, expect, it } from "vitest";
import { lastOf } from "../../stacks/history";

describe("the last update of a stack", () => {
  const at = (startTime: string, kind = "update", result = "succeeded") => ({ version: 1, kind, startTime, result });

  it("is the newest that succeeded, and no refresh", () => {
    const history = [
      at("2026-11-29T04:00:00.000Z", "update", "failed"),
      at("2026-11-29T03:00:00.000Z", "refresh"),
      at("2026-11-29T02:00:00.000Z"),
      at("2026-11-29T01:00:00.000Z"),
    ];
    expect(lastOf(history)?.toISOString()).toBe("2026-11-29T02:00:00.000Z");
  });

  it("is nothing where there was none, or where the answer is another one", () => {
    expect(lastOf([])).toBeUndefined();
    expect(lastOf({ message: "no such stack" })).toBeUndefined();
  });
});
