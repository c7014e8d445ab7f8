// Marks on Proxmox VE beside that of a guest's notes (mark.ts): of templates, and of the snapshots that are taken before a
// change. They stand in people's clusters: no text may ever change.

const templateLine = /^Managed by Pulumi stack (\S+) as template (\S+) \(([0-9a-f]{8})\)\s*$/m;

/** Of a template: the last line of its notes. */
export interface TemplateMark {
  stack: string;
  title: string;
  /** Eight hex digits that stand for what it is made of. */
  recipe: string;
}

export const printTemplate = ({ stack, title, recipe }: TemplateMark): string =>
  `Managed by Pulumi stack ${stack} as template ${title} (${recipe})`;

export function findTemplate(notes: string): TemplateMark | undefined {
  const [, stack, title, recipe] = templateLine.exec(notes) ?? [];
  return stack === undefined || title === undefined || recipe === undefined ? undefined : { stack, title, recipe };
}

const snapshotEnd = "Taken by netbox-proxmox, which deletes it when its time is over.";

/** The description of a snapshot. It belongs to its guest, and so to whom the guest's mark names. */
export const printSnapshot = (before: string): string =>
  `Before ${before} ${before.includes(",") ? "are" : "is"} changed. ${snapshotEnd}`;

export const isSnapshotOfOurs = ({ name, description }: { name: string; description: string }): boolean =>
  /^before-\d{8}-[0-9a-f]{8}$/.test(name) && description.trim().endsWith(snapshotEnd);
