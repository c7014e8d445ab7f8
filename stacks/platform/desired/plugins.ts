/** A release of a plugin, and the NetBox versions that it says it is for. */
interface Release {
  version: string;
  /** Whole NetBox versions without their last number: `4.7`. */
  netbox: string[];
}

interface Plugin {
  /** Of PyPI. */
  package: string;
  /** As it stands in PLUGINS. */
  module: string;
  /** Newest first. */
  releases: Release[];
}

/**
 * The plugins that are known to fit, by what their releases say themselves (`min_version`, `max_version` in the PluginConfig of
 * their PyPI packages, as of November 2026). Another one, or another release, is named with its module.
 */
export const plugins: readonly Plugin[] = [
  { package: "netbox-plugin-dns", module: "netbox_dns", releases: [{ version: "1.7.3", netbox: ["4.7"] }] },
  { package: "netbox-secrets", module: "netbox_secrets", releases: [{ version: "3.1.2", netbox: ["4.6"] }] },
  { package: "netbox-acls", module: "netbox_acls", releases: [{ version: "2.1.0", netbox: ["4.7"] }] },
  { package: "netbox-bgp", module: "netbox_bgp", releases: [{ version: "0.20.2", netbox: ["4.7"] }] },
  { package: "netbox-inventory", module: "netbox_inventory", releases: [{ version: "2.7.1", netbox: ["4.7"] }] },
  {
    package: "netbox-floorplan-plugin",
    module: "netbox_floorplan",
    releases: [{ version: "0.10.0", netbox: ["4.7"] }],
  },
  { package: "netbox-reorder-rack", module: "netbox_reorder_rack", releases: [{ version: "1.1.5", netbox: ["4.7"] }] },
];

export interface Chosen {
  package: string;
  module: string;
  version: string;
}

/** A plugin for a NetBox version, or a sentence's end that says why there is none. @param wanted a release, where one is named */
export function choosePlugin(
  name: string,
  wanted: string | undefined,
  module: string | undefined,
  netbox: string,
): Chosen | string {
  const known = plugins.find((each) => each.package === name);
  if (known === undefined) {
    if (wanted !== undefined && module !== undefined) return { package: name, module, version: wanted };
    return `is not known here: write its \`version\` and \`module\`, or one of ${plugins.map((each) => each.package).join(", ")}`;
  }
  const series = netbox.split(".").slice(0, 2).join(".");
  const fits = known.releases.find((release) => release.netbox.includes(series));
  if (wanted !== undefined) {
    const release = known.releases.find(({ version }) => version === wanted);
    if (release !== undefined && !release.netbox.includes(series))
      return `${wanted} is for NetBox ${release.netbox.join(", ")} and not for ${netbox}${fits ? `: take ${fits.version}` : ": leave it out until there is a release for it"}`;
    return { package: name, module: module ?? known.module, version: wanted };
  }
  if (fits !== undefined) return { package: name, module: known.module, version: fits.version };
  return `has no release for NetBox ${netbox} that is known here (there is ${known.releases.map(({ version, netbox: for_ }) => `${version} for ${for_.join(", ")}`).join("; ")}): leave it out, or write the \`version\` of one that fits`;
}
