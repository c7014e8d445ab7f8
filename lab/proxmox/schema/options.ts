import * as f from "./formats";
import {
  choice,
  each,
  flag,
  formatted,
  integer,
  type MethodParameters,
  number,
  properties,
  required,
  text,
} from "./parameters";
import { configIds, keyboards } from "./qemu";

const tag = "[a-z0-9_][a-z0-9_\\-+.]*";
const tagList = text({ pattern: new RegExp(`(?:${tag};)*${tag}`, "i") });
const color = `${tag}:[0-9a-f]{6}(?::[0-9a-f]{6})?`;
const rebalance = { requires: "ha-auto-rebalance" };
const network: MethodParameters = { type: required(choice("secure insecure")), network: formatted(f.cidrNetwork) };

/** Settings of the whole cluster. */
export const datacenterKeys: MethodParameters = {
  bwlimit: properties(each("clone default migration move restore", number(0))),
  "consent-text": text({ maxLength: 65536 }),
  console: choice("applet vv html5 xtermjs"),
  crs: properties({
    ha: choice("basic static dynamic"),
    ...each("ha-auto-rebalance ha-rebalance-on-start", flag),
    "ha-auto-rebalance-hold-duration": { ...number(0), ...rebalance },
    "ha-auto-rebalance-margin": { ...number(0, 100), ...rebalance },
    "ha-auto-rebalance-method": { ...choice("bruteforce topsis"), ...rebalance },
    "ha-auto-rebalance-threshold": { ...number(0, 100), ...rebalance },
  }),
  description: text({ maxLength: 65536 }),
  email_from: formatted(f.email),
  fencing: choice("watchdog hardware both"),
  ha: properties({ shutdown_policy: required(choice("freeze failover conditional migrate")) }),
  http_proxy: text({ pattern: /http:\/\/.*/ }),
  keyboard: choice(keyboards),
  language: choice("ar ca da de en es eu fa fr hr he it ja ka kr nb nl nn pl pt_BR ru sl sv tr ukr zh_CN zh_TW"),
  location: text(),
  mac_prefix: formatted(f.macPrefix),
  max_workers: integer(1),
  migration: properties(network, "type"),
  migration_unsecure: flag,
  "next-id": properties(each("lower upper", integer())),
  notify: properties({
    ...each("fencing replication", choice("always never")),
    "package-updates": choice("auto always never"),
    ...each("target-fencing target-package-updates target-replication", text()),
  }),
  "registered-tags": tagList,
  replication: properties(network, "type"),
  "tag-style": properties({
    "case-sensitive": flag,
    "color-map": text({ pattern: new RegExp(`(?:${color})(?:;${color})*`, "i") }),
    ordering: choice("config alphabetical"),
    shape: choice("full circle dense none"),
  }),
  u2f: properties(each("appid origin", text())),
  "user-tag-access": properties({ "user-allow": choice("none list existing free"), "user-allow-list": tagList }),
  webauthn: properties({ "allow-subdomains": flag, ...each("id origin rp", text()) }),
};
export const datacenterUpdateParameters: MethodParameters = { ...datacenterKeys, delete: configIds };
