import * as f from "./formats";
import {
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
import { configIds, node } from "./qemu";

export const mappingKinds = ["dir", "pci", "usb"] as const;
export type MappingKind = (typeof mappingKinds)[number];

const device = /[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}/;
const address = "[a-f0-9]{4,}:[a-f0-9]{2}:[a-f0-9]{2}(?:.[a-f0-9])?";
const note = text({ maxLength: 4096 });

/** What a mapping says of one node. */
export const mapFormats = {
  dir: properties({ node: required(node), path: required(formatted(f.storagePath)) }),
  pci: properties({
    node: required(node),
    path: required(text({ pattern: new RegExp(`(?:${address};)*${address}`) })),
    id: required(text({ pattern: device })),
    iommugroup: integer(),
    "subsystem-id": text({ pattern: device }),
    description: note,
  }),
  usb: properties({
    node: required(node),
    id: required(text({ pattern: device })),
    path: text({ pattern: /(\d+)-(\d+(\.\d+)*)/ }),
    description: note,
  }),
};

const id = required(formatted(f.configId));
export const mappingListParameters: MethodParameters = { "check-node": node };
export const mappingParameters: MethodParameters = { id };

const settings = (kind: MappingKind): MethodParameters => ({
  id,
  description: note,
  ...(kind === "pci" ? each("live-migration-capable mdev", flag) : {}),
});
export const mappingCreateParameters = (kind: MappingKind): MethodParameters => ({
  ...settings(kind),
  map: several(mapFormats[kind], { required: true }),
});
export const mappingUpdateParameters = (kind: MappingKind): MethodParameters => ({
  ...settings(kind),
  map: several(mapFormats[kind], kind === "usb" ? { required: true } : {}),
  delete: { ...configIds, maxLength: 4096 },
  digest: text({ maxLength: 64 }),
});
