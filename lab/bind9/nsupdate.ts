import { type Prerequisite, rdata, type ServedZones, type UpdatedRecord, withFinalDot } from "./zones";

export interface NsupdateResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface LabNameServer {
  zones: ServedZones;
  /** TSIG key files on the name server's disk: what the key may, or why the server doesn't take it. */
  keyFiles: Map<string, "update" | "transfer" | "BADKEY" | "BADSIG">;
  /** Port that its DNS listens at. */
  port: number;
}

interface Batch {
  zone?: string;
  prerequisites: Prerequisite[];
  changes: UpdatedRecord[];
}

const empty = (): Batch => ({ prerequisites: [], changes: [] });

class ScriptError extends Error {}

/** nsupdate's command line and script, with the outcomes of BIND 9.18. */
export class Nsupdate {
  private batch = empty();
  private server: { host: string; port: number };
  private readonly problems: string[] = [];
  private failed = false;

  constructor(
    private readonly nameServer: LabNameServer,
    private readonly right: "update" | "transfer" | "BADKEY" | "BADSIG" | "none",
  ) {
    this.server = { host: "127.0.0.1", port: 53 };
  }

  static run(nameServer: LabNameServer, args: string[], script: string): NsupdateResult {
    const keyFile = args.includes("-k") ? args[args.indexOf("-k") + 1] : undefined;
    const right = keyFile === undefined ? "none" : (nameServer.keyFiles.get(keyFile) ?? "none");
    const update = new Nsupdate(nameServer, right);
    if (keyFile !== undefined && right === "none")
      update.problems.push(`could not read key from ${keyFile.replace(/\.key$/, "")}.{private,key}: file not found`);
    return update.interpret(script);
  }

  private interpret(script: string): NsupdateResult {
    try {
      for (const line of script.split("\n")) {
        const text = line.trim();
        if (text.startsWith(";")) continue;
        if (text === "" || text === "send") this.send();
        else this.command(text);
      }
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      return { code: 1, stdout: "", stderr: `${[...this.problems, error.message, "syntax error"].join("\n")}\n` };
    }
    return { code: this.failed ? 2 : 0, stdout: "", stderr: this.problems.map((line) => `${line}\n`).join("") };
  }

  private command(text: string): void {
    const words = text.split(/\s+/);
    const [verb = "", ...rest] = words;
    if (verb === "server") this.server = { host: rest[0] ?? "", port: Number(rest[1] ?? 53) };
    else if (verb === "zone") this.batch.zone = withFinalDot(rest[0] ?? "");
    else if (verb === "prereq") this.prerequisite(rest[0] ?? "", rest.slice(1), text);
    else if (verb === "update") this.update(rest[0] ?? "", rest.slice(1), text);
    else if (
      !["local", "ttl", "class", "debug", "show", "answer", "quit", "key", "realm", "check-names"].includes(verb)
    )
      throw new ScriptError(`incorrect section name: ${verb}`);
  }

  private prerequisite(kind: string, words: string[], text: string): void {
    const [name = "", type = ""] = words.filter((word) => word.toUpperCase() !== "IN");
    if (kind === "nxdomain" || kind === "yxdomain") this.batch.prerequisites.push({ kind, name: withFinalDot(name) });
    else if (kind === "nxrrset" || kind === "yxrrset") {
      const value = after(text, type);
      const values = value === "" ? [] : [this.value(type, value)];
      this.batch.prerequisites.push({ kind, name: withFinalDot(name), type: type.toUpperCase(), values });
    } else throw new ScriptError(`incorrect prerequisite type: ${kind}`);
  }

  private update(kind: string, words: string[], text: string): void {
    const rest = words.filter((word) => word.toUpperCase() !== "IN");
    const name = withFinalDot(rest[0] ?? "");
    if (kind === "add") {
      const ttl = Number(rest[1]);
      if (!Number.isInteger(ttl)) throw new ScriptError(`ttl '${rest[1]}': bad number`);
      const type = (rest[2] ?? "").toUpperCase();
      this.batch.changes.push({ kind: "add", name, ttl, type, value: this.value(type, after(text, rest[2] ?? "")) });
    } else if (kind === "delete" || kind === "del") {
      const words = /^\d+$/.test(rest[1] ?? "") ? rest.slice(2) : rest.slice(1);
      const type = words[0]?.toUpperCase();
      const value = words.length > 1 && type ? this.value(type, after(text, words[0] ?? "")) : undefined;
      this.batch.changes.push({ kind: "delete", name, type, value });
    } else throw new ScriptError(`incorrect operation: ${kind}`);
  }

  private value(type: string, text: string): string {
    const parsed = rdata(type.toUpperCase(), text);
    if ("error" in parsed) throw new ScriptError(`invalid rdata format: ${parsed.error}`);
    return parsed.value;
  }

  private send(): void {
    const batch = this.batch;
    this.batch = { ...empty(), zone: undefined };
    if (batch.changes.length === 0 && batch.prerequisites.length === 0) return;
    const refusal = this.outcome(batch);
    if (refusal === undefined) return;
    this.failed = true;
    this.problems.push(refusal);
  }

  private outcome({ zone: zoneName, prerequisites, changes }: Batch): string | undefined {
    const { zones, port } = this.nameServer;
    if (this.server.port !== port)
      return `; Communication with ${this.server.host}#${this.server.port} failed: connection refused`;
    const zone =
      zoneName === undefined ? zones.of(changes[0]?.name ?? prerequisites[0]?.name ?? ".") : zones.get(zoneName);
    if (this.right === "BADKEY" || this.right === "BADSIG")
      return `; TSIG error with server: tsig indicates error\nupdate failed: NOTAUTH(${this.right})`;
    if (zone === undefined) return "update failed: NOTAUTH";
    const outside = [...changes, ...prerequisites].some(
      ({ name }) => name !== zone.config.name && !name.endsWith(`.${zone.config.name}`),
    );
    if (outside) return "update failed: NOTZONE";
    const failing = zone.failing(prerequisites);
    if (failing !== undefined) return `update failed: ${failing}`;
    const granted = changes.every((change) => change.type === undefined || zone.config.updatable.includes(change.type));
    if (this.right !== "update" || !granted || zone.frozen) return "update failed: REFUSED";
    zone.apply(changes);
    return undefined;
  }
}

/** The rest of a line after the word, quotes and spaces kept. */
function after(text: string, word: string): string {
  const match = new RegExp(`\\s${word}\\s+(.*)$`).exec(text);
  return (match?.[1] ?? "").trim();
}
