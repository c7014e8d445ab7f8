const units: Record<string, number> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Bytes of PVE's size text (`512M`, `2G`, plain bytes). */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text);
  if (!match) throw new Error(`not a size: ${text}`);
  return Math.round(Number(match[1]) * (units[match[2] ?? ""] ?? 1));
}

/** The shortest exact size text, as PVE's `format_size` gives it. */
export function shortestSize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"]) {
    const factor = units[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

/** What `resize` makes of a size: `+N` adds. */
export const resized = (now: number, size: string): number =>
  size.startsWith("+") ? now + parseBytes(size.slice(1)) : parseBytes(size);

const block = 4096;
const groupBlocks = 32_768;

/** Blocks of a new ext4 file system's journal. */
function journalBlocks(blocks: number): number {
  const steps: [limit: number, journal: number][] = [
    [32_768, 1024],
    [262_144, 4096],
    [524_288, 8192],
    [4_194_304, 16_384],
    [8_388_608, 32_768],
    [16_777_216, 65_536],
    [33_554_432, 131_072],
  ];
  return steps.find(([limit]) => blocks < limit)?.[1] ?? 262_144;
}

/** Whether a group of blocks has a copy of the superblock: the first two, and powers of 3, 5 and 7. */
function hasSuperblock(group: number): boolean {
  const isPower = (base: number) => Number.isInteger(Math.round((Math.log(group) / Math.log(base)) * 1e9) / 1e9);
  return group <= 1 || [3, 5, 7].some(isPower);
}

/** Bytes that a new ext4 file system of a size has for files, as mke2fs lays it out by default. */
export function ext4Capacity(bytes: number): number {
  const blocks = Math.floor(bytes / block);
  const groups = Math.ceil(blocks / groupBlocks);
  const inodeTables = Math.ceil(bytes / 16_384 / (block / 256));
  const descriptors = Math.ceil(groups / 64);
  const reserved = Math.min(1024, Math.ceil((1024 * groups) / 64) - descriptors);
  const copies = Array.from({ length: groups }, (_, group) => group).filter(hasSuperblock).length;
  const overhead = journalBlocks(blocks) + inodeTables + 2 * groups + copies * (1 + descriptors + reserved);
  return (blocks - overhead) * block;
}
