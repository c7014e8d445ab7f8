import { accessSync, constants } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Lab, type Latency } from ".";
import { isRelease, releases } from "./netbox/releases";
import { readSaved } from "./saved";
import { readSeed } from "./seed";
import { parseSwitch, setSwitch } from "./switches";

const help = `npm run lab -- [options]

Starts an embedded Proxmox VE, NetBox, BIND 9 and sshd on 127.0.0.1, prints one JSON line that says where they are and
how to log in, and serves until it is stopped (Ctrl-C). Nothing is kept but its keys, unless --save names a file.

  --seed FILE           what is there at the start (default lab/seeds/demo.yaml)
  --proxmox-state FILE  a recorded state of genuine Proxmox VE, one node or a cluster, instead of the seed's clusters, with
                        the times (boot, start, shutdown) that its recorded outcomes need
  --save FILE           writes the state of all four when the lab ends, and when POST /save asks for it: the systems' contents,
                        tasks, users, tokens with their secrets, TLS and ssh keys. The file is as secret as they are. Failure
                        switches, and what commands over ssh left on a node's disk, are not in it
  --load FILE           begins with the state that --save wrote, instead of a seed; its keys replace those in --folder
  --netbox-release N    the release that NetBox answers as: 4.2, 4.3, 4.4, 4.5, 4.6 or 4.7 (default 4.7; with --load, the
                        saved one's). docs/decisions/030 says what that is from. Before 4.5 the token is a v1 one
  --pve-release N       the release that every cluster answers as: 7.4, 8.4, 9.0 or 9.2 (default 9.2): privileges, tokens, HA groups, pools,
                        VMIDs as text. lab/differences.md says what that is from
  --folder DIR          where its TLS certificate and ssh keys are kept (default .lab)
  --proxmox-port N      port of the first cluster, further ones follow (default 18006)
  --netbox-port N       (default 18001)
  --ssh-port N          (default 18022)
  --node-ssh-port N     of the first node's sshd, further ones follow (default 18031)
  --dns-port N          UDP and TCP (default 18053)
  --control-port N      the lab's own switches (default 18099)
                        a port of 0 takes a free one
  --latency LIST        milliseconds by kind of call, e.g. netbox=40,proxmox=15,clone=4000,nsupdate=60
                        kinds: netbox, proxmox, nsupdate (each call), clone, start, shutdown, boot (until ACPI and agent
                        work), denied (before a 401), statistics (until a new guest is listed); default none
  --setup JSON          a switch as POST /setup takes it, at the start; may come several times
  --help                this text

The JSON line:
  {"proxmox":{"<cluster>":{"url","token","login","fingerprint","caFile","ssh"}},"netbox":{"url","token"},
   "ssh":{"host","port","user","keyFile","hostKey"},"dns":{"host","port"},"control":{"url"}}

Control: GET /state (guests and zones), GET /calls (every call so far), GET /greatest (the most calls at one time, by
system), DELETE /calls (forgets both), POST /save (writes the file of --save), POST /latency ({"clone": 1000}), POST /setup with one switch:
  {"setup":"lock-vm","vmid":100,"lock":"backup"}, {"setup":"unlock-vm","vmid":100}
  {"setup":"fill-volume","volid":"local:100/vm-100-disk-0.raw","mib":800}    a copy with bwlimit then takes its time
  {"setup":"put-file","node":"pve1","path":"/var/lib/vz/snippets/u.yaml","text":"#cloud-config"}     or "base64"
  {"setup":"http-serve","node":"pve1","port":8099,"files":{"a.iso":"text","b.iso":{"base64":"…"}}}
                                                                             http://127.0.0.1:8099/a.iso, as the node sees it
  {"setup":"name-backup","node":"pve1","dir":"/var/lib/vz/dump","vmid":100,"name":"vzdump-lxc-100-….tar.zst","size":3000000}
  {"setup":"copy-backup","node":"pve1","dir":"/var/lib/vz/dump","from":"vzdump-lxc-100-….tar.zst","name":"…"}
  {"setup":"call","system":"proxmox","call":"POST .*/clone","how":"drop after"}
      system: proxmox, netbox, bind9, node; how: "drop before" or "drop after" the effect, "status" with "status": 503; "times"
  {"setup":"task","type":"qmclone","fails":"clone failed"}                   without "fails" it never ends; "id", "times"; with
      "isDone":true its work is done all the same
  {"setup":"lost-workers","share":0.005,"seed":1}                            such tasks are 500 "got no worker upid - start worker
      failed": nothing is run, lists have them as "unexpected status"; "type":"qmclone", "times":1 as above. A creation that loses its
      worker leaves its id taken by an empty guest with lock: create, as the genuine one does, and a container's clone its source
      with lock: disk too
  {"setup":"node","node":"pve1","offline":true}, {"setup":"storage","storage":"local","full":true}
  {"setup":"node-maintenance","node":"pve2","enable":true}                   HA maintenance, as ha-manager's command begins it
  {"setup":"agent","vmid":100,"missing":true}, {"setup":"acpi","vmid":100,"ignored":true}
  {"setup":"release","version":"8.4.1"}                                      PVE as --pve-release has it
  {"setup":"netbox-release","release":"4.5"}                                 NetBox as after an upgrade, or before it
  {"setup":"netbox-page-size","size":250}                                    NetBox's MAX_PAGE_SIZE
  {"setup":"clock-skew","seconds":3600}, {"setup":"netbox-pages","changing":true}
  {"setup":"zone","zone":"lab.example","frozen":true}, {"setup":"clear"}      all failures off
`;

const kinds = ["netbox", "proxmox", "clone", "start", "shutdown", "boot", "denied", "statistics", "nsupdate"];

/** The last version of each. */
const pveReleases: Readonly<Record<string, string>> = {
  "7.4": "7.4-20",
  "8.4": "8.4.14",
  "9.0": "9.0.11",
  "9.2": "9.2.11",
};

function latencyOf(list: string): Latency {
  return Object.fromEntries(
    list.split(",").map((part) => {
      const [kind = "", milliseconds = ""] = part.split("=");
      if (!kinds.includes(kind) || !/^\d+$/.test(milliseconds))
        throw new Error(`--latency ${part}: write KIND=MILLISECONDS with one of ${kinds.join(", ")}`);
      return [kind, Number(milliseconds)];
    }),
  );
}

function switchOf(text: string): unknown {
  try {
    return parseSwitch(JSON.parse(text));
  } catch (error) {
    throw new Error(`--setup ${text}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      seed: text,
      "proxmox-state": text,
      "netbox-release": text,
      "pve-release": text,
      save: text,
      load: text,
      setup: { type: "string", multiple: true },
      folder: text,
      latency: text,
      "proxmox-port": text,
      "netbox-port": text,
      "ssh-port": text,
      "node-ssh-port": text,
      "dns-port": text,
      "control-port": text,
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const port = (value: string | undefined, fallback: number) => {
    if (value !== undefined && !/^\d{1,5}$/.test(value)) throw new Error(`${value} is no port`);
    return value === undefined ? fallback : Number(value);
  };
  const release = values["netbox-release"];
  if (release !== undefined && !isRelease(release))
    throw new Error(`--netbox-release ${release}: the lab knows ${Object.keys(releases).join(", ")}`);
  const pve = values["pve-release"];
  if (pve !== undefined && !(pve in pveReleases))
    throw new Error(`--pve-release ${pve}: the lab knows ${Object.keys(pveReleases).join(", ")}`);
  const switches = (values.setup ?? []).map(switchOf);
  if (values.load !== undefined && (values.seed ?? values["proxmox-state"]) !== undefined)
    throw new Error("--load takes the place of --seed and --proxmox-state: leave them out");
  if (values.save !== undefined) checkWritable(values.save);
  const lab = await Lab.start({
    ...(values.load === undefined
      ? { seed: readSeed(values.seed ?? join("lab", "seeds", "demo.yaml")), proxmoxState: values["proxmox-state"] }
      : { saved: readSaved(values.load) }),
    netboxRelease: release,
    save: values.save,
    folder: values.folder ?? ".lab",
    ports: {
      proxmox: port(values["proxmox-port"], 18006),
      netbox: port(values["netbox-port"], 18001),
      ssh: port(values["ssh-port"], 18022),
      nodeSsh: port(values["node-ssh-port"], 18031),
      dns: port(values["dns-port"], 18053),
      control: port(values["control-port"], 18099),
    },
    latency: values.latency === undefined ? {} : latencyOf(values.latency),
  });
  try {
    const version = pve === undefined ? undefined : pveReleases[pve];
    for (const cluster of version === undefined ? [] : lab.proxmox.keys())
      setSwitch(lab, { setup: "release", cluster, version });
    for (const wanted of switches) setSwitch(lab, wanted);
  } catch (error) {
    await lab.close();
    throw error;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void end(lab, values.save).then((code) => process.exit(code)));
  // Last, so that whoever reads it may stop the lab at once.
  process.stdout.write(`${JSON.stringify(lab.endpoints)}\n`);
}

/** Stops the tasks that still run, saves where that is asked for, and closes. @returns the exit status */
async function end(lab: Lab, file: string | undefined): Promise<number> {
  let code = 0;
  try {
    if (file !== undefined) {
      for (const { cluster } of lab.proxmox.values()) cluster.tasks.stopAll();
      await lab.saveToFile();
    }
  } catch (error) {
    process.stderr.write(`The lab is not saved: ${error instanceof Error ? error.message : String(error)}\n`);
    code = 1;
  }
  await lab.close();
  return code;
}

/** @throws before the lab starts where its state could not be written at the end */
function checkWritable(file: string): void {
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
  } catch {
    throw new Error(`--save ${file}: its folder is not there or not writable`);
  }
}

main().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    text.includes("EADDRINUSE")
      ? `The lab can't start: ${text}. Is another lab running? Choose other ports (npm run lab -- --help).\n`
      : `The lab can't start: ${text}\n`,
  );
  process.exitCode = 1;
});
