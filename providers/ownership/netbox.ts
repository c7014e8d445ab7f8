// The marks of what a stack made in NetBox: the descriptions of addresses and of netbox-dns's records, and the message of the
// change log. They stand in people's NetBox: no text may ever change.

const start = (stack: string) => `Managed by Pulumi stack ${stack}`;

/** Of an address that a stack allocated. */
export interface AllocationMark {
  stack: string;
  interfaceId: number;
  family: 4 | 6;
  ordinal: number;
}

export const printAllocation = ({ stack, interfaceId, family, ordinal }: AllocationMark): string =>
  `${start(stack)} (allocation ${interfaceId}/v${family}-${ordinal})`;

export function parseAllocation(description: string): AllocationMark | undefined {
  const [, stack, interfaceId, family, ordinal] =
    /^Managed by Pulumi stack (\S+) \(allocation (\d+)\/v([46])-(\d+)\)$/.exec(description) ?? [];
  if (stack === undefined) return undefined;
  return { stack, interfaceId: Number(interfaceId), family: family === "4" ? 4 : 6, ordinal: Number(ordinal) };
}

/** Of an address that is kept back while its old guest still runs. */
export const printReservation = (stack: string): string => `${start(stack)} (reserved while its last guest still runs)`;

export function parseReservation(description: string): { stack: string } | undefined {
  const [, stack] =
    /^Managed by Pulumi stack (\S+) \(reserved while its last guest still runs\)$/.exec(description) ?? [];
  return stack === undefined ? undefined : { stack };
}

/** Whose an address is, however it came to be. */
export const addressOwner = (description: string): { stack: string } | undefined =>
  parseAllocation(description) ?? parseReservation(description);

/** Of a record in netbox-dns. */
export interface RecordMark {
  stack: string;
  /** Names it among the stack's records. */
  key: string;
}

export const printRecord = ({ stack, key }: RecordMark): string => `${start(stack)} (record ${key})`;

export function parseRecord(description: string): RecordMark | undefined {
  const [, stack, key] = /^Managed by Pulumi stack (\S+) \(record (.*)\)$/s.exec(description) ?? [];
  return stack === undefined || key === undefined ? undefined : { stack, key };
}

/** Of an object that discovery, intent or access made: the message of its creation in the change log. */
export const printMaking = (stack: string): string => `Made by Pulumi stack ${stack}`;

export function parseMaking(message: string): { stack: string } | undefined {
  const [, stack] = /^Made by Pulumi stack (\S+)$/.exec(message) ?? [];
  return stack === undefined ? undefined : { stack };
}
