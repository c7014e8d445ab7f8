// Texts as a terminal, a pull request and a page can show them: NetBox holds whatever somebody typed.

/** Control characters, and those that turn the direction of a text or can't be seen. */
const unseen =
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

/** The text with everything that isn't to be seen written out: `\n`, `\x1b`, `\u202e`. */
export const shownText = (text: string): string =>
  text.replace(unseen, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    if (character === "\r") return "\\r";
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });

/** The columns of a terminal that a character takes. */
function columnsOf(character: string): number {
  if (/\p{Mark}/u.test(character)) return 0;
  const code = character.codePointAt(0) ?? 0;
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf && code !== 0x303f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd) ||
    /\p{Emoji_Presentation}/u.test(character);
  return isWide ? 2 : 1;
}

/** The columns of a terminal that a text takes. */
export const displayWidth = (text: string): number => {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
};

/** A word in pieces that fit. @param widthOf the columns of the n-th */
function pieces(word: string, widthOf: (n: number) => number): string[] {
  const found: string[] = [];
  let piece = "";
  let taken = 0;
  for (const character of word) {
    const columns = columnsOf(character);
    if (piece !== "" && taken + columns > widthOf(found.length)) {
      found.push(piece);
      piece = "";
      taken = 0;
    }
    piece += character;
    taken += columns;
  }
  return [...found, piece];
}

/**
 * Lines of at most so many columns, broken at blanks, and within a word only where it is longer than a line.
 * @param later how many columns the second and further lines have
 */
export function wrappedLines(text: string, width: number, later = width): string[] {
  const lines: string[] = [];
  let line = "";
  const roomOf = (n: number) => Math.max(2, n === 0 ? width : later);
  const room = () => roomOf(lines.length);
  for (const word of text.split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (displayWidth(joined) <= room()) {
      line = joined;
      continue;
    }
    if (line !== "") lines.push(line);
    if (displayWidth(word) <= room()) {
      line = word;
      continue;
    }
    const parts = pieces(word, (n) => roomOf(lines.length + n));
    lines.push(...parts.slice(0, -1));
    line = parts.at(-1) ?? "";
  }
  return [...lines, line];
}

/** `1 guest`, `3 guests`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

const collator = new Intl.Collator("en", { numeric: true });
/** `web2` before `web10`. */
export const inOrder = (a: string, b: string): number => collator.compare(a, b);
