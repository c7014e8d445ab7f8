import { badCidr, readAddressList } from "../firewall/addresses";
import { isIcmpType, isProtocol } from "../firewall/names";
import { checkPorts } from "../firewall/ports";
import {
  choice,
  each,
  type Format,
  flag,
  formatted,
  integer,
  type MethodParameters,
  properties,
  required,
  text,
} from "./parameters";
import { configIds } from "./qemu";

const digest = text({ maxLength: 64 });
const logLevel = choice("emerg alert crit err warning notice info debug nolog");
const policy = choice("ACCEPT REJECT DROP");
const forwardPolicy = choice("ACCEPT DROP");
const changeable: MethodParameters = { delete: configIds, digest };

/** A check that throws, as a format. */
const checked =
  (check: (value: string) => void): Format =>
  (value) => {
    try {
      check(value);
      return undefined;
    } catch (error) {
      return `${error instanceof Error ? error.message : String(error)}\n`;
    }
  };

// ---- options

export const guestFirewallOptions: MethodParameters = {
  ...each("dhcp enable ipfilter macfilter ndp radv", flag),
  ...each("log_level_in log_level_out", logLevel),
  ...each("policy_in policy_out", policy),
};
const rateLimit = properties(
  {
    enable: required(flag),
    rate: text({ pattern: /[1-9][0-9]*\/(second|minute|hour|day)/ }),
    burst: integer(0),
  },
  "enable",
);
export const clusterFirewallOptions: MethodParameters = {
  enable: integer(0),
  ebtables: flag,
  ...each("policy_in policy_out", policy),
  policy_forward: forwardPolicy,
  log_ratelimit: rateLimit,
};
const helpers = new Set("amanda ftp irc netbios-ns pptp sane sip snmp tftp".split(" "));
const helperList: Format = (value) => {
  const items = value.split(",");
  if (items.at(-1) === "") return "extraneous commas in list\n";
  const unknown = items.find((helper) => !helpers.has(helper));
  return unknown === undefined ? undefined : `unknown helper ${unknown}`;
};
export const nodeFirewallOptions: MethodParameters = {
  ...each(
    "enable nosmurfs tcpflags ndp nf_conntrack_allow_invalid protection_synflood log_nf_conntrack nftables",
    flag,
  ),
  ...each("log_level_in log_level_out log_level_forward tcp_flags_log_level smurf_log_level", logLevel),
  nf_conntrack_max: integer(32768),
  nf_conntrack_tcp_timeout_established: integer(7875),
  nf_conntrack_tcp_timeout_syn_recv: integer(30, 60),
  nf_conntrack_helpers: formatted(helperList),
  ...each("protection_synflood_rate protection_synflood_burst", integer()),
};
export const vnetFirewallOptions: MethodParameters = {
  enable: flag,
  policy_forward: forwardPolicy,
  log_level_forward: logLevel,
};
export const optionsChange = (known: MethodParameters): MethodParameters => ({ ...known, ...changeable });

// ---- rules

const action = text({ minLength: 2, maxLength: 20, pattern: /[A-Za-z][A-Za-z0-9\-_]+/ });
const ruleType = choice("in out forward group");
const addresses = formatted(checked(readAddressList), { maxLength: 512 });
const protocol: Format = (value) => (value === "" || isProtocol(value) ? undefined : `unknown protocol '${value}'\n`);
const icmpType: Format = (value) =>
  value === "" || isIcmpType(value) ? undefined : `invalid icmp-type value '${value}'\n`;
const iface: Format = (value) =>
  /^[a-z][a-z0-9_]{1,20}([:.]\d+)?$/i.test(value) ? undefined : `invalid network interface name '${value}'\n`;
const rule: MethodParameters = {
  comment: text(),
  ...each("dest source", addresses),
  proto: formatted(protocol),
  dport: formatted(checked((value) => checkPorts(value, true))),
  sport: formatted(checked((value) => checkPorts(value, false))),
  "icmp-type": formatted(icmpType),
  digest,
  enable: integer(0),
  iface: formatted(iface, { minLength: 2, maxLength: 20 }),
  log: logLevel,
  macro: text({ maxLength: 128 }),
  pos: integer(0),
};
export const ruleCreate: MethodParameters = { ...rule, action: required(action), type: required(ruleType) };
export const ruleUpdate: MethodParameters = {
  ...rule,
  action,
  type: ruleType,
  moveto: integer(0),
  delete: configIds,
};
export const ruleGet: MethodParameters = { pos: integer(0) };
export const ruleDelete: MethodParameters = { pos: integer(0), digest };

// ---- aliases, sets and groups

const name = { minLength: 2, pattern: /[A-Za-z][A-Za-z0-9\-_]+/ };
const label = text({ ...name, maxLength: 64 });
const comment = text();
const cidr = formatted((value) => badCidr(value));
const aliasOrCidr = formatted((value) =>
  /^(dc\/|guest\/)?[A-Za-z][A-Za-z0-9\-_]+$/.test(value) ? undefined : badCidr(value),
);

export const aliasGet: MethodParameters = { name: required(label) };
export const aliasCreate: MethodParameters = { ...aliasGet, cidr: required(cidr), comment };
export const aliasUpdate: MethodParameters = { ...aliasCreate, rename: label, digest };
export const aliasDelete: MethodParameters = { ...aliasGet, digest };

export const setGet: MethodParameters = { name: required(label) };
export const setCreate: MethodParameters = { ...setGet, comment, rename: label, digest };
export const setDelete: MethodParameters = { ...setGet, force: flag };
export const entryGet: MethodParameters = { ...setGet, cidr: required(aliasOrCidr) };
export const entryCreate: MethodParameters = { ...entryGet, comment, nomatch: flag };
export const entryUpdate: MethodParameters = { ...entryCreate, digest };
export const entryDelete: MethodParameters = { ...entryGet, digest };

const groupName = text({ ...name, maxLength: 18 });
export const groupGet: MethodParameters = { group: required(groupName) };
export const groupCreate: MethodParameters = { ...groupGet, comment, rename: groupName, digest };

export const referenceQuery: MethodParameters = { type: choice("alias ipset") };
export const log: MethodParameters = each("start limit", integer(0));
export const guestLog: MethodParameters = { ...log, ...each("since until", integer(0)) };
