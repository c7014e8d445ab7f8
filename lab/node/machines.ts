import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Container } from "../proxmox/lxc/container";

interface Machine {
  container: Container;
  process: ChildProcess;
  root: string;
}

/**
 * Real machines for the lab's containers: a copy of a Debian root each, with systemd as its first process, in namespaces of
 * this machine (systemd-nspawn). They share its network, and so listen to addresses of their own on its loopback. Needs root.
 */
export class ContainerMachines {
  private readonly all = new Map<number, Machine>();

  constructor(
    /** The root that each begins as. */
    private readonly base: string,
    private readonly folder: string,
  ) {}

  /** The process id of its systemd, once that is up; began anew where the container is another one than before. */
  async leader(container: Container): Promise<number> {
    const known = this.all.get(container.vmid);
    if (known !== undefined && (known.container !== container || known.process.exitCode !== null))
      await this.end(known);
    const { process: nspawn } = this.all.get(container.vmid) ?? this.begin(container);
    for (let n = 0; n < 200; n++) {
      const [child] = childrenOf(nspawn.pid ?? 0);
      if (child !== undefined && existsSync(`/proc/${child}/root/run/systemd/private`)) return child;
      if (nspawn.exitCode !== null) break;
      await sleep(50);
    }
    throw new Error(`the machine of container ${container.vmid} does not come up`);
  }

  /** The words before a command that run it in a machine. */
  static inside(leader: number): string[] {
    const spaces = ["--mount", "--uts", "--ipc", "--pid", "--root", "--wdns=/"];
    const env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"];
    return ["nsenter", "--target", String(leader), ...spaces, "--", "env", "-i", ...env];
  }

  private begin(container: Container): Machine {
    const root = join(this.folder, String(container.vmid));
    rmSync(root, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
    const copied = spawnSync("cp", ["-a", "--reflink=auto", this.base, root], { encoding: "utf8" });
    if (copied.status !== 0) throw new Error(`the root of container ${container.vmid} can't be made: ${copied.stderr}`);
    const words = ["--quiet", "--register=no", "--keep-unit", "--console=passive", "--resolv-conf=copy-host", "--boot"];
    const nspawn = spawn("systemd-nspawn", [...words, `--machine=ct${container.vmid}`, "-D", root], {
      stdio: "ignore",
    });
    const machine = { container, process: nspawn, root };
    this.all.set(container.vmid, machine);
    return machine;
  }

  private async end({ container, process: nspawn, root }: Machine): Promise<void> {
    this.all.delete(container.vmid);
    const ended = new Promise((resolve) =>
      nspawn.exitCode === null ? nspawn.once("exit", resolve) : resolve(undefined),
    );
    nspawn.kill("SIGTERM");
    await Promise.race([ended, sleep(20_000, undefined, { ref: false })]);
    if (nspawn.exitCode === null) {
      for (const child of childrenOf(nspawn.pid ?? 0)) process.kill(child, "SIGKILL");
      nspawn.kill("SIGKILL");
      await ended;
    }
    rmSync(root, { recursive: true, force: true, maxRetries: 10 });
  }

  async close(): Promise<void> {
    await Promise.all([...this.all.values()].map((machine) => this.end(machine)));
  }
}

function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return text
    .split(" ")
    .filter((word) => word !== "")
    .map(Number);
}
