// What machines lack, and what gives it to them.

/** Debian's packages by the commands that steps run. */
const packages: Readonly<Record<string, string>> = {
  curl: "curl",
  flock: "util-linux",
  sha256sum: "coreutils",
  sha512sum: "coreutils",
  sudo: "sudo",
  "virt-customize": "libguestfs-tools",
  "virt-sysprep": "libguestfs-tools",
  dig: "bind9-dnsutils",
  nsupdate: "bind9-dnsutils",
};

/** The commands of Proxmox VE itself. */
const ofProxmox: readonly string[] = ["pct", "pveam", "pvesh", "pvesm", "qm"];

/** The command that a shell did not find, by what it said. */
const missing = [
  /(?:^|[\s:])([\w.+-]+): (?:command )?not found\s*$/m,
  /exec: ([\w.+-]+): not found/m,
  /^(?:sudo|env): ['"‘]?([\w.+/-]+?)['"’]?: (?:command not found|No such file or directory)\s*$/m,
  /failed to run command ['"‘]([\w.+/-]+)['"’]: No such file/m,
];

/** What to do where a command isn't there, for a person; undefined where that is not what was wrong. */
export function lackingCommand(code: number, said: string): string | undefined {
  // A shell's exit status for a command that it can't find; others pass it on or say it only.
  const name = missing.map((pattern) => pattern.exec(said)?.[1]?.split("/").pop()).find(Boolean);
  if (name === undefined || (code !== 127 && packages[name] === undefined)) return undefined;
  if (ofProxmox.includes(name)) return `${name} is Proxmox VE's own and isn't there: is this a node of the cluster?`;
  const from = packages[name];
  return from === undefined
    ? `${name} isn't there: install it`
    : `${name} isn't there: install it (\`apt install ${from}\`)`;
}
