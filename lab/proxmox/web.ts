/** HTTP servers that listen on the nodes' own 127.0.0.1, as `python3 -m http.server` answers; every other URL is asked for. */
export class NodeWeb {
  /** Files by node and port, by name. */
  private readonly served = new Map<string, ReadonlyMap<string, Buffer>>();

  serve(node: string, port: number, files: ReadonlyMap<string, Buffer>): void {
    this.served.set(`${node}:${port}`, files);
  }

  async get(node: string, url: URL, method: "GET" | "HEAD" = "GET"): Promise<Response> {
    const isLocal = url.protocol === "http:" && /^(127\.0\.0\.1|localhost)$/.test(url.hostname);
    const files = isLocal ? this.served.get(`${node}:${url.port || "80"}`) : undefined;
    if (files === undefined) return fetch(url, { method });
    const data = files.get(decodeURIComponent(url.pathname.slice(1)));
    if (data === undefined) return new Response(null, { status: 404, statusText: "File not found" });
    const headers = { "content-length": String(data.length), "content-type": typeOf(url.pathname) };
    return new Response(method === "HEAD" ? null : new Uint8Array(data), { status: 200, statusText: "OK", headers });
  }
}

const types: [name: RegExp, type: string][] = [
  [/\.iso$/, "application/x-iso9660-image"],
  [/\.txt$/, "text/plain"],
  [/\.tar$/, "application/x-tar"],
  [/\.gz$/, "application/gzip"],
];
const typeOf = (path: string): string => types.find(([name]) => name.test(path))?.[1] ?? "application/octet-stream";
