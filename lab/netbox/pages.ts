import type { ServerResponse } from "node:http";
import { models } from "./models";

/** gunicorn's `limit_request_line`, in bytes. */
export const gunicornLimit = 4094;

/** gunicorn's own answer, which NetBox never sees. */
export function tooLong(response: ServerResponse, bytes: number): void {
  const said = `Request Line is too large (${bytes} &gt; ${gunicornLimit})`;
  const text = `<html><head><title>Bad Request</title></head><body><h1><p>Bad Request</p></h1>${said}</body></html>`;
  response.writeHead(400, "Bad Request", { Connection: "close", "Content-Type": "text/html" }).end(text);
}

/** A list's URL at another place: an offset, or the id to start from. */
export function pageAt(url: URL, limit: number, place: { offset: number } | { start: number }): string {
  const page = new URL(url);
  for (const [name, value] of Object.entries({ limit, ...place })) page.searchParams.set(name, String(value));
  return page.toString();
}

/** The applications of the API by name. */
export const rooms = (base: string): Record<string, string> =>
  Object.fromEntries(
    ["core", "status", ...new Set(Object.values(models).map(({ path }) => path.split("/")[0] ?? ""))].map((name) => [
      name,
      `${base}/api/${name}/`,
    ]),
  );
