import { describe, expect, it } from "vitest";
import { sameValue, withoutUndefined } from "../../providers/values";

describe("values", () => {
  it("are the same whatever the order of their keys, and of their lists where they are sets", () => {
    expect(sameValue({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1, d: undefined })).toBe(true);
    expect(sameValue({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
    expect(sameValue({ a: [{ x: 1 }, "s"] }, { a: ["s", { x: 1 }] }, { sets: true })).toBe(true);
    expect(sameValue(1, "1")).toBe(false);
    expect(sameValue(undefined, null)).toBe(false);
  });

  it("have no undefined keys where none are wanted", () => {
    expect(Object.keys(withoutUndefined({ a: undefined, b: null, c: 0 }))).toEqual(["b", "c"]);
  });
});
