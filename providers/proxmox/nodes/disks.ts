import type { GuestType } from "../schemas";
import type { Disks } from "./guest.model";
import { volumes } from "./lxc/container.model";
import { drives } from "./qemu/vm.model";

/** How each kind of guest keeps its disks. */
export const diskKinds: Readonly<Record<GuestType, Disks>> = { qemu: drives, lxc: volumes };
