import { z } from "zod";
import { UserError } from "../errors";
import { HttpClient } from "../http/client";
import { HttpError } from "../http/errors";
import { keepSecret } from "../http/redact";
import type { NotNow } from "../http/retry";
import { isRecord } from "../values";
import type { Destination } from "./secretsink.model";

// HashiCorp Vault's KV secrets engine, version 2: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2

type VaultPlace = Extract<Destination, { to: "vault" }>;

const stored = z.object({
  data: z.object({ data: z.record(z.string(), z.unknown()).nullable(), metadata: z.object({ version: z.number() }) }),
});
/** What is there of a secret, and its version, which a write names. */
interface Stored {
  keys: Record<string, unknown>;
  version: number;
}

/** Vault's `{"errors": [...]}`. */
const explain = (_status: number, body: unknown): string =>
  isRecord(body) && Array.isArray(body.errors) ? body.errors.map(String).join("; ") : "";

/** A quota's limit, a standby that has not caught up yet, and what stands before Vault. A sealed one (503) stays sealed. */
const notNow: readonly NotNow[] = [
  { status: 412, isUndone: true },
  { status: 429, isUndone: true },
  { status: 502, isUndone: false },
  { status: 504, isUndone: false },
];

/** Does some work with a client for one secret of a Vault; VAULT_TOKEN opens it. */
export async function withVault<T>(place: VaultPlace, work: (secret: VaultSecret) => Promise<T>): Promise<T> {
  const token = process.env.VAULT_TOKEN ?? "";
  if (token === "")
    throw new UserError(
      `VAULT_TOKEN is not set: ${place.address} wants a token that may read and write ${place.mount}/data/${place.path}.`,
    );
  keepSecret(token);
  const http = new HttpClient({
    baseUrl: place.address,
    headers: {
      "X-Vault-Token": token,
      ...(place.namespace === undefined ? {} : { "X-Vault-Namespace": place.namespace }),
    },
    ...(place.caFile === undefined ? {} : { caFile: place.caFile }),
    places: 1,
    keepAlive: 2000,
    requestTimeout: 30,
    timeoutSetting: "nothing: is Vault sealed?",
    explain,
    notNow,
  });
  try {
    return await work(new VaultSecret(http, place));
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const remedy =
      error.status === 403
        ? "give VAULT_TOKEN a policy that may create, read, update and delete it"
        : error.status === undefined
          ? "check access.vault.address (VAULT_ADDR), and that Vault is up and unsealed"
          : "check the mount, which has to be a KV engine of version 2, and the path";
    throw new UserError(`Unable to reach the secret ${place.mount}/${place.path}: ${error.message}; ${remedy}.`);
  } finally {
    await http.close();
  }
}

/** One secret with its keys. */
export class VaultSecret {
  constructor(
    private readonly http: HttpClient,
    private readonly place: VaultPlace,
  ) {}

  private path(room: "data" | "metadata"): string {
    const { mount, path } = this.place;
    return `/v1/${mount}/${room}/${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  async read(): Promise<Stored | undefined> {
    try {
      const { data } = await this.http.send(stored, { method: "GET", path: this.path("data") });
      return { keys: data.data ?? {}, version: data.metadata.version };
    } catch (error) {
      // A deleted version is a 404 too, but with its number, which the next write has to name.
      if (!(error instanceof HttpError) || error.status !== 404) throw error;
      const last = error.failure.kind === "status" ? stored.safeParse(error.failure.body) : undefined;
      return last?.success ? { keys: {}, version: last.data.data.metadata.version } : undefined;
    }
  }

  /** Sets keys, or takes them away, and leaves the others; anew where somebody else wrote in between. */
  async change(keys: Record<string, string | undefined>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const there = await this.read();
      const next = Object.fromEntries(
        Object.entries({ ...there?.keys, ...keys }).filter(([, value]) => value !== undefined),
      );
      if (Object.keys(next).length === 0) return this.remove();
      const json = { data: next, options: { cas: there?.version ?? 0 } };
      try {
        await this.http.send(z.unknown(), { method: "POST", path: this.path("data"), json });
        return;
      } catch (error) {
        const isRace =
          error instanceof HttpError && error.status === 400 && /check-and-set/.test(error.message) && attempt < 5;
        if (!isRace) throw error;
      }
    }
  }

  /** All its versions. */
  private async remove(): Promise<void> {
    await this.http.send(z.unknown(), { method: "DELETE", path: this.path("metadata") });
  }
}
