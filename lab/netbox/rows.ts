import { hostKey } from "./address";

/** A stored object: wire names, references as ids. */
export interface LabRow {
  id: number;
  created: string;
  last_updated: string;
  tags: number[];
  custom_fields: Record<string, unknown>;
  [field: string]: unknown;
}

export const now = (): string =>
  `${new Date().toISOString().slice(0, -1)}${String(Math.floor(Math.random() * 1000)).padStart(3, "0")}Z`;
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const uniqueKey = (row: LabRow, fields: readonly string[]): string =>
  fields.map((field) => (typeof row[field] === "string" ? row[field].toLowerCase() : String(row[field]))).join("\0");

/** Under what an address is held: hosts are unique in a VRF, or in the global table. */
export const hostIn = ({ vrf, address }: Record<string, unknown>): string =>
  `ipAddress ${String(vrf)} ${hostKey(String(address))}`;

/** What has MAC addresses and IP addresses, by django's name of it. */
export const interfaceModels: Record<string, "vmInterface" | "interface"> = {
  "virtualization.vminterface": "vmInterface",
  "dcim.interface": "interface",
};
