/** When something ends that a person gave an end date: it counts through that day (UTC), or until that minute. */
export type EndDate =
  | { state: "none" }
  | { state: "ahead" | "over"; until: string }
  /** The text is no date. */
  | { state: "unreadable"; text: string };

const day = 86_400_000;

/** @param text a date (`2026-12-24`) or a time (ISO 8601), as NetBox's custom fields have them */
export function endOf(text: string | undefined, now: Date): EndDate {
  if (text === undefined || text.trim() === "") return { state: "none" };
  const until = text.trim();
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(until);
  const time = /^\d{4}-\d{2}-\d{2}/.test(until) ? Date.parse(isDay ? `${until}T00:00:00Z` : until) : Number.NaN;
  if (Number.isNaN(time)) return { state: "unreadable", text: until };
  return { state: now.getTime() >= time + (isDay ? day : 0) ? "over" : "ahead", until };
}
