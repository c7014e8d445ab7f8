import { describe, expect, it } from "vitest";
import { recordingOf } from "../../../stacks/access/facts";

const change = { where: "pve-lab", what: "user ada@pve", change: "granted" } as const;
const record = new Map([["audit", { type: "AccessAudit", properties: { changes: [], lines: ["long ago"] } }]]);
const outputs = { audit: ["long ago"] };

describe("the record of changes", () => {
  it("is a resource once a run changes something, which begins with the old output", () => {
    expect(recordingOf(new Map(), {}, [change])).toEqual({ record: { changes: ["granted pve-lab user ada@pve"] } });
    expect(recordingOf(new Map(), outputs, [change])).toEqual({
      record: { changes: ["granted pve-lab user ada@pve"], earlier: ["long ago"] },
    });
    expect(recordingOf(record, outputs, [change])).toEqual({ record: { changes: ["granted pve-lab user ada@pve"] } });
  });

  it("stays as it is in a run that changes nothing: an output, a resource, or nothing at all", () => {
    expect(recordingOf(new Map(), outputs, [])).toEqual({ output: ["long ago"] });
    expect(recordingOf(record, outputs, [])).toEqual({ record: { changes: [] } });
    expect(recordingOf(new Map(), {}, [])).toEqual({});
  });
});
