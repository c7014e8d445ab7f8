import type { AddressInfo } from "node:net";
import { type Connection, Server, type ServerChannel, utils } from "ssh2";

export interface SshKeys {
  hostKey: string;
  clientPublicKey: string;
}

/** A command over ssh as it was asked for. */
export interface Command {
  line: string;
  /** Its standard input, to the end. */
  stdin: () => Promise<string>;
  /** Its output and its errors, while it runs. */
  out: (chunk: Buffer | string) => void;
  err: (chunk: Buffer | string) => void;
}

/** What becomes of a command: its exit status, an answer that never comes, or nothing where the connection drops. */
export type Ending = number | "hold" | undefined;

/** Standard input to its end; the channel stays open for the answer, which an async iterator would close. */
function text(channel: ServerChannel): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    channel.on("data", (chunk: Buffer) => chunks.push(chunk));
    channel.on("end", () => resolve(Buffer.concat(chunks).toString()));
  });
}

/** sshd: key login, exec, at most eight channels at once. */
export class SshServer {
  private readonly server: Server;
  private readonly connections = new Set<Connection>();

  constructor(keys: SshKeys, execute: (command: Command) => Promise<Ending>) {
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
          channel.on("error", () => {});
          const asked: Command = {
            line: command,
            stdin: () => text(channel),
            // A client that is gone hears nothing, and what it began goes on.
            out: (chunk) => void (channel.destroyed || channel.write(chunk)),
            err: (chunk) => void (channel.destroyed || channel.stderr.write(chunk)),
          };
          execute(asked).then(
            (ending) => {
              if (ending === "hold") return;
              if (ending === undefined) {
                connection.end();
                return;
              }
              channel.write("", () => {
                channel.exit(ending);
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
}
