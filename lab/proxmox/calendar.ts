// Calendar events as Proxmox VE writes schedules: `mon..fri 22:30`, `*/15`, `daily`, `sat *-*-1..7 02:00`.

/** An event: when it happens in terms of the clock in UTC. */
export interface CalendarEvent {
  weekdays: ReadonlySet<number>;
  months: ReadonlySet<number>;
  days: ReadonlySet<number>;
  hours: readonly number[];
  minutes: readonly number[];
}

const names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const aliases: Record<string, string> = {
  minutely: "*:*",
  hourly: "*:00",
  daily: "00:00",
  weekly: "mon 00:00",
  monthly: "*-*-1 00:00",
  yearly: "*-1-1 00:00",
  quarterly: "*-1,4,7,10-1 00:00",
};
aliases.annually = aliases.yearly ?? "";

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n);

/** The numbers of a list such as `1,3..5,0/15,*`. */
function numbers(text: string, from: number, to: number): number[] | undefined {
  const found: number[] = [];
  for (const part of text.split(",")) {
    const [, first, last, every] = /^(\*|\d+)(?:\.\.(\d+))?(?:\/(\d+))?$/.exec(part) ?? [];
    if (first === undefined) return undefined;
    const step = every === undefined ? 1 : Number(every);
    const begin = first === "*" ? from : Number(first);
    const end = last !== undefined ? Number(last) : first === "*" || every !== undefined ? to : begin;
    if (step === 0 || begin < from || end > to || begin > end) return undefined;
    found.push(...range(begin, end).filter((n) => (n - begin) % step === 0));
  }
  return [...new Set(found)].sort((a, b) => a - b);
}

function weekdaysOf(text: string): number[] | undefined {
  const found: number[] = [];
  for (const part of text.toLowerCase().split(",")) {
    const [from = -1, to = from] = part.split("..").map((name) => names.findIndex((one) => name.startsWith(one)));
    if (from < 0 || to < 0) return undefined;
    for (let day = from; ; day = (day + 1) % 7) {
      found.push(day);
      if (day === to) break;
    }
  }
  return found;
}

/** @returns nothing where the text is no event that the lab knows */
export function parseCalendarEvent(text: string): CalendarEvent | undefined {
  const words = (aliases[text.trim()] ?? text.trim()).split(/\s+/);
  let [weekdays, months, days]: (number[] | undefined)[] = [range(0, 6), range(1, 12), range(1, 31)];
  if (/^[a-z]/i.test(words[0] ?? "")) weekdays = weekdaysOf(words.shift() ?? "");
  const date = /^(?:(?:\d{4}|\*)-)?([\d*,./]+)-([\d*,./]+)$/.exec(words[0] ?? "");
  if (date) {
    words.shift();
    months = numbers(date[1] ?? "", 1, 12);
    days = numbers(date[2] ?? "", 1, 31);
  }
  const time = words.shift() ?? "00:00";
  const [hour = "*", minute] = time.includes(":") ? time.split(":") : ["*", time];
  const hours = numbers(hour, 0, 23);
  const minutes = numbers(minute ?? "0", 0, 59);
  if (words.length > 0 || !weekdays || !months || !days || !hours || !minutes) return undefined;
  return { weekdays: new Set(weekdays), months: new Set(months), days: new Set(days), hours, minutes };
}

const day = 86_400;

/** The next time of an event after a time, both in Unix seconds; nothing within ten years is none. */
export function nextRun({ weekdays, months, days, hours, minutes }: CalendarEvent, after: number): number | undefined {
  const today = Math.floor(after / day) * day;
  for (let n = 0; n < 3660; n++) {
    const date = new Date((today + n * day) * 1000);
    if (!weekdays.has(date.getUTCDay()) || !months.has(date.getUTCMonth() + 1) || !days.has(date.getUTCDate()))
      continue;
    for (const hour of hours)
      for (const minute of minutes) {
        const time = today + n * day + hour * 3600 + minute * 60;
        if (time > after) return time;
      }
  }
  return undefined;
}
