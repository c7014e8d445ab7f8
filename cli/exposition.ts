// Prometheus' text format, as far as gauges need it.

/** One value. */
export interface MetricSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const escapedLabel = (text: string): string => text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');
const escapedHelp = (text: string): string => text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
const unescaped = (text: string): string =>
  text.replace(/\\(.)/gs, (_, character: string) => (character === "n" ? "\n" : character));

function printed(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}

/** Name and labels, in one order. */
const seriesOf = ({ name, labels }: MetricSample): string => {
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}="${escapedLabel(value)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
};

/** Gauges, the samples of each together. @param help what each name means; others are left out */
export function printExposition(samples: MetricSample[], help: Readonly<Record<string, string>>): string {
  return Object.entries(help)
    .map(([name, text]) => {
      const own = samples.filter((sample) => sample.name === name);
      if (own.length === 0) return "";
      const lines = own.map((sample) => `${seriesOf(sample)} ${printed(sample.value)}\n`).sort();
      return `# HELP ${name} ${escapedHelp(text)}\n# TYPE ${name} gauge\n${lines.join("")}`;
    })
    .join("");
}

// A label may hold any character but a line's end.
const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([^\s]+)$/s;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/gs;

function numberOf(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

/** What {@link printExposition} printed. Lines that are none of it are left out. */
export function parseExposition(text: string): MetricSample[] {
  return text.split("\n").flatMap((each) => {
    const [, name, labels = "", value = ""] = line.exec(each) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(label)].map(([, key = "", held = ""]) => [key, unescaped(held)] as const);
    return [{ name, labels: Object.fromEntries(pairs), value: numberOf(value) }];
  });
}

/** The samples with others in the place of those of the same name and labels. */
export function mergeSamples(samples: MetricSample[], newer: MetricSample[]): MetricSample[] {
  return [...new Map([...samples, ...newer].map((sample) => [seriesOf(sample), sample])).values()];
}
