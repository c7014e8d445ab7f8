import * as f from "./formats";
import {
  choice,
  each,
  type Format,
  flag,
  formatted,
  integer,
  type MethodParameters,
  type ParameterVariants,
  required,
  text,
} from "./parameters";
import { configIds } from "./qemu";

// ---- resources

const resourceId: Format = (value) =>
  /^([a-z]+:\S+|\d+)$/.test(value) ? undefined : "value does not look like a valid ha resource id\n";
const sid = required(formatted(resourceId));
export const haListParameters: MethodParameters = { type: choice("ct vm") };
export const haGetParameters: MethodParameters = { sid };
export const haDeleteParameters: MethodParameters = { sid, purge: flag };
export const haMigrateParameters: MethodParameters = { sid, node: required(formatted(f.nodeLabel)) };
const haSettings: MethodParameters = {
  sid,
  comment: text({ maxLength: 4096 }),
  failback: flag,
  group: formatted(f.configId),
  ...each("max_relocate max_restart", integer(0)),
  state: choice("started stopped enabled disabled ignored"),
};
export const haCreateParameters: MethodParameters = { ...haSettings, type: choice("ct vm") };
const changes: MethodParameters = { delete: { ...configIds, maxLength: 4096 }, digest: text({ maxLength: 64 }) };
export const haUpdateParameters: MethodParameters = { ...haSettings, ...changes };

// ---- groups

const priorities: Format = f.listOf((value) =>
  /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(:\d+)?$/.test(value)
    ? undefined
    : "value does not look like a valid ha node\n",
);
export const haGroupParameters: MethodParameters = { group: required(formatted(f.configId)) };
const groupSettings: MethodParameters = {
  ...haGroupParameters,
  comment: text({ maxLength: 4096 }),
  ...each("nofailback restricted", flag),
};
export const haGroupCreateParameters: MethodParameters = {
  ...groupSettings,
  nodes: required(formatted(priorities)),
  type: choice("group"),
};
export const haGroupUpdateParameters: MethodParameters = { ...groupSettings, ...changes, nodes: formatted(priorities) };

// ---- rules

const types = "node-affinity resource-affinity";
const ruleId: MethodParameters = { rule: required(formatted(f.configId)) };
const common: MethodParameters = {
  comment: text({ maxLength: 4096 }),
  disable: flag,
  resources: formatted(
    f.listOf((value) => (/^[a-z]+:\S+$/.test(value) ? undefined : "value does not look like a valid ha resource id\n")),
  ),
};
const nodes = formatted(priorities);
const affinity = choice("positive negative");
const variants = (of: (parameter: MethodParameters[string]) => MethodParameters[string]): ParameterVariants => {
  const { resources, ...rest } = common;
  const all = { ...rest, ...(resources ? { resources: of(resources) } : {}) };
  return {
    by: "type",
    of: {
      "node-affinity": { ...all, nodes: of(nodes), strict: flag },
      "resource-affinity": { ...all, affinity: of(affinity) },
    },
  };
};
export const haRuleCreateVariants = variants(required);
export const haRuleUpdateVariants = variants((parameter) => parameter);
export const haRuleListParameters: MethodParameters = { resource: text(), type: choice(types) };
export const haRuleGetParameters: MethodParameters = ruleId;
/** What a rule may say whatever its type is. */
export const haRuleCreateParameters: MethodParameters = { ...ruleId, type: required(choice(types)) };
export const haRuleUpdateParameters: MethodParameters = { ...haRuleCreateParameters, ...changes };

export const haDisarmParameters: MethodParameters = { "resource-mode": required(choice("freeze ignore")) };
