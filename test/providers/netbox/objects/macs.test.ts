import { afterEach, describe, expect, it } from "vitest";
import type { Release } from "../../../../lab/netbox/releases";
import { machineHandler } from "../../../../providers/netbox/objects/machine.handler";
import { isReal } from "../../../harness/services";
import { seedWith, TestSystems } from "../../../harness/systems";

type Values = Record<string, unknown>;

const releases: Release[] = ["4.2", "4.3", "4.6", "4.7"];

describe.skipIf(isReal).each(releases)("an interface's MAC address on NetBox %s", (release) => {
  let systems: TestSystems;
  afterEach(() => systems.close());

  it("is written, read as it was written, changed and taken off", async () => {
    systems = await TestSystems.open(seedWith("[]"), {}, "lab", {}, release);
    const context = systems.context({}, {}, systems.endpoints);
    const inputs = (mac: string | undefined) => ({
      ...{ netboxUrl: context.netbox.url, stack: "netbox-proxmox/test", type: "virtualMachine" },
      fields: { name: "web", cluster: "pve-lab" },
      interfaces: {
        net0: { fields: mac === undefined ? {} : { mac }, addresses: [] },
        net1: { fields: { mac: "BC:24:11:00:00:02" }, addresses: [] },
      },
    });
    const shown = async () => {
      const all = await systems.clients.all<{ name: string; mac_address: string | null }>("virtualization/interfaces");
      return all.map(({ mac_address: mac }) => mac);
    };
    const made = await machineHandler.create(inputs("BC:24:11:00:00:01"));
    expect(await shown()).toEqual(["BC:24:11:00:00:01", "BC:24:11:00:00:02"]);
    const read = await machineHandler.read(made.id, made.state as Values);
    expect(machineHandler.diff(read?.state as Values, inputs("BC:24:11:00:00:01")).changes).toBe(false);
    const other = await machineHandler.update(made.id, made.state as Values, inputs("BC:24:11:00:00:09"));
    expect(await shown()).toEqual(["BC:24:11:00:00:09", "BC:24:11:00:00:02"]);
    const back = await machineHandler.update(made.id, other as Values, inputs("BC:24:11:00:00:01"));
    expect(await shown()).toEqual(["BC:24:11:00:00:01", "BC:24:11:00:00:02"]);
    expect(await systems.clients.all("dcim/mac-addresses")).toHaveLength(3);
    await machineHandler.update(made.id, back as Values, inputs(undefined));
    expect(await shown()).toEqual([null, "BC:24:11:00:00:02"]);
  });
});
