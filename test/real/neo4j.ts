import neo4j, { type Driver } from "neo4j-driver";
import { realServices } from "../harness/services";

/** The real Neo4j, looked at past our own client. */
export class Database {
  private readonly driver: Driver;
  /** For `ops`. */
  readonly env: Record<string, string>;

  constructor() {
    const { url, password } = realServices().neo4j;
    this.env = { NEO4J_URI: url, NEO4J_PASSWORD: password };
    this.driver = neo4j.driver(url, neo4j.auth.basic("neo4j", password), { disableLosslessIntegers: true });
  }

  /** Each row as its columns' values. */
  async rows(text: string): Promise<unknown[][]> {
    const { records } = await this.driver.executeQuery(text);
    return records.map((record) => [...record.values()].map((value: unknown) => value));
  }

  async value(text: string): Promise<unknown> {
    return (await this.rows(text))[0]?.[0];
  }

  async empty(): Promise<void> {
    await this.driver.executeQuery("MATCH (n) DETACH DELETE n");
  }

  /** A script as cypher-shell would run it. */
  async script(text: string): Promise<void> {
    const session = this.driver.session();
    const statements = text.split(/;\n/).filter((statement) => statement.replace(/^\/\/.*$/gm, "").trim() !== "");
    try {
      for (const statement of statements) await session.run(statement);
    } finally {
      await session.close();
    }
  }

  close(): Promise<void> {
    return this.driver.close();
  }
}
