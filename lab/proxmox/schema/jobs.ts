import * as f from "./formats";
import { choice, each, flag, formatted, integer, type MethodParameters, number, required, text } from "./parameters";
import { configIds, node, vmid } from "./qemu";

// ---- schedules

const schedule = text({ maxLength: 128 });
export const scheduleAnalyzeParameters: MethodParameters = {
  schedule: required(schedule),
  starttime: integer(),
  iterations: integer(1, 100),
};

// ---- replication

const id = required(formatted(f.replicationJobId, { pattern: /[1-9][0-9]{2,8}-\d{1,9}/ }));
const settings: MethodParameters = {
  id,
  comment: text({ maxLength: 4096 }),
  disable: flag,
  rate: number(1),
  remove_job: choice("local full"),
  schedule,
  source: node,
};
export const replicationParameters: MethodParameters = { id };
export const replicationCreateParameters: MethodParameters = {
  ...settings,
  target: required(node),
  type: required(choice("local")),
};
export const replicationUpdateParameters: MethodParameters = {
  ...settings,
  delete: { ...configIds, maxLength: 4096 },
  digest: text({ maxLength: 64 }),
};
export const replicationDeleteParameters: MethodParameters = { id, ...each("force keep", flag) };
export const replicationListParameters: MethodParameters = { guest: vmid };
export const replicationLogParameters: MethodParameters = { id, ...each("limit start", integer(0)) };

// ---- synchronisation of realms

const syncId = required(formatted(f.configId));
const syncSettings: MethodParameters = {
  id: required(formatted(f.configId, { maxLength: 64 })),
  comment: text({ maxLength: 512 }),
  ...each("enable-new enabled", flag),
  "remove-vanished": text({ pattern: /(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none/ }),
  schedule: required(schedule),
  scope: choice("users groups both"),
};
export const realmSyncParameters: MethodParameters = { id: syncId };
export const realmSyncCreateParameters: MethodParameters = { ...syncSettings, realm: text({ maxLength: 32 }) };
