import type { Progress } from "../progress";
import type { Shell, Step } from "../ssh/shell";
import { disksTo, machineTo, type TemplateInputs } from "./template.model";

// The way over ssh: the node downloads the image, changes it, and makes the disk of it with its own commands. Every script is
// a constant and gets what was configured as arguments. Each takes a lock first: a run that was cut off may still be at work.

const folder = "/var/lib/netbox-proxmox/images";

/** Waits for its turn with one template, then does it. `$1` is the lock's name. */
const locked = (script: string): string =>
  `mkdir -p ${folder}; exec 9>"${folder}/$1.lock"; flock -w 3600 9; shift\n${script}`;

/** $1 lock, $2 file, $3 URL, $4 algorithm or nothing, $5 checksum. A download that was cut off goes on from where it was. */
const download = locked(`
cd ${folder}
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

/** $1 lock, $2 file, $3 the image, $4 sysprep (1 or 0), then words for virt-customize. */
const customize = locked(`
ready=${folder}/$1.ready image=$2 sysprep=$3
shift 3
test -e "$ready" && exit 0
cp --reflink=auto -- "$image" "$ready.work"
if test $# -gt 0; then virt-customize --add "$ready.work" "$@"; fi
if test "$sysprep" = 1; then
  virt-sysprep --add "$ready.work" --operations defaults,-ssh-userdir,-lvm-uuids
  virt-customize --add "$ready.work" --truncate /etc/machine-id
fi
mv "$ready.work" "$ready"
`);

/** $1 lock, then words for qm create. */
const create = locked(`
if ! qm config "$1" >/dev/null 2>&1; then qm create "$@"; fi
`);

/** $1 lock, $2 VMID, $3 image, $4 storage. */
const importDisk = locked(`
qm config "$1" | grep -q -E '^(unused0|scsi0):' || qm disk import "$@"
`);

/** $1 lock, then words for qm set. */
const set = locked(`
qm set "$@"
`);

/** $1 lock, $2 the image that was downloaded, or nothing. */
const remove = locked(`
rm -f -- ${folder}/"$1" ${folder}/"$1.part" ${folder}/"$1.ready" ${folder}/"$1.ready.work"
`);

const options = (values: Record<string, string | number>): string[] =>
  Object.entries(values).map(([key, value]) => `--${key}=${value}`);

const lockOf = ({ vmid }: TemplateInputs): string => `vm-${vmid}`;
/** The file as it is downloaded is every template's; what was changed in it is one's own. */
const ownFile = ({ image, vmid, recipe }: TemplateInputs): string => `${vmid}-${recipe}-${image.file}`;

/** Downloads and changes the image, creates the machine, and imports its disk. */
export async function importOverSsh(
  shell: Shell,
  wanted: TemplateInputs,
  builtAt: string,
  progress: Progress,
): Promise<void> {
  const { image, vmid, storage, packages, commands, sysprep } = wanted;
  const run = (step: Step) => {
    progress.step(step.title);
    return shell.run(step, { onLine: progress.line });
  };
  const own = ownFile(wanted);
  if (image.url !== undefined)
    await run({
      title: `download ${image.source}`,
      script: download,
      args: [lockOf(wanted), own, image.url, image.algorithm ?? "", image.checksum ?? ""],
    });
  const given = image.path ?? `${folder}/${own}`;
  const words = [
    ...(packages.length === 0 ? [] : ["--install", packages.join(",")]),
    ...commands.flatMap((command) => ["--run-command", command]),
  ];
  await run({
    title: packages.length === 0 ? "prepare the image" : `install ${packages.join(", ")} in the image`,
    script: customize,
    args: [lockOf(wanted), own, given, sysprep ? 1 : 0, ...words],
  });
  await run({
    title: "create the virtual machine",
    script: create,
    args: [lockOf(wanted), vmid, ...options(machineTo(wanted, builtAt))],
  });
  await run({
    title: "import its disk",
    script: importDisk,
    args: [lockOf(wanted), vmid, `${folder}/${own}.ready`, storage],
  });
}

/** @param volume that was imported */
export async function attachOverSsh(shell: Shell, wanted: TemplateInputs, volume: string): Promise<void> {
  await shell.run({
    title: "attach the disk",
    script: set,
    args: [lockOf(wanted), wanted.vmid, ...options(disksTo(wanted, volume))],
  });
}

/** What was downloaded and changed is of no more use once there is a template. */
export async function removeOverSsh(shell: Shell, wanted: TemplateInputs): Promise<void> {
  await shell.run({ title: "remove the image", script: remove, args: [lockOf(wanted), ownFile(wanted)] });
}
