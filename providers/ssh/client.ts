import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, utils } from "ssh2"; // nsupdate, qm and pct run on the machines themselves: nothing else reaches them
import { messageOf, UserError } from "../errors";
import { Lane } from "../http/lane";

export interface SshResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Who is reached, and the settings that say how: for what goes wrong. */
export interface Subject {
  /** `Name server ns1`. */
  title: string;
  /** Where its own settings stand: `netbox-proxmox:bind9["ns1"]`. */
  setting: string;
  /** Where those stand that it shares with others: the user, the key, the time-out. */
  shared?: string;
}

export interface SshSettings {
  host: string;
  port: number;
  user: string;
  keyFile: string;
  /** The pinned key, as a line of known_hosts or of a .pub file. */
  hostKey: string;
  /** Seconds until a command must have ended. */
  requestTimeout: number;
}

export interface Running {
  /** Seconds, in the place of the usual limit. */
  deadline?: number;
  /** Every line of its output, as it comes. */
  onLine?: (line: string) => void;
}

/** sshd refuses channels past its limit (ten by default, and other sessions count); the next try may find room. */
const channels = 4;

/** One ssh connection, made when it is first needed and again after it dropped. */
export class Ssh {
  private readonly lane: Lane;
  private connection?: Promise<Client>;
  private closed = false;

  constructor(
    private readonly subject: Subject,
    private readonly settings: SshSettings,
  ) {
    this.lane = new Lane(channels, settings.requestTimeout);
  }

  /** Runs a command with its standard input; the caller quotes. */
  run(command: string, stdin: string, { deadline, onLine }: Running = {}): Promise<SshResult> {
    return this.lane.run(async (until) => {
      for (let attempt = 1; ; attempt++) {
        try {
          const client = await this.connect();
          // What it took to connect is not the command's.
          until.heard();
          return await this.exec(client, command, stdin, onLine, until.signal);
        } catch (error) {
          // A channel that was never opened ran nothing, so trying again is safe.
          if (attempt >= 4 || !(error instanceof ChannelError))
            throw error instanceof UserError
              ? error
              : new UserError(
                  `The ssh connection to ${this.place} broke: ${error instanceof Error ? error.message : String(error)}. Run again.`,
                );
          await sleep(100 * 2 ** attempt);
        }
      }
    }, deadline);
  }

  /** One command. Without an answer in time the connection is given up: what it still does nobody can say. */
  private async exec(
    client: Client,
    command: string,
    stdin: string,
    onLine: Running["onLine"],
    signal: AbortSignal,
  ): Promise<SshResult> {
    let giveUp = () => {};
    const late = new Promise<never>((_resolve, reject) => {
      giveUp = () => {
        client.destroy();
        this.connection = undefined;
        const reason = messageOf(signal.reason);
        reject(new Error(`${reason} (raise ${this.shared}.requestTimeout)`));
      };
      signal.addEventListener("abort", giveUp, { once: true });
    });
    try {
      return await Promise.race([exec(client, command, stdin, onLine), late]);
    } finally {
      signal.removeEventListener("abort", giveUp);
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
    if (this.closed) throw new UserError(`The ssh connection to ${this.place} is closed.`);
    this.connection ??= this.open();
    this.connection.catch(() => {
      this.connection = undefined;
    });
    return this.connection;
  }

  private open(): Promise<Client> {
    const { host, port, user, keyFile, hostKey } = this.settings;
    const pinned = pinnedKey(this.subject, hostKey);
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

  private get shared(): string {
    return this.subject.shared ?? this.subject.setting;
  }

  private get place(): string {
    const { host, port, user } = this.settings;
    return `${this.subject.title} (ssh ${user}@${host}:${port})`;
  }

  private explain(error: Error & { level?: string }): UserError {
    const { keyFile } = this.settings;
    const place = this.place;
    const key = this.subject.setting;
    if (error.message.includes("Host denied"))
      return new UserError(
        `${place} shows another host key than the pinned one: if the server was set up anew, check its key and set ${key}.hostKey.`,
      );
    if (error.level === "client-authentication")
      return new UserError(
        `${place} refuses the key ${keyFile}: put its public half into the user's authorized_keys, or set ${this.shared}.keyFile.`,
      );
    return new UserError(
      `${place} can't be reached (${error.message}): check ${key}.host and .port, and that sshd is up.`,
    );
  }
}

class ChannelError extends Error {}

function pinnedKey({ setting }: Subject, hostKey: string): Buffer {
  const parsed = utils.parseKey(keyLine(hostKey));
  if (parsed instanceof Error)
    throw new UserError(`${setting}.hostKey is no ssh public key: copy the line that \`ssh-keyscan HOST\` prints.`);
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

function exec(
  client: Client,
  command: string,
  stdin: string,
  onLine: (line: string) => void = () => {},
): Promise<SshResult> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(new ChannelError(error.message));
      let stdout = "";
      let stderr = "";
      let rest = "";
      let code: number | undefined;
      const told = (chunk: string) => {
        // A carriage return ends a line too: that is how progress is printed.
        const lines = (rest + chunk).split(/[\r\n]+/);
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") onLine(line);
      };
      channel.setEncoding("utf8").on("data", (chunk: string) => {
        stdout += chunk;
        told(chunk);
      });
      channel.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        stderr += chunk;
        told(chunk);
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
