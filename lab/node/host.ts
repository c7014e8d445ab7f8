import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import type { Faults } from "../faults";
import type { RequestLog } from "../log";
import type { Cluster } from "../proxmox/cluster";
import { die } from "../proxmox/errors";
import { type Command, type Ending, type SshKeys, SshServer } from "../ssh/server";
import { ContainerMachines } from "./machines";
import { type Printed, printed, qm } from "./qm";
import { virt } from "./virt";

/** What a container without a machine says: that all is well. */
function quiet(words: string[]): string[] {
  if (words.join(" ") === "systemctl is-system-running") return ["running"];
  if (words[0] === "python3") return ["[]"];
  return words[2]?.includes("echo files=yes") ? ["files=yes"] : [];
}

/** Commands that only a node has. */
const fakes = ["qm", "pct", "virt-customize", "virt-sysprep", "sudo"];

const asked = z.object({
  command: z.string(),
  args: z.array(z.string()),
  cwd: z.string(),
  stdin: z.string().optional(),
});

/** What of a lab's nodes is real. */
export interface RealParts {
  /** A Debian root: containers are machines made of it. Without it, what they are told does nothing. */
  debian?: string;
  /** virt-customize and virt-sysprep of this machine. */
  virt?: boolean;
}

/** This file's program, beside it or, where it was compiled, in the sources. */
const program =
  [join(__dirname, "command.mjs"), join(__dirname, "../../../lab/node/command.mjs")].find(existsSync) ?? "";

/**
 * The machine of a node: an sshd whose commands run in a real shell, with the node's own commands first on their path. Those
 * ask the lab, which does to the cluster what they would do.
 */
export class NodeHost {
  private readonly ssh: SshServer;
  private readonly commands: Server;
  private readonly running = new Set<() => void>();
  /** Commands that a container without a machine was given: they did nothing. */
  readonly given: { vmid: number; words: string[]; stdin: string }[] = [];
  private readonly machines: ContainerMachines | undefined;

  constructor(
    private readonly cluster: Cluster,
    readonly node: string,
    keys: SshKeys,
    /** What is the node's own: its commands, and `images`. */
    private readonly folder: string,
    private readonly log: RequestLog,
    private readonly faults: Faults,
    private readonly real: RealParts,
  ) {
    this.machines =
      real.debian === undefined ? undefined : new ContainerMachines(real.debian, join(folder, "containers"));
    this.ssh = new SshServer(keys, (command) => this.execute(command));
    this.commands = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const { command, args, cwd, stdin } = asked.parse(JSON.parse(Buffer.concat(chunks).toString()));
      const said = await this.answer(command, args, cwd, stdin).catch(
        (error: unknown): Printed => ({ code: 255, stdout: "", stderr: `${command}: ${String(error)}\n` }),
      );
      response.end(JSON.stringify(said));
    });
  }

  /** @returns the port of its sshd */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.commands.once("error", reject).listen(0, "127.0.0.1", resolve));
    const bin = join(this.folder, "bin");
    mkdirSync(bin, { recursive: true });
    for (const name of fakes) {
      if (this.real.virt && name.startsWith("virt-")) continue;
      const text =
        name === "sudo"
          ? '#!/bin/sh\nwhile test "$1" != --; do shift; done\nshift\nexec "$@"\n'
          : `#!/bin/sh\nexec '${process.execPath}' '${program}' ${name} "$@"\n`;
      writeFileSync(join(bin, name), text, { mode: 0o755 });
    }
    return this.ssh.listen(port);
  }

  async close(): Promise<void> {
    for (const end of this.running) end();
    await this.ssh.close();
    await this.machines?.close();
    this.commands.closeAllConnections();
    await new Promise((resolve) => this.commands.close(resolve));
  }

  private answer(command: string, args: string[], cwd: string, stdin = ""): Promise<Printed> {
    if (command === "qm") return qm(this.cluster, this.node, args, cwd);
    if (command === "pct") return this.pct(args, stdin);
    return Promise.resolve(virt(command, args, cwd));
  }

  /** `pct exec`: with a real machine it says how to get in, and the shell goes there itself, with its standard input and output. */
  private pct(args: string[], stdin: string): Promise<Printed> {
    const [command = "", vmid = "", ...words] = args;
    return printed(async () => {
      if (command !== "exec" || words.shift() !== "--") return die(`ERROR: unknown command 'pct ${command}'`);
      const container = this.cluster.container(this.node, Number(vmid));
      if (!container.running) return die(`CT ${vmid} not running`);
      if (this.machines) return ContainerMachines.inside(await this.machines.leader(container));
      this.given.push({ vmid: Number(vmid), words, stdin });
      return quiet(words);
    });
  }

  private async execute(command: Command): Promise<Ending> {
    const path = `${this.cluster.name}/${this.node}`;
    const entry = this.log.begin("node", "ssh", path);
    const fault = this.faults.take("node", "ssh", command.line);
    const watched = { n: entry.n, system: "node" as const, call: `ssh ${path}`, body: command.line };
    const before = this.faults.watch?.(watched, "arrived");
    if (before === "hold") return before;
    if (fault?.how === "drop before" || before !== undefined) {
      entry.end(0);
      return undefined;
    }
    const code = await this.shell(command);
    entry.end(code);
    const after = this.faults.watch?.(watched, "done");
    if (after === "hold") return after;
    return fault?.how === "drop after" || after === "drop" ? undefined : code;
  }

  private async shell(command: Command): Promise<number> {
    const { port } = this.commands.address() as AddressInfo;
    const env = {
      PATH: `${join(this.folder, "bin")}:${process.env.PATH ?? ""}`,
      HOME: this.folder,
      LAB_NODE_URL: `http://127.0.0.1:${port}`,
      LIBGUESTFS_BACKEND_SETTINGS: "force_tcg",
      ...(this.machines ? { LAB_MACHINES: "yes" } : {}),
    };
    const stdin = await command.stdin();
    return new Promise((resolve) => {
      // A group of its own, so that all of it ends with the lab. A client that goes away ends nothing, as with a real sshd.
      const child = spawn("/bin/sh", ["-c", command.line], { env, cwd: this.folder, detached: true });
      const end = () => {
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
      };
      this.running.add(end);
      child.stdout.on("data", command.out);
      child.stderr.on("data", command.err);
      child.stdin.on("error", () => {}).end(stdin);
      child.on("close", (code) => {
        this.running.delete(end);
        resolve(code ?? 255);
      });
    });
  }
}
