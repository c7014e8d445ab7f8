import type { Progress } from "../../progress";
import type { Shell } from "../../ssh/shell";
import { disksTo, machineTo, type TemplateInputs } from "./template.model";

// The way over ssh: the node downloads the image, changes it, and makes the disk of it with its own commands. Every script is
// a constant and gets what was configured as arguments. Each takes a lock first: a run that was cut off may still be at work.

/** Waits for its turn with one template, then does it in the folder of images. `$1` is the folder, `$2` the lock's name. */
const locked = (script: string): string =>
  `umask 077; mkdir -p -- "$1"; cd -- "$1"; exec 9>"$2.lock"; flock -w 3600 9; shift 2\n${script}`;

/** $1 file, $2 URL, $3 algorithm or nothing, $4 checksum. A download that was cut off goes on from where it was. */
const download = locked(`
test -e "$1" && exit 0
curl --fail --location --progress-bar --continue-at - --output "$1.part" -- "$2" || {
  # A part that the server can't go on from begins anew.
  rm -f "$1.part"
  curl --fail --location --progress-bar --output "$1.part" -- "$2"
}
if test -n "$3"; then
  got=$("$3sum" < "$1.part" | cut -d' ' -f1)
  test "$got" = "$4" || {
    rm -f "$1.part"
    echo "checksum mismatch: got $got, expected $4" >&2
    exit 1
  }
fi
mv "$1.part" "$1"
`);

/** $1 the file it becomes, $2 the image, $3 sysprep (1 or 0), then words for virt-customize. */
const customize = locked(`
ready=$1 image=$2 sysprep=$3
shift 3
test -e "$ready" && exit 0
cp --reflink=auto -- "$image" "$ready.work"
if test $# -gt 0; then virt-customize --add "$ready.work" "$@"; fi
if test "$sysprep" = 1; then
  virt-sysprep --add "$ready.work" --operations defaults,-ssh-userdir,-lvm-uuids
  # Empty, so that each clone gets one of its own; a truncation fails where there is none.
  virt-customize --add "$ready.work" --run-command ': > /etc/machine-id'
fi
mv "$ready.work" "$ready"
`);

/** Words for qm create. */
const create = locked(`
if ! qm config "$1" >/dev/null 2>&1; then qm create "$@"; fi
`);

/** $1 VMID, $2 image, $3 storage, then words for qm disk import. */
const importDisk = locked(`
qm config "$1" | grep -q -E '^(unused0|scsi0):' || {
  vmid=$1 image=$PWD/$2 storage=$3
  shift 3
  qm disk import "$vmid" "$image" "$storage" "$@"
}
`);

/** Words for qm set. */
const set = locked(`
qm set "$@"
`);

/** Files that are of no more use, and those that were not finished. */
const remove = locked(`
for file in "$@"; do rm -f -- "$file" "$file.part" "$file.work"; done
`);

const options = (values: Record<string, string | number>): string[] =>
  Object.entries(values).map(([key, value]) => `--${key}=${value}`);

/** What each script begins with. */
const place = ({ folder }: Shell, { vmid }: TemplateInputs): string[] => [folder, `vm-${vmid}`];
/** The image as it is downloaded, and as it is when it was changed. */
const files = ({ image, vmid, recipe }: TemplateInputs) => {
  const own = `${vmid}-${recipe}-${image.file}`;
  return { downloaded: own, ready: `${own}.ready` };
};

/** Downloads and changes the image, creates the machine, and imports its disk. */
export async function importOverSsh(
  shell: Shell,
  wanted: TemplateInputs,
  builtAt: string,
  progress: Progress,
): Promise<void> {
  const { image, vmid, storage, format, packages, commands, sysprep } = wanted;
  const { downloaded, ready } = files(wanted);
  const run = ({ title, script, args }: { title: string; script: string; args: (string | number)[] }) => {
    progress.step(title);
    return shell.run({ title, script, args: [...place(shell, wanted), ...args] }, { onLine: progress.line });
  };
  if (image.url !== undefined)
    await run({
      title: `download ${image.source}`,
      script: download,
      args: [downloaded, image.url, image.algorithm ?? "", image.checksum ?? ""],
    });
  const words = [
    ...(packages.length === 0 ? [] : ["--install", packages.join(",")]),
    ...commands.flatMap((command) => ["--run-command", command]),
  ];
  await run({
    title: packages.length === 0 ? "prepare the image" : `install ${packages.join(", ")} in the image`,
    script: customize,
    args: [ready, image.path ?? downloaded, sysprep ? 1 : 0, ...words],
  });
  const machine = options(machineTo(wanted, builtAt));
  await run({ title: "create the virtual machine", script: create, args: [vmid, ...machine] });
  await run({
    title: "import its disk",
    script: importDisk,
    args: [vmid, ready, storage, ...(format === undefined ? [] : [`--format=${format}`])],
  });
}

/** @param volume that was imported */
export async function attachOverSsh(shell: Shell, wanted: TemplateInputs, volume: string): Promise<void> {
  const args = [...place(shell, wanted), wanted.vmid, ...options(disksTo(wanted, volume))];
  await shell.run({ title: "attach the disk", script: set, args });
}

/** What was downloaded and changed is of no more use once there is a template. */
export async function removeOverSsh(shell: Shell, wanted: TemplateInputs): Promise<void> {
  const { downloaded, ready } = files(wanted);
  await shell.run({ title: "remove the image", script: remove, args: [...place(shell, wanted), downloaded, ready] });
}
