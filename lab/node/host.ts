import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import type { Faults } from "../faults";
import type { RequestLog } from "../log";
import type { Cluster } from "../proxmox/cluster";
import { type Command, type Ending, type SshKeys, SshServer } from "../ssh/server";
import { type Printed, qm } from "./qm";
import { virt } from "./virt";

/** Commands that only a node has. */
const fakes = ["qm", "virt-customize", "virt-sysprep", "sudo"];

const asked = z.object({ command: z.string(), args: z.array(z.string()), cwd: z.string() });

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
  /** Fewer than all: the others are those of this machine. */
  fakes = fakes;

  constructor(
    private readonly cluster: Cluster,
    private readonly node: string,
    keys: SshKeys,
    /** What is the node's own: its commands, and `images`. */
    private readonly folder: string,
    private readonly log: RequestLog,
    private readonly faults: Faults,
  ) {
    this.ssh = new SshServer(keys, (command) => this.execute(command));
    this.commands = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const { command, args, cwd } = asked.parse(JSON.parse(Buffer.concat(chunks).toString()));
      const said = await this.answer(command, args, cwd).catch(
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
    for (const name of this.fakes) {
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
    this.commands.closeAllConnections();
    await new Promise((resolve) => this.commands.close(resolve));
  }

  private answer(command: string, args: string[], cwd: string): Promise<Printed> {
    if (command === "qm") return qm(this.cluster, this.node, args, cwd);
    return Promise.resolve(virt(command, args, cwd));
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
