import type { TestSystems } from "./systems";

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape are looked at field by field
export type Body = any;

/** NetBox's API by hand: what a suite asks of it, on the lab and on the real one. */
export class NetboxCalls {
  constructor(private readonly systems: TestSystems) {}

  async answer(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }> {
    const { url, token } = this.systems.endpoints.netbox;
    const response = await fetch(`${url}/api/${path}`, {
      method,
      headers: {
        Authorization: `${token.startsWith("nbt_") ? "Bearer" : "Token"} ${token}`,
        "Content-Type": "application/json",
        Connection: "close",
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  }

  /** The body of a success. @throws for any other answer */
  async ok(method: string, path: string, body?: unknown): Promise<Body> {
    const { status, body: said } = await this.answer(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(said)}`);
    return said;
  }

  make(path: string, body: object): Promise<Body> {
    return this.ok("POST", `${path}/`, body);
  }
}
