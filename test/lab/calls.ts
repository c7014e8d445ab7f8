import { Cluster } from "../../lab/proxmox/cluster";
import { PveError } from "../../lab/proxmox/errors";
import { invoke, match } from "../../lab/proxmox/routes";

// Methods of a cluster without its server: as root's token, or as any user.

export type Sent = Record<string, string | number>;

/** Two nodes with a folder each and one in common, a template of containers on it, and nobody else. */
export function twoNodes(): Cluster {
  const cluster = new Cluster("lab");
  for (const node of ["pve1", "pve2"]) cluster.nodes.set(node, { node, bridges: ["vmbr0"] });
  const content = "images,rootdir,iso,vztmpl,backup,snippets,import";
  cluster.storages.configs.set("local", { storage: "local", type: "dir", path: "/var/lib/vz", content });
  cluster.storages.configs.set("shared", { storage: "shared", type: "dir", path: "/mnt/s", content, shared: true });
  for (const name of ["debian-13-standard_13.1-1_amd64.tar.zst", "alpine-3.22-default_amd64.tar.xz"]) {
    const volid = `shared:vztmpl/${name}`;
    cluster.storages.add("pve1", { volid, storage: "shared", content: "vztmpl", format: "tzst", size: 1, filled: 0 });
  }
  cluster.access.addToken("root@pam!lab", "secret");
  return cluster;
}

export class Caller {
  constructor(
    readonly cluster: Cluster,
    readonly authId = "root@pam!lab",
  ) {}

  /** A user with these privileges at a path, and nothing else. */
  limited(privileges: string, path = "/"): Caller {
    const userid = `lim${this.cluster.access.users.size}@pve`;
    this.cluster.access.addUser(userid);
    this.cluster.access.roles.set(userid, { privs: new Set(privileges.split(" ")), special: false });
    this.cluster.access.acl.push({ path, type: "user", ugid: userid, roleid: userid, propagate: 1 });
    return new Caller(this.cluster, userid);
  }

  /** The answer, once its task has ended. @throws PVE's text of what was refused, or of why the task failed */
  async call<T = unknown>(method: string, path: string, params: Sent = {}): Promise<T> {
    const sent = Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)]));
    const caller = { authId: this.authId, byToken: this.authId.includes("!") };
    const answer = await invoke(this.cluster, caller, match(method, path), sent);
    if (typeof answer !== "string" || !answer.startsWith("UPID:")) return answer as T;
    const task = this.cluster.tasks.get(answer);
    await task.done;
    if (!/^(OK|WARNINGS: \d+)$/.test(task.exitstatus ?? "")) throw new PveError(500, task.exitstatus ?? "");
    return { exitstatus: task.exitstatus, log: task.log } as T;
  }

  /** `STATUS MESSAGE` of what is refused, with what is wrong by parameter behind it. */
  async refused(method: string, path: string, params: Sent = {}): Promise<string> {
    try {
      await this.call(method, path, params);
    } catch (error) {
      if (!(error instanceof PveError)) throw error;
      const { status, message, errors } = error;
      return `${status} ${message}${errors ? ` ${JSON.stringify(errors)}` : ""}`;
    }
    throw new Error(`${method} ${path} was not refused`);
  }
}
