// What is printed for people: colours only where a terminal shows them, and nothing of them in what is piped on.

export const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Beside the result, which may be piped on. */
export const remark = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

export const printJson = (value: unknown): void => say(JSON.stringify(value, undefined, 2));

/** A result: as JSON where that is asked for, else as lines for people. */
export function show<T>(result: T, json: boolean | undefined, lines: (result: T) => string[]): void {
  if (json) printJson(result);
  else for (const line of lines(result)) say(line);
}

export const isPlain = (): boolean => (process.env.NO_COLOR ?? "") !== "" || !process.stdout.isTTY;

const codes = { green: 32, yellow: 33, red: 31, grey: 90, bold: 1 } as const;
export type Colour = keyof typeof codes;

export const coloured = (text: string, colour: Colour | undefined): string =>
  colour === undefined || isPlain() ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`;

/** Colours words that a table holds, after its columns are laid out. */
export const colouredWords = (line: string, words: Readonly<Record<string, Colour>>): string =>
  isPlain()
    ? line
    : line.replace(/[A-Za-z]+/g, (word) => coloured(word, Object.hasOwn(words, word) ? words[word] : undefined));

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
/** `3.5 GiB`. */
export function printBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const shown = bytes / 1024 ** power;
  return `${shown >= 100 || power === 0 ? Math.round(shown) : shown.toFixed(1)} ${units[power]}`;
}

/** `3 d 4 h`: the two largest parts. */
export function printSpan(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ] as const;
  const from = parts.findIndex(([count]) => count > 0);
  if (from < 0) return "0 s";
  return parts
    .slice(from, from + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

export const printTime = (seconds: number): string =>
  seconds === 0 ? "" : new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");

/** How far many things are, on one line that is written over; a pipe gets nothing of it. */
export class ProgressLine {
  private done = 0;
  private readonly running = new Set<string>();

  constructor(
    private readonly total: number,
    private readonly isShown = process.stderr.isTTY === true && total > 1,
  ) {}

  async of<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.running.add(name);
    this.draw();
    try {
      return await work();
    } finally {
      this.running.delete(name);
      this.done++;
      this.draw();
    }
  }

  private draw(): void {
    if (!this.isShown) return;
    const names = [...this.running].slice(0, 4).join(", ");
    const more = this.running.size > 4 ? ` and ${this.running.size - 4} more` : "";
    process.stderr.write(`\r\u001b[K${this.done} of ${this.total} done${names === "" ? "" : `; at ${names}${more}`}`);
    if (this.done === this.total) process.stderr.write("\r\u001b[K");
  }
}
