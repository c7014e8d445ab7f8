import { describe, expect, it } from "vitest";
import { proxmoxVm } from "../../../providers/proxmox/nodes/qemu/vm";
import { DeclaredResource } from "../../../stacks/declared";
import { planSteps } from "../../../stacks/plan/steps";
import { stateAfterDeclaring } from "../../harness/declared";

const vm = (name: string) =>
  new DeclaredResource(proxmoxVm, name, { name, mark: { stack: "a/b", netboxUrl: "https://nb", netboxId: 1 } }, {});

describe("steps by a refreshed state", () => {
  const recorded = stateAfterDeclaring([vm("stays"), vm("lost"), vm("unwanted"), vm("unwantedAndLost")]);
  const refreshed = recorded.filter(({ name }) => name !== "lost" && name !== "unwantedAndLost");

  it("make what is gone anew, and take away what is declared no more as it was recorded, gone or not", () => {
    const steps = planSteps([vm("stays"), vm("lost")], refreshed, recorded);
    expect(steps.map(({ action, name }) => `${action} ${name}`)).toEqual([
      ...["same stays", "create lost"],
      ...["delete unwanted", "delete unwantedAndLost"],
    ]);
  });
});
