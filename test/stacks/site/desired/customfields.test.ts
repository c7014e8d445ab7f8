import { describe, expect, it } from "vitest";
import { judgeLimits } from "../../../../stacks/plan/limits";
import { customFieldDoubts, customFieldProblems } from "../../../../stacks/site/desired/customfields";
import type { Site } from "../../../../stacks/site/desired/types";
import { stateResources } from "../../../harness/declared";
import { netboxGuest, settingsWith, siteWith } from "./example";

const field = (name: string, ...objectTypes: string[]): Site["netbox"]["customFields"][number] => ({
  name,
  objectTypes,
  type: "text",
  required: false,
  default: undefined,
});
const machine = "virtualization.virtualmachine";
const vmInterface = "virtualization.vminterface";

/** What is said of a NetBox with these custom fields, where the settings give these names. */
function said(
  given: Record<string, string>,
  fields: Site["netbox"]["customFields"],
  guests: Site["netbox"]["guests"] = [],
) {
  const settings = settingsWith({ site: { customFields: given } });
  const { netbox } = siteWith({ netbox: { customFields: fields, guests } });
  return customFieldProblems(netbox, settings.site.customFields, settings.namedFields);
}

describe("a custom field that the settings name", () => {
  it("has to be in NetBox, for the objects that it is read of; the nearest name is said", () => {
    const fields = [field("allocate_from", vmInterface), field("my_vmid", machine)];
    expect(said({}, [])).toEqual([]);
    expect(said({ vmid: "my_vmid", allocateFrom: "allocate_from" }, fields)).toEqual([]);
    expect(said({ allocateFrom: "alocate_from" }, fields)).toEqual([
      "netbox-proxmox:site.customFields.allocateFrom names alocate_from, and NetBox at https://nb has no such custom field, or the token may not see it (extras.view_customfield): is allocate_from meant? Correct the setting, or add the custom field in NetBox.",
    ]);
    // A name of another object's field is not what is meant.
    expect(said({ vmid: "alocate_from" }, fields)[0]).toMatch(/view_customfield\): correct the setting, or add the/);
    expect(said({ bridge: "my_vmid" }, fields)[0]).toMatch(
      /bridge names my_vmid, which NetBox at https:\/\/nb has for virtualization\.virtualmachine and not for virtualization\.vminterface: add that/,
    );
    expect(said({ gateway: "gateway" }, fields)).toHaveLength(1);
  });

  it("has to be one that the token may read", () => {
    const guests = [netboxGuest(1, "active", "107")];
    expect(said({ vmid: "proxmox_vmid" }, [], guests)[0]).toMatch(
      /vmid names proxmox_vmid, which the token may not read: .* Give the token extras\.view_customfield for it\.$/,
    );
  });

  it("may be a prefix, which some field has to begin with", () => {
    expect(said({ optionPrefix: "pve_" }, [field("pve_cpu", machine)])).toEqual([]);
    expect(said({ optionPrefix: "pve_" }, [field("cpu", machine)])[0]).toMatch(
      /^\S+optionPrefix is pve_, and no custom/,
    );
  });
});

describe("a custom field of the usual name that NetBox has not", () => {
  const release = {
    object: "address",
    name: "10.0.0.5/24 of web01 net0",
    system: "NetBox" as const,
    action: "delete" as const,
    fields: [],
    effects: ["releases" as const],
  };
  const judged = (site: Site) =>
    judgeLimits([release], site.settings.site, { guests: 9, addresses: 9, names: 9 }, customFieldDoubts(site));

  it("takes nothing away: what it gave is not released, however little it is, unless the limit says so", () => {
    const site = siteWith({});
    expect(judged(site)[0]).toMatch(
      /^1 address of a guest that stays would be released, and 0 are allowed at once, since NetBox at https:\/\/nb has no custom field allocate_from \(netbox-proxmox:site\.customFields\.allocateFrom\), or/,
    );
    expect(judged({ ...site, settings: settingsWith({ site: { limits: { releases: 1 } } }) })).toEqual([]);
  });

  it("is no matter where it is there, or config contexts ask for addresses", () => {
    expect(judged(siteWith({ netbox: { customFields: [field("allocate_from", vmInterface)] } }))).toEqual([]);
    const guest = { ...netboxGuest(1, "active"), context: { allocate_from: { net0: "vlan" } } };
    expect(judged(siteWith({ netbox: { guests: [guest] } }))).toEqual([]);
  });

  it("is no matter for an alias that netbox-dns has, and is for a guest's", () => {
    const change = {
      object: "name",
      name: "docs.lab.example",
      system: "DNS" as const,
      action: "delete" as const,
      fields: [],
      effects: ["removesNames" as const],
    };
    const said = (guests: number[]) => {
      const properties = { name: "docs.lab.example.", records: { CNAME: ["a.lab.example."] }, owner: { guests } };
      const site = siteWith({ state: { resources: stateResources([{ type: "Bind9Record", properties }]) } });
      const totals = { guests: 9, addresses: 9, names: 9 };
      return judgeLimits([change], site.settings.site, totals, customFieldDoubts(site));
    };
    expect(said([])).toEqual([]);
    expect(said([7])[0]).toMatch(/^1 name would be removed, and 0 are .* has no custom field dns_aliases/);
  });
});
