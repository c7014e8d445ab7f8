import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { optionFrom, optionProblem, tidyOption } from "../../../../providers/proxmox/nodes/options";
import { anyOptions } from "../../../harness/generated";

describe("an option", () => {
  it("has one tidy form, which stays as it is", () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        for (const [name, value] of Object.entries(options)) {
          expect(optionProblem(name, value), name).toBeUndefined();
          const tidy = tidyOption(name, value) ?? expect.unreachable(name);
          expect(tidyOption(name, tidy), name).toBe(tidy);
          expect(optionFrom(name, tidy), name).toBe(tidy);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is the same however it is written", () => {
    expect(tidyOption("agent", "1")).toBe(tidyOption("agent", "enabled=1"));
    expect(tidyOption("agent", "fstrim_cloned_disks=1,enabled=1")).toBe(tidyOption("agent", "1,fstrim_cloned_disks=1"));
    expect(tidyOption("hotplug", "usb,disk;network")).toBe(optionFrom("hotplug", undefined));
    expect(tidyOption("onboot", "yes")).toBe(1);
    expect(optionFrom("tablet", undefined)).toBe(1);
  });

  it("that PVE has otherwise is seen as it is", () => {
    expect(optionFrom("bios", "something")).toBe("something");
    expect(optionFrom("cpu", undefined)).toBe("");
  });
});
