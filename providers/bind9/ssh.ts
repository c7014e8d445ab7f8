import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, utils } from "ssh2"; // nsupdate runs on the name server: no npm library speaks RFC 2136 with TSIG
import type { NameServerSettings } from "../connections";
import { UserError } from "../errors";
import { Semaphore } from "../semaphore";

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** sshd refuses channels past its limit (ten by default, and other sessions count); the next try may find room. */
const channels = 4;

/** One ssh connection to a name server, made when it is first needed and again after it dropped. */
export class Ssh {
  private readonly places = new Semaphore(channels);
  private connection?: Promise<Client>;
  private closed = false;

  constructor(
    private readonly name: string,
    private readonly settings: Pick<
      NameServerSettings,
      "host" | "port" | "user" | "keyFile" | "hostKey" | "requestTimeout"
    >,
  ) {}

  /** Runs a command with its standard input; the caller quotes. */
  run(command: string, stdin: string): Promise<CommandResult> {
    return this.places.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.exec(await this.connect(), command, stdin);
        } catch (error) {
          // A channel that was never opened ran nothing, so trying again is safe.
          if (attempt >= 4 || !(error instanceof ChannelError))
            throw error instanceof UserError
              ? error
              : new UserError(
                  `The ssh connection to name server ${this.name} (${this.settings.host}) broke: ${error instanceof Error ? error.message : String(error)}. Run again.`,
                );
          await sleep(100 * 2 ** attempt);
        }
      }
    });
  }

  /** One command. Without an answer in time the connection is given up: what it still does nobody can say. */
  private async exec(client: Client, command: string, stdin: string): Promise<CommandResult> {
    const { requestTimeout } = this.settings;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        client.destroy();
        this.connection = undefined;
        const setting = `netbox-proxmox:bind9["${this.name}"].requestTimeout`;
        reject(new Error(`no answer within ${requestTimeout} s (raise ${setting})`));
      }, requestTimeout * 1000);
    });
    try {
      return await Promise.race([exec(client, command, stdin), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the connection; what still waits for one fails instead of opening another. */
  async close(): Promise<void> {
    this.closed = true;
    const client = await this.connection?.catch(() => undefined);
    this.connection = undefined;
    client?.end();
  }

  private connect(): Promise<Client> {
    if (this.closed) throw new UserError(`The ssh connection to name server ${this.name} is closed.`);
    this.connection ??= this.open();
    this.connection.catch(() => {
      this.connection = undefined;
    });
    return this.connection;
  }

  private open(): Promise<Client> {
    const { host, port, user, keyFile, hostKey } = this.settings;
    const pinned = pinnedKey(this.name, hostKey);
    return new Promise((resolve, reject) => {
      const client = new Client();
      client.once("ready", () => resolve(client));
      client.on("error", (error) => {
        this.connection = undefined;
        reject(this.explain(error));
      });
      client.on("close", () => {
        this.connection = undefined;
      });
      client.connect({
        host,
        port,
        username: user,
        privateKey: readFileSync(keyFile),
        readyTimeout: 15_000,
        keepaliveInterval: 10_000,
        hostVerifier: (key: Buffer) => key.equals(pinned),
        algorithms: { serverHostKey: hostKeyAlgorithms(hostKey) },
      });
    });
  }

  private explain(error: Error & { level?: string }): UserError {
    const { host, port, user, keyFile } = this.settings;
    const place = `Name server ${this.name} (ssh ${user}@${host}:${port})`;
    const key = `netbox-proxmox:bind9["${this.name}"]`;
    if (error.message.includes("Host denied"))
      return new UserError(
        `${place} shows another host key than the pinned one: if the server was set up anew, check its key and set ${key}.hostKey.`,
      );
    if (error.level === "client-authentication")
      return new UserError(
        `${place} refuses the key ${keyFile}: put its public half into the user's authorized_keys, or set ${key}.keyFile.`,
      );
    return new UserError(
      `${place} can't be reached (${error.message}): check ${key}.host and .port, and that sshd is up.`,
    );
  }
}

class ChannelError extends Error {}

function pinnedKey(name: string, hostKey: string): Buffer {
  const parsed = utils.parseKey(keyLine(hostKey));
  if (parsed instanceof Error)
    throw new UserError(
      `netbox-proxmox:bind9["${name}"].hostKey is no ssh public key: copy the line that \`ssh-keyscan HOST\` prints.`,
    );
  return parsed.getPublicSSH();
}

/** The key of a line of known_hosts or of a .pub file. */
const keyLine = (text: string): string => /((?:ssh|ecdsa)-\S+ [A-Za-z0-9+/=]+)/.exec(text)?.[1] ?? text;

/** The server is asked for the kind of key that is pinned, not for the one it likes best. */
function hostKeyAlgorithms(
  hostKey: string,
): (
  | "ssh-ed25519"
  | "ecdsa-sha2-nistp256"
  | "ecdsa-sha2-nistp384"
  | "ecdsa-sha2-nistp521"
  | "rsa-sha2-512"
  | "rsa-sha2-256"
)[] {
  const kind = keyLine(hostKey).split(" ")[0];
  if (kind === "ssh-rsa") return ["rsa-sha2-512", "rsa-sha2-256"];
  if (kind === "ecdsa-sha2-nistp256" || kind === "ecdsa-sha2-nistp384" || kind === "ecdsa-sha2-nistp521") return [kind];
  return ["ssh-ed25519"];
}

function exec(client: Client, command: string, stdin: string): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(new ChannelError(error.message));
      let stdout = "";
      let stderr = "";
      let code: number | undefined;
      channel.setEncoding("utf8").on("data", (chunk: string) => {
        stdout += chunk;
      });
      channel.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        stderr += chunk;
      });
      channel.on("exit", (status: number | null) => {
        code = status ?? 255;
      });
      channel.on("close", () =>
        code === undefined ? reject(new Error("the command's end was not heard")) : resolve({ code, stdout, stderr }),
      );
      return channel.end(stdin);
    });
  });
}
