import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Endpoints } from "../lab";
import type { Seed } from "../lab/seed";

const root = join(__dirname, "..", "..");

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
    netbox: endpoints.netbox,
    proxmox: Object.fromEntries(
      Object.entries(endpoints.proxmox).map(([name, { url, token, caFile }]) => [
        name,
        { url, token, caFile, shutdownTimeout: 5 },
      ]),
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
