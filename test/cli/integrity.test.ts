import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isToBeMended, isWhole, quietIntegrity, stateFileOf, unmendedText } from "../../cli/integrity";

const state = (resources: object[], metadata: object = {}) =>
  JSON.stringify({ version: 3, checkpoint: { stack: "x", latest: { metadata, resources } } });
const noted = { integrity_error: { version: "3", error: "x" } };

describe("a state after a run that went on past an error", () => {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-integrity-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is whole where each resource names only what stands before it", () => {
    const [one, two] = [{ urn: "a" }, { urn: "b", parent: "a", propertyDependencies: { x: ["a"], y: null } }];
    expect(isWhole(state([one, two]))).toBe(true);
    expect(isWhole(state([two, one]))).toBe(false);
    expect(isWhole(state([{ urn: "anchor", dependencies: ["gone"] }]))).toBe(false);
    expect(isWhole(state([{ urn: "b", propertyDependencies: { x: ["gone"] } }]))).toBe(false);
    expect(isWhole(JSON.stringify({ version: 3, checkpoint: {} }))).toBe(true);
  });

  it("is mended where the engine noted that it names what is gone, and it still does", () => {
    const stacks = join(folder, ".pulumi", "stacks", "p");
    mkdirSync(stacks, { recursive: true });
    const broken = [{ urn: "anchor", dependencies: ["gone"] }];
    const file = join(stacks, "dev.json");
    const asked = (text: string) => {
      writeFileSync(file, text);
      return isToBeMended(stateFileOf(folder, "p", "organization/p/dev"));
    };
    expect(asked(state(broken, noted))).toBe(true);
    // The note stays until a run goes well.
    expect(asked(state([{ urn: "anchor" }], noted))).toBe(false);
    expect(asked(state(broken))).toBe(false);
    expect(stateFileOf(folder, "p", "other")).toBeUndefined();
    expect(stateFileOf(undefined, "p", "dev")).toBeUndefined();
  });

  it("is looked at by the wrapper in the engine's place, where it can be read", () => {
    expect(quietIntegrity(true, "file")).toEqual(["--disable-integrity-checking"]);
    expect(quietIntegrity(false, "file")).toEqual([]);
    expect(quietIntegrity(true, undefined)).toEqual([]);
  });

  it("is told in one sentence where it can't be mended", () => {
    expect(unmendedText("dev", "\nerror: the stack is locked\ngoroutine 1 [running]:\n")).toBe(
      "the state of dev names what is gone, and could not be put in order (the stack is locked): run `pulumi state repair --stack dev`",
    );
  });
});
