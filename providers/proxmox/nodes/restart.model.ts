import { isRecord, sameValue } from "../../values";
import type { GuestType } from "../schemas";

/** Options that a running guest takes at once (PVE::QemuServer, PVE::LXC::Config); the others wait for its next start. */
const live: Record<GuestType, RegExp> = {
  qemu: /^(onboot|protection|startup|cpuunits|cpulimit|balloon|shares|hotplug|boot)$/,
  lxc: /^(onboot|protection|startup|cpuunits|cpulimit|swap)$/,
};

const keysThatDiffer = (before: unknown, after: unknown): string[] =>
  isRecord(after)
    ? Object.keys(after).filter((key) => !sameValue(isRecord(before) ? before[key] : undefined, after[key]))
    : [];

/** What of a change takes effect only when the running guest is started anew: for the plan; PVE itself says what waits. */
export function waitsForStart(type: GuestType, last: Record<string, unknown>, wanted: object): string[] {
  const next: Record<string, unknown> = { ...wanted };
  const fields = type === "qemu" ? ["cores", "sockets", "memory"] : [];
  const waiting = fields.filter((field) => next[field] !== undefined && !sameValue(last[field], next[field]));
  waiting.push(...keysThatDiffer(last.options, next.options).filter((name) => !live[type].test(name)));
  for (const slot of keysThatDiffer(last.disks, next.disks)) {
    const [before, after] = [last.disks, next.disks].map((all) => (isRecord(all) ? all[slot] : undefined));
    if (isRecord(before) && isRecord(after) && !sameValue(before.options, after.options)) waiting.push(slot);
  }
  // cloud-init reads its drive only when the guest starts.
  if (type === "qemu" && !sameValue(last.cloudInit, next.cloudInit)) waiting.push("cloud-init");
  return waiting;
}
