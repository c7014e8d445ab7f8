// The owner of a name in DNS, as the TXT record beside it says. It stands in people's zones: the text may never change.

/** Who has a name: the stack, and the NetBox ids of the guests. `types` are ours, `kept` were there before with the same value. */
export interface OwnerText {
  stack: string;
  guests: number[];
  types: string[];
  kept: string[];
}

export const printOwner = ({ stack, guests, types, kept }: OwnerText): string =>
  `stack=${stack} guests=${guests.join(",")} types=${types.join(",")} kept=${kept.join(",")}`;

export function parseOwner(text: string): OwnerText | undefined {
  const [, stack, guests = "", ours = "", kept = ""] =
    /^stack=(\S+) guests=(\S*) types=(\S*) kept=(\S*)$/.exec(text) ?? [];
  const list = (each: string) => each.split(",").filter((part) => part !== "");
  return stack === undefined
    ? undefined
    : { stack, guests: list(guests).map(Number), types: list(ours), kept: list(kept) };
}
