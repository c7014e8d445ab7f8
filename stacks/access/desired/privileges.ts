import { nearest } from "../../../providers/nearest";

/** The privileges that went and came with a release, by what does the same before or after it. */
const successors: Record<string, { names: string[]; why: string }> = {
  "VM.Monitor": {
    names: ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted", "Sys.Audit"],
    why: "PVE 9 has VM.GuestAgent.Audit in its place to ask guest agents, VM.GuestAgent.Unrestricted to command them, and Sys.Audit for a guest's monitor",
  },
  "VM.GuestAgent.Audit": { names: ["VM.Monitor"], why: "before PVE 9, VM.Monitor let ask guest agents" },
  "VM.GuestAgent.FileRead": { names: ["VM.Monitor"], why: "before PVE 9, VM.Monitor let command guest agents" },
  "VM.GuestAgent.FileWrite": { names: ["VM.Monitor"], why: "before PVE 9, VM.Monitor let command guest agents" },
  "VM.GuestAgent.FileSystemMgmt": { names: ["VM.Monitor"], why: "before PVE 9, VM.Monitor let command guest agents" },
  "VM.GuestAgent.Unrestricted": { names: ["VM.Monitor"], why: "before PVE 9, VM.Monitor let command guest agents" },
};

/** What is wrong with a privilege on a cluster that knows these; nothing where it is one of them. */
export function privilegeProblem(privilege: string, known: ReadonlySet<string>, version: string): string | undefined {
  if (known.has(privilege)) return undefined;
  const head = `${privilege} is no privilege of Proxmox VE ${version}`;
  const successor = successors[privilege];
  if (successor?.names.some((name) => known.has(name))) return `${head}: ${successor.why}`;
  const near = nearest(privilege, known);
  return near !== undefined ? `${head}: is ${near} meant?` : `${head}: \`pveum role list\` shows those that there are`;
}

/** What a release has for a privilege of this project's own lists; nothing where it needs none. */
export const onThisRelease = (privilege: string, known: ReadonlySet<string>): string[] =>
  known.has(privilege)
    ? [privilege]
    : (successors[privilege]?.names ?? []).filter((name) => known.has(name)).slice(0, 1);

/** Where privileges are looked at, by what they begin with (PVE's own rooms of the ACL). */
const rooms: [RegExp, string][] = [
  [/^VM\./, "/vms"],
  [/^Datastore\./, "/storage"],
  [/^SDN\./, "/sdn"],
  [/^Pool\./, "/pool"],
  [/^Mapping\./, "/mapping"],
  [/^(User|Group|Realm)\./, "/access"],
];

/** The paths that would do in the place of `/`, with what for; nothing where some of it is asked for at `/` itself. */
export function narrowerThanAll(privileges: string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const privilege of privileges) {
    const room = rooms.find(([pattern]) => pattern.test(privilege))?.[1] ?? "/";
    found.set(room, [...(found.get(room) ?? []), privilege]);
  }
  return found.size === 1 && found.has("/") ? new Map() : found;
}
