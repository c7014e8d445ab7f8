import { afterEach, describe, expect, it } from "vitest";
import { machineHandler } from "../../../providers/netbox/objects/machine.handler";
import { objectHandler } from "../../../providers/netbox/objects/object.handler";
import { typeOfPath } from "../../../providers/netbox/requiredfields";
import { planOf } from "../../harness/plan";
import { isReal } from "../../harness/services";
import { seedWith, TestSystems } from "../../harness/systems";

type Values = Record<string, unknown>;

/** What NetBox requires of every object that the programs write. */
const objectTypes = [
  ...["dcim.site", "ipam.ipaddress", "ipam.vlan", "dcim.macaddress"],
  ...["virtualization.virtualmachine", "virtualization.vminterface", "virtualization.virtualdisk"],
];

describe.skipIf(isReal)("custom fields that NetBox requires", () => {
  let systems: TestSystems;
  afterEach(() => systems.close());

  const open = async () => {
    systems = await TestSystems.open(
      seedWith(`
- name: web1
  vcpus: 1
  memory: 1024
  disks: [{ name: scsi0, size: 8192 }]
  interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: 10.71.0.0/24 } }]`),
      {},
      "lab",
    );
  };
  const require = (name: string, more: Values = {}) =>
    systems.clients.netbox("POST", "extras/custom-fields/", {
      ...{ name, type: "text", object_types: objectTypes, required: true },
      ...more,
    });
  const context = (customFields: Values) => {
    const reach = systems.endpoints;
    const given = Object.keys(customFields).length === 0 ? {} : { customFields };
    return systems.context({}, {}, { ...reach, netbox: Object.assign({}, reach.netbox, given) });
  };
  const machine = (url: string, fields: Values = {}) => ({
    ...{ netboxUrl: url, stack: "netbox-proxmox/test", type: "virtualMachine" },
    fields: { name: "made", cluster: "pve-lab", ...fields },
    interfaces: { net0: { fields: { mac: "BC:24:11:00:00:01" }, addresses: ["10.71.0.50/24"] } },
    disks: { scsi0: { fields: { size: 1024 } } },
    primary: "net0",
  });

  it("get what the settings say, else their default, in what is made and in what was there before them", async () => {
    await open();
    const { netbox } = context({ owner: "it" });
    const before = await systems.clients.vm("web1");
    await require("owner");
    await require("cost_center", { default: "4711" });
    const made = await machineHandler.create(machine(netbox.url));
    const shown = async (path: string) =>
      ((await systems.clients.netbox("GET", path)) as { custom_fields: Values }).custom_fields;
    for (const [path, query] of [
      ["virtualization/virtual-machines", "&name=made"],
      ["virtualization/interfaces", `&virtual_machine_id=${made.id}`],
      ["virtualization/virtual-disks", `&virtual_machine_id=${made.id}`],
      ["ipam/ip-addresses", `&virtual_machine_id=${made.id}`],
    ] as const) {
      const [each] = await systems.clients.all<{ custom_fields: Values }>(path, query);
      expect(each?.custom_fields, path).toMatchObject({ owner: "it", cost_center: "4711" });
    }
    // An object from before the fields has them empty, and takes no change without them.
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${before.id}/`, { comments: "" }).then(
      () => expect.unreachable("NetBox takes the change"),
      () => {},
    );
    const adopted = { ...machine(netbox.url, { name: "web1", description: "ours" }), interfaces: {}, disks: {} };
    await machineHandler.create({ ...adopted, primary: undefined, objectId: before.id });
    expect(await shown(`virtualization/virtual-machines/${before.id}/`)).toMatchObject({ owner: "it" });
  });

  it("that nobody says a value of are told with the setting, in the plan and where one is written", async () => {
    await open();
    const { netbox } = context({});
    const site = {
      netboxUrl: netbox.url,
      stack: "netbox-proxmox/test",
      type: "site",
      fields: { name: "b", slug: "b" },
    };
    await require("owner");
    await expect(objectHandler.create(site)).rejects.toThrow(
      /Unable to make the site b.*: its custom field owner is required in NetBox and has no value; set netbox-proxmox:netbox.customFields.owner/,
    );
    const refused = await planOf(systems).then(String, String);
    expect(refused).toMatch(
      /NetBox requires the custom field owner of an IP address, and this run makes some for web1 \(\S+\): set netbox-proxmox:netbox.customFields.owner/,
    );
    expect(refused).toMatch(
      /web1 \(\S+\): NetBox takes no change of it while its custom field owner, which is required/,
    );
  });
});

describe("the custom fields of a path", () => {
  it("are those of the kind of object that a path is of", () => {
    const cases = {
      "virtualization/virtual-machines": "virtualization.virtualmachine",
      "virtualization/interfaces": "virtualization.vminterface",
      "dcim/interfaces": "dcim.interface",
      "dcim/mac-addresses": "dcim.macaddress",
      "ipam/prefixes": "ipam.prefix",
      "ipam/prefixes/7/available-ips": "ipam.ipaddress",
      "ipam/vlans": "ipam.vlan",
      "dcim/device-types": "dcim.devicetype",
      "plugins/netbox-dns/records": "netbox_dns.record",
    };
    for (const [path, type] of Object.entries(cases)) expect(typeOfPath(path), path).toBe(type);
  });
});
