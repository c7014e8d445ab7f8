import { randomUUID } from "node:crypto";
import { PveError } from "./errors";

/** Who calls: `authId` is the user or `user!token`. */
export interface Caller {
  authId: string;
}

/** Users, API tokens and tickets. Every caller of the lab has an administrator's rights. */
export class Access {
  private readonly passwords = new Map<string, string>();
  private readonly tokens = new Map<string, string>();
  private readonly tickets = new Map<string, { user: string; csrf: string }>();

  addUser(user: string, password: string): void {
    this.passwords.set(user, password);
  }

  addToken(id: string, secret: string): void {
    this.tokens.set(id, secret);
  }

  removeToken(id: string): void {
    this.tokens.delete(id);
  }

  /** POST /access/ticket: a refused login is the one 401 with a body. */
  login(username: string, password: string): Record<string, unknown> {
    if (this.passwords.get(username) !== password) throw new PveError(401, "authentication failure");
    const ticket = `PVE:${username}:${Date.now().toString(16).toUpperCase().padStart(8, "0").slice(-8)}::${Buffer.from(randomUUID()).toString("base64url")}`;
    const csrf = `${ticket.split(":")[2]}:${Buffer.from(randomUUID()).toString("base64url")}`;
    this.tickets.set(ticket, { user: username, csrf });
    return { username, ticket, CSRFPreventionToken: csrf, cap: {} };
  }

  /** Throws PVE's 401 (whose body the server leaves empty) for a caller that can't be told. */
  authenticate(headers: { authorization?: string; cookie?: string; csrf?: string }, write: boolean): Caller {
    const token = /^PVEAPIToken=([^=]+)=(.+)$/.exec(headers.authorization ?? "");
    if (headers.authorization?.startsWith("PVEAPIToken")) {
      const [, id, secret] = token ?? [];
      if (id === undefined || secret === undefined || this.tokens.get(id) !== secret)
        throw new PveError(401, "Authentication failed!");
      return { authId: id };
    }
    const cookie = /(?:^|;\s*)PVEAuthCookie=([^;]+)/.exec(headers.cookie ?? "")?.[1];
    if (cookie === undefined) throw new PveError(401, "No ticket");
    const session = this.tickets.get(decodeURIComponent(cookie));
    if (session === undefined) throw new PveError(401, "Authentication failed!");
    if (write && headers.csrf !== session.csrf) throw new PveError(401, "Permission denied - invalid csrf token");
    return { authId: session.user };
  }
}
