import { z } from "zod";

/** `7d`, `12h`, `0m`: how long. */
export const duration = z.string().regex(/^\d+[mhd]$/, "write minutes, hours or days, like 30m, 12h or 7d");

const units: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Milliseconds. */
export const milliseconds = (text: string): number => Number(text.slice(0, -1)) * (units[text.slice(-1)] ?? 0);
