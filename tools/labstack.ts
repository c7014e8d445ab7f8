import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Endpoints } from "../lab";
import { readSeed, type Seed } from "../lab/seed";
import { suffix } from "../providers/connections";
import { projectRoot } from "./root";

const root = projectRoot();

/** The lab's default systems. */
export const demoSeed = (): Seed => readSeed(join(root, "lab", "seeds", "demo.yaml"));

export const zonesOf = (seed: Seed): string[] =>
  seed.dns.zones.filter(({ updatable }) => updatable.length > 0).map(({ name }) => name);

/** The configuration of the dev stack, led to the endpoints at hand. */
export function labConfig(endpoints: Endpoints, zones: string[]): Record<string, unknown> {
  const dev = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")) as { config: Record<string, unknown> };
  const config = Object.fromEntries(
    Object.entries(dev.config).map(([key, value]) => [key.replace(/^[^:]+:/, ""), value]),
  );
  const { ssh, dns } = endpoints;
  return {
    ...config,
    netbox: { url: endpoints.netbox.url },
    proxmox: Object.fromEntries(
      Object.entries(endpoints.proxmox).map(([name, { url, caFile }]) => [name, { url, caFile, shutdownTimeout: 5 }]),
    ),
    bind9: {
      ns1: {
        host: ssh.host,
        port: ssh.port,
        user: ssh.user,
        keyFile: ssh.keyFile,
        hostKey: ssh.hostKey,
        tsigKeyFile: dns.keyFile,
        dnsHost: dns.host,
        dnsPort: dns.port,
        zones,
      },
    },
  };
}

/** The secrets that go with it, by their paths. */
export function labSecrets({ netbox, proxmox }: Endpoints): Record<string, string> {
  return {
    "netbox.token": netbox.token,
    ...Object.fromEntries(Object.entries(proxmox).map(([name, { token }]) => [`proxmox["${name}"].token`, token])),
  };
}

/** The same secrets by environment. */
export function labEnvironment({ netbox, proxmox }: Endpoints): Record<string, string> {
  const tokens = Object.entries(proxmox).map(([name, { token }]) => [`PROXMOX_VE_API_TOKEN_${suffix(name)}`, token]);
  return { NETBOX_API_TOKEN: netbox.token, ...Object.fromEntries(tokens) };
}
