import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, Server, type ServerChannel, utils } from "ssh2";
import type { Faults } from "../faults";
import type { RequestLog } from "../log";
import { dig } from "./dig";
import { type CommandResult, type NameServer, Nsupdate } from "./nsupdate";

export interface SshKeys {
  hostKey: string;
  clientPublicKey: string;
}

/** Words of a command line as sh splits it, single and double quotes taken off. */
function words(command: string): string[] {
  return [...command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"]+)+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, "$1$2"),
  );
}

/** Standard input to its end; the channel stays open for the answer, which an async iterator would close. */
function text(channel: ServerChannel): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    channel.on("data", (chunk: Buffer) => chunks.push(chunk));
    channel.on("end", () => resolve(Buffer.concat(chunks).toString()));
  });
}

/** sshd of the lab's name server: key login, exec of nsupdate and dig, at most eight channels at once. */
export class SshServer {
  private readonly server: Server;
  private readonly connections = new Set<Connection>();
  /** Milliseconds that an nsupdate takes. */
  latency = 0;

  constructor(
    keys: SshKeys,
    private readonly nameServer: NameServer,
    private readonly log: RequestLog,
    private readonly faults: Faults,
  ) {
    const allowed = utils.parseKey(keys.clientPublicKey);
    if (allowed instanceof Error) throw allowed;
    this.server = new Server({ hostKeys: [keys.hostKey] }, (connection) => {
      this.connections.add(connection);
      connection.on("close", () => this.connections.delete(connection));
      connection.on("error", () => connection.end());
      connection.on("authentication", (context) => {
        if (context.method !== "publickey" || !context.key.data.equals(allowed.getPublicSSH()))
          return context.reject(["publickey"]);
        if (
          context.signature &&
          context.blob &&
          allowed.verify(context.blob, context.signature, context.hashAlgo) !== true
        )
          return context.reject(["publickey"]);
        return context.accept();
      });
      let open = 0;
      connection.on("session", (accept, reject) => {
        if (open >= 8) return reject();
        const session = accept();
        open++;
        session.on("close", () => open--);
        session.on("exec", (acceptExec, _reject, { command }) => {
          const channel = acceptExec();
          this.execute(command, channel).then(
            (result) => {
              if (result === "hold") return;
              if (result === undefined) {
                connection.end();
                return;
              }
              if (result.stderr) channel.stderr.write(result.stderr);
              channel.write(result.stdout, () => {
                channel.exit(result.code);
                channel.end();
              });
            },
            () => channel.close(),
          );
        });
        return undefined;
      });
    });
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.server.once("error", reject).listen(port, "127.0.0.1", resolve));
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.end();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** Nothing where a failure switch drops the connection instead of the answer. */
  private async execute(command: string, channel: ServerChannel): Promise<CommandResult | "hold" | undefined> {
    const [program = "", ...args] = words(command);
    const named = args.filter((arg) => !arg.startsWith("-")).join(" ");
    const entry = this.log.begin("bind9", program, named);
    const fault = this.faults.take("bind9", program, named);
    const script = program === "nsupdate" ? await text(channel) : "";
    const watched = { n: entry.n, system: "bind9" as const, call: `${program} ${named}`, body: script };
    const before = this.faults.watch?.(watched, "arrived");
    if (before === "hold") return before;
    const stopped = fault?.how === "drop before" || before !== undefined;
    const result = stopped ? undefined : await this.run(program, args, script);
    entry.end(fault === undefined && result !== undefined ? result.code : 0);
    if (stopped) return undefined;
    const after = this.faults.watch?.(watched, "done");
    if (after === "hold") return after;
    return fault?.how === "drop after" || after === "drop" ? undefined : result;
  }

  private async run(program: string, args: string[], script: string): Promise<CommandResult> {
    if (program === "nsupdate") {
      await sleep(this.latency);
      return Nsupdate.run(this.nameServer, args, script);
    }
    if (program === "dig") return dig(this.nameServer, args);
    return { code: 127, stdout: "", stderr: `sh: 1: ${program}: not found\n` };
  }
}
