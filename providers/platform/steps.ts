import type { ShellStep } from "../ssh/shell";

// What is done inside containers. Every script is a constant, gets what was configured as its arguments and what is secret by
// its standard input, and may be run any number of times: it looks at what is there, and does what is missing.

/** Where a container keeps what was done to it. */
const own = "/var/lib/netbox-proxmox";

/** @param names of Debian's packages */
export const packages = (names: string[]): ShellStep => ({
  title: `install ${names.join(", ")}`,
  script: `
export DEBIAN_FRONTEND=noninteractive
missing=
for name; do dpkg-query -W -f='\${Status}' "$name" 2>/dev/null | grep -q '^install ok installed' || missing=yes; done
test -z "$missing" && exit 0
# What an interrupted run left half-installed.
dpkg --configure -a >&2
apt-get -q -o DPkg::Lock::Timeout=300 update >&2
apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@" >&2
`,
  args: names,
});

export interface PutFile {
  path: string;
  content: string;
  /** `USER:GROUP`. */
  owner?: string;
  mode?: string;
}

/** Writes a file where it is another one. What runs with it is restarted by `running`. */
export const file = ({ path, content, owner = "root:root", mode = "644" }: PutFile): ShellStep => ({
  title: `write ${path}`,
  script: `
umask 077
mkdir -p ${own}
folder=$(dirname "$1")
test -d "$folder" || { mkdir -p "$folder"; chmod 755 "$folder"; }
cat > "$1.new"
chown "$3" "$1.new"
chmod "$2" "$1.new"
if cmp -s "$1.new" "$1"; then rm "$1.new"; else
  touch ${own}/changed
  mv "$1.new" "$1"
fi
touch ${own}/files
{ grep -v -F "  $1" ${own}/files || true; sha256sum "$1"; } > ${own}/files.new
mv ${own}/files.new ${own}/files
`,
  args: [path, mode, owner],
  stdin: content,
});

/** Starts units with the machine, and restarts them where a file changed since they were. */
export const running = (units: string[]): ShellStep => ({
  title: `start ${units.join(", ")}`,
  script: `
mkdir -p ${own}
systemctl daemon-reload
systemctl enable --quiet "$@" >&2
for unit; do
  if test -e ${own}/changed || ! systemctl is-active --quiet "$unit"; then
    systemctl reset-failed "$unit" 2>/dev/null || true
    systemctl restart "$unit" || { journalctl -q -n 5 -o cat -u "$unit" >&2; exit 1; }
  fi
done
rm -f ${own}/changed
`,
  args: units,
});

/** What a container says of itself: `files=yes` while no file that was written is another one, `UNIT=active`, and its own lines. */
export const probe = (units: string[], more = ""): ShellStep => ({
  title: "look at it",
  script: `
if test -e ${own}/files && sha256sum --quiet -c ${own}/files >/dev/null 2>&1; then echo files=yes; else echo files=no; fi
for unit; do echo "$unit=$(systemctl is-active "$unit" || true)"; done
${more}
`,
  args: units,
});

/** A text as PostgreSQL reads it. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** A name as PostgreSQL reads it. */
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A value as Python reads it. JSON's own but for its three words. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${python(each)}`)
    .join(", ")}}`;
}
