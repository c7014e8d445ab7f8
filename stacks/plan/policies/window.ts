/** A part of the week in which changes are made. */
export interface PolicyWindow {
  /** `Mon` to `Sun`: the days on which it begins. */
  days: string[];
  /** `22:00`; one that ends before it begins goes past midnight. */
  from: string;
  to: string;
  /** `Europe/Berlin`. */
  zone: string;
}

export const weekDays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const time = /^([01]\d|2[0-4]):([0-5]\d)$/;

/** @throws Error where the window can't be: no such day, time or time zone */
export function withinWindow(now: Date, { days, from, to, zone }: PolicyWindow): boolean {
  const strange = days.find((day) => !weekDays.includes(day));
  if (strange !== undefined) throw new Error(`${strange} is no day; write ${weekDays.join(", ")}`);
  const [first, last] = [minutesOf(from), minutesOf(to)];
  const here = new Intl.DateTimeFormat("en-GB", {
    ...{ timeZone: zone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  }).formatToParts(now);
  const part = (type: string) => here.find((each) => each.type === type)?.value ?? "";
  const minute = minutesOf(`${part("hour")}:${part("minute")}`);
  const today = weekDays.indexOf(part("weekday"));
  const isOn = (day: number) => days.includes(weekDays[(day + 7) % 7] ?? "");
  if (first < last) return isOn(today) && minute >= first && minute < last;
  return (isOn(today) && minute >= first) || (isOn(today - 1) && minute < last);
}

function minutesOf(text: string): number {
  const [, hours, minutes] = time.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) throw new Error(`"${text}" is no time; write it like 22:00`);
  return Number(hours) * 60 + Number(minutes);
}
