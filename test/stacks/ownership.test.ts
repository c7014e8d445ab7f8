import { describe, expect, it } from "vitest";
import { Self } from "../../providers/ownership/owner";
import type { KnownResource } from "../../stacks/known";
import { stateProblems } from "../../stacks/ownership";

const none = () => false;
const known = (...all: [string, string, Record<string, unknown>][]) =>
  new Map(all.map(([name, type, properties]): [string, KnownResource] => [name, { type, properties }]));
const guest = "p/old https://was/virtualization/virtual-machines/7/";

describe("a state", () => {
  it("of another stack is refused, with the setting and the danger", () => {
    const resources = known(["vm-7", "ProxmoxVm", { mark: guest }]);
    const [problem, ...more] = stateProblems(resources, new Self("p/new", "https://was"), none);
    expect(more).toEqual([]);
    expect(problem).toMatch(/what Pulumi stack p\/old made \(ProxmoxVm vm-7\).*site\.formerStacks\[0\]' p\/old/);
    expect(problem).toMatch(/a copied state looks just like a renamed one, and two stacks must not share/);
    const self = new Self("p/new", "https://was", { stacks: ["p/old"], urls: [] });
    expect(stateProblems(resources, self, none)).toEqual([]);
  });

  it.each([
    ["NetboxObject", { stack: "p/old", netboxUrl: "https://was" }],
    ["NetboxMachine", { stack: "p/old", netboxUrl: "https://was" }],
    ["NetboxToken", { stack: "p/old", netboxUrl: "https://was" }],
    ["ProxmoxTemplate", { owner: "p/old" }],
    ["ProxmoxContainer", { mark: "p/old https://was/#nginx" }],
    ["Bind9Record", { owner: { stack: "p/old", guests: [] } }],
    ["NetboxDnsRecord", { stack: "p/old", netboxUrl: "https://was" }],
  ])("of any program is refused: %s", (type, properties) => {
    const resources = known(["one", type, properties]);
    expect(stateProblems(resources, new Self("p/new", "https://was"), none)).toHaveLength(1);
    expect(stateProblems(resources, new Self("p/old", "https://was"), none)).toEqual([]);
  });

  it("of another NetBox is refused, with the setting", () => {
    const resources = known(
      ["vm-7", "ProxmoxVm", { mark: guest }],
      ["a", "NetboxChoices", { netboxUrl: "https://was" }],
    );
    const problems = stateProblems(resources, new Self("p/old", "https://nb"), none);
    expect(problems).toEqual([
      expect.stringMatching(/netbox\.formerUrls\[0\]' https:\/\/was.*ProxmoxVm|ProxmoxVm.*formerUrls/s),
    ]);
    const self = new Self("p/old", "https://nb", { stacks: [], urls: ["https://was"] });
    expect(stateProblems(resources, self, none)).toEqual([]);
  });

  it("is not shared with a stack whose file is still there", () => {
    const self = new Self("p/new", "https://nb", { stacks: ["p/old"], urls: [] });
    expect(stateProblems(new Map(), self, (name) => name === "old")).toEqual([
      expect.stringMatching(/formerStacks names p\/old, and its file Pulumi\.old\.yaml is still there/),
    ]);
  });

  it("in which a name passed to another stack is no other stack's", () => {
    const resources = known(
      ["guest-7", "NetboxGuest", { mark: guest }],
      ["dns", "Bind9Record", { owner: { stack: "p/other", guests: [] } }],
    );
    expect(stateProblems(resources, new Self("p/old", "https://was"), none)).toEqual([]);
  });
});
