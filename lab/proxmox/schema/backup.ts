import * as f from "./formats";
import {
  choice,
  each,
  flag,
  formatted,
  integer,
  type MethodParameters,
  properties,
  required,
  several,
  text,
} from "./parameters";
import { configIds, node, storage, vmid } from "./qemu";

const guests = formatted(f.listOf(f.guestId));
const keeps = each("keep-last keep-hourly keep-daily keep-weekly keep-monthly keep-yearly", integer(0));
/** How many archives of a guest are kept. */
export const pruneBackups = properties({ "keep-all": flag, ...keeps });
export const fleecing = properties({ enabled: flag, storage }, "enabled");
export const performance = properties({ "max-workers": integer(1, 256), "pbs-entries-max": integer(1) });

/** What a back-up does, by a job or at once. */
const settings: MethodParameters = {
  ...each("all protected quiet remove stdexcludes stop", flag),
  ...each("dumpdir mailto pool script tmpdir", text()),
  "prune-backups": pruneBackups,
  fleecing,
  performance,
  ...each("lockwait stopwait bwlimit", integer(0)),
  ...each("pigz zstd", integer()),
  compress: choice("0 1 gzip lzo zstd"),
  exclude: guests,
  "exclude-path": several(text()),
  ionice: integer(0, 8),
  mailnotification: choice("always failure"),
  mode: choice("snapshot suspend stop"),
  "notification-mode": choice("auto legacy-sendmail notification-system"),
  "pbs-change-detection-mode": choice("legacy data metadata"),
  storage,
  vmid: guests,
  "notes-template": text({ maxLength: 1024, requires: "storage" }),
  protected: { ...flag, requires: "storage" },
};

export const vzdumpParameters: MethodParameters = {
  ...settings,
  "job-id": text({ maxLength: 50, pattern: /\S+/ }),
  stdout: flag,
};
export const vzdumpDefaultsParameters: MethodParameters = { storage };
export const extractConfigParameters: MethodParameters = { volume: required(text()) };

const jobId = required(text({ maxLength: 50, pattern: /\S+/ }));
const jobSettings: MethodParameters = {
  ...settings,
  node,
  comment: text({ maxLength: 512 }),
  dow: formatted(f.listOf(f.dayOfWeek), { requires: "starttime" }),
  ...each("enabled repeat-missed", flag),
  schedule: text({ maxLength: 128 }),
  starttime: text({ pattern: /\d{1,2}:\d{1,2}/ }),
};
export const backupJobParameters: MethodParameters = { id: jobId };
export const backupJobCreateParameters: MethodParameters = { ...jobSettings, id: formatted(f.configId) };
export const backupJobUpdateParameters: MethodParameters = { ...jobSettings, id: jobId, delete: configIds };

export const pruneParameters: MethodParameters = {
  storage: required(storage),
  "prune-backups": pruneBackups,
  type: choice("qemu lxc"),
  vmid,
};
export const volumeUpdateParameters: MethodParameters = {
  storage,
  volume: required(text()),
  notes: text(),
  protected: flag,
};
