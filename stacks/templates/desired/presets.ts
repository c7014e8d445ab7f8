/** An image that its makers publish, and where they say its checksum. */
export interface Preset {
  /** For a person. */
  title: string;
  url: string;
  /** A list of checksums that is published beside it; the entry is that of the URL's file. */
  checksumUrl: string;
  algorithm: "sha256" | "sha512";
  ostype: string;
  /** Is the QEMU guest agent in it as it is published? */
  agent: boolean;
}

const ubuntu = (release: string, version: string): Preset => ({
  title: `Ubuntu ${version}`,
  url: `https://cloud-images.ubuntu.com/${release}/current/${release}-server-cloudimg-amd64.img`,
  checksumUrl: `https://cloud-images.ubuntu.com/${release}/current/SHA256SUMS`,
  algorithm: "sha256",
  ostype: "l26",
  agent: false,
});

const debian = (release: string, version: number): Preset => ({
  title: `Debian ${version}`,
  url: `https://cloud.debian.org/images/cloud/${release}/latest/debian-${version}-genericcloud-amd64.qcow2`,
  checksumUrl: `https://cloud.debian.org/images/cloud/${release}/latest/SHA512SUMS`,
  algorithm: "sha512",
  ostype: "l26",
  agent: false,
});

const rocky = "https://dl.rockylinux.org/pub/rocky/9/images/x86_64";

/** Images that templates are made of by name. */
export const presets = {
  "ubuntu-focal": ubuntu("focal", "20.04"),
  "ubuntu-jammy": ubuntu("jammy", "22.04"),
  "ubuntu-noble": ubuntu("noble", "24.04"),
  "debian-12": debian("bookworm", 12),
  "debian-13": debian("trixie", 13),
  "rocky-9": {
    title: "Rocky Linux 9",
    url: `${rocky}/Rocky-9-GenericCloud-Base.latest.x86_64.qcow2`,
    checksumUrl: `${rocky}/CHECKSUM`,
    algorithm: "sha256",
    ostype: "l26",
    agent: true,
  },
} satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
export const isPreset = (name: string): name is PresetName => name in presets;
