/** The size of the disk in an image: of a qcow2 as its header says, of anything else that of the file. */
export function virtualSize(head: Buffer, length: number): number {
  const isQcow2 = head.length >= 32 && head.readUInt32BE(0) === 0x514649fb;
  return isQcow2 ? Number(head.readBigUInt64BE(24)) : length;
}

/** As the images of a storage are called by their extensions. */
export const imageFormat = (name: string): string => /\.(qcow2|raw|vmdk)$/.exec(name)?.[1] ?? "raw";
