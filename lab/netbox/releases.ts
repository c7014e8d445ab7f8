/** The releases of NetBox that the lab answers as, with the version that each is. */
export const releases = {
  "4.2": "4.2.9",
  "4.3": "4.3.7",
  "4.4": "4.4.10",
  "4.5": "4.5.10",
  "4.6": "4.6.8",
  "4.7": "4.7.3",
} as const;

export type Release = keyof typeof releases;
export const newest: Release = "4.7";

export const isRelease = (text: string): text is Release => Object.hasOwn(releases, text);

const order = Object.keys(releases);

/**
 * What came with which release. From NetBox's release notes and its published source of each (the number is the change's);
 * 4.7 is measured besides. A field that came later says so itself (`since`).
 */
const cameWith = {
  /** A prefix hands out addresses of its ranges but those that count as populated (9763); before, of none. */
  populatedRanges: "4.3",
  /** ALLOW_TOKEN_RETRIEVAL is off by default: no answer shows a token's `key`, which its maker has to choose. */
  tokensHidden: "4.3",
  /** `netbox-full-version` in /api/status/. */
  fullVersion: "4.3",
  /** `hostname` in /api/status/. */
  hostname: "4.4",
  /** `changelog_message` of a write (19713). */
  changelogMessages: "4.4",
  /** MAX_PAGE_SIZE below the default page of 50 counts too (20496). */
  smallPages: "4.4",
  /** `Bearer nbt_…` beside `Token …` (20210). */
  tokensV2: "4.5",
  /** /api/authentication-check/ (20936). */
  authenticationCheck: "4.5",
  /** `omit=` in a query (21244). */
  omit: "4.5",
  /** ETag and If-Match (21356). */
  etags: "4.6",
  /** `start=` in a query (21363). */
  cursors: "4.6",
  /** A virtual machine on a device without a cluster (12024). */
  machinesOnDevices: "4.6",
  /** `mac_address` of an interface can be written (18821); before, it is only shown, and what a caller sends is not looked at. */
  macAddressWritten: "4.7",
  /** A token's secret can't be chosen (22409). */
  secretsOwn: "4.7",
  /** `exclude=config_context` is not looked at any more (21025). */
  contextAlways: "4.7",
  /** A selection's value in a custom field comes with its label (20897). */
  choiceLabels: "4.7",
  /** A failed bulk request names every object that is at fault, not only the first one's errors (20054). */
  bulkErrors: "4.7",
} satisfies Record<string, Release>;

export type Feature = keyof typeof cameWith;

export const isSince = (release: Release, since: Release): boolean => order.indexOf(release) >= order.indexOf(since);
export const has = (release: Release, feature: Feature): boolean => isSince(release, cameWith[feature]);

/** The release of a version, `4.4` of `4.4.10`; the newest one for any other. */
export function releaseOf(version: string): Release {
  const [release] = /^\d+\.\d+/.exec(version) ?? [newest];
  return isRelease(release) ? release : newest;
}
