import type { Driver, Session } from "neo4j-driver"; // the vendor's own client of Bolt
import { refuseWrite } from "../branch";
import type { Neo4jSettings } from "../connections";
import { messageOf, UserError } from "../errors";
import { Lane } from "../http/lane";
import { keepSecret } from "../http/redact";

/** Statements at once, each on a connection of the driver's pool. */
const places = 8;

/** Values of a statement's parameters. Whole numbers are bigints: a number arrives as a float. */
export type StatementParameters = Record<string, unknown>;

/** A Neo4j database, reached by Bolt. Statements that met another's locks, or a lost connection, are tried again. */
export class Neo4j {
  private driver?: Driver;
  private readonly lane: Lane;
  readonly url: string;

  /** @param branch of NetBox that is planned: no statement is run then */
  constructor(
    private readonly settings: Neo4jSettings,
    private readonly branch?: string,
  ) {
    keepSecret(settings.password);
    this.url = settings.url;
    this.lane = new Lane(places, settings.requestTimeout);
  }

  /** Makes sure that the database is there and lets us in. @throws UserError */
  async verify(): Promise<void> {
    const driver = await this.connected();
    try {
      await driver.verifyAuthentication({ database: this.settings.database });
      await driver.executeQuery("RETURN 1", {}, { database: this.settings.database });
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** One statement in a transaction of its own; it may run more than once. @returns the first column of its rows */
  run(text: string, parameters: StatementParameters = {}): Promise<unknown[]> {
    return this.inSession((session) =>
      session.executeWrite(
        async (transaction) => {
          const { records } = await transaction.run(text, parameters);
          return records.map((record): unknown => record.get(0));
        },
        { timeout: this.settings.requestTimeout * 1000 },
      ),
    );
  }

  /** A change of the schema, which has no transaction with others. */
  async runAlone(text: string): Promise<void> {
    await this.inSession((session) => session.run(text));
  }

  /** Neo4j itself times a transaction, from its beginning. */
  private inSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.lane.run(async () => {
      refuseWrite(this.branch, `a statement for ${this.url}`);
      const session = await this.session();
      try {
        return await work(session);
      } catch (error) {
        throw this.explained(error);
      } finally {
        await session.close();
      }
    });
  }

  async close(): Promise<void> {
    await this.driver?.close();
  }

  private async session(): Promise<Session> {
    const { database } = this.settings;
    return (await this.connected()).session(database === undefined ? {} : { database });
  }

  /** The client is loaded where there is something to say: few runs have a Neo4j. */
  private async connected(): Promise<Driver> {
    if (this.driver !== undefined) return this.driver;
    const { default: neo4j } = await import("neo4j-driver");
    const { url, user, password, requestTimeout } = this.settings;
    this.driver = neo4j.driver(url, neo4j.auth.basic(user, password), {
      connectionTimeout: 15_000,
      connectionAcquisitionTimeout: 15_000,
      maxTransactionRetryTime: Math.min(30, requestTimeout) * 1000,
      useBigInt: true,
      userAgent: "netbox-proxmox",
    });
    return this.driver;
  }

  private explained(error: unknown): unknown {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const place = `Neo4j at ${this.url}`;
    if (/Security\.(Unauthorized|AuthenticationRateLimit)/.test(code))
      return new UserError(
        `${place} refuses the login of ${this.settings.user} (${messageOf(error)}): set netbox-proxmox:neo4j.user and .password (pulumi config set --secret), or NEO4J_USERNAME and NEO4J_PASSWORD.`,
      );
    if (/DatabaseNotFound/.test(code))
      return new UserError(
        `${place} has no database ${this.settings.database ?? ""}: create it, or correct netbox-proxmox:neo4j.database or NEO4J_DATABASE.`,
      );
    if (code === "ServiceUnavailable" || code === "SessionExpired")
      return new UserError(
        `${place} can't be reached (${messageOf(error).replace(/^.*Caused by: /s, "")}): check netbox-proxmox:neo4j.url or NEO4J_URI, and that Bolt listens there.`,
      );
    return error instanceof Error ? new UserError(`${place} says: ${messageOf(error)}`) : error;
  }
}
