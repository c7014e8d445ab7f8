import { existsSync, readFileSync } from "node:fs";
import type { z } from "zod";
import { siteAnchor } from "../../providers/ownership/anchor";
import { platformCheck } from "../../providers/platform/check";
import { containerService } from "../../providers/platform/containerservice";
import { generatedSecret } from "../../providers/platform/secret";
import { proxmoxFirewall } from "../../providers/proxmox/nodes/firewall/firewall";
import { proxmoxContainer } from "../../providers/proxmox/nodes/lxc/container";
import { proxmoxNetwork } from "../../providers/proxmox/nodes/network/network";
import { type DeclaredResource, declared, Later } from "../declared";
import { type Declaration, defineProgram, planByFile } from "../program";
import { FileRefusal } from "../refusal";
import { type PlatformFile, type PlatformPart, parsePlatform } from "./desired/file";
import { type PlatformPlan, planPlatform, platformCluster } from "./desired/plan";
import { readPlatform } from "./facts";

/** The stack's outputs. Secrets are shown by `pulumi stack output --show-secrets`. */
export interface PlatformOutputs {
  url: string;
  /** What programs begin with (NETBOX_API_TOKEN). A secret. */
  token: Later<string>;
  superuser: Later<{ name: string; password: string }>;
  /** PEM: for netbox-proxmox:netbox.caFile. */
  certificate: string | Later<string>;
  /** Configuration of a stack of the discovery program that reads into this NetBox. */
  discovery: Record<string, unknown>;
}

/** platform.yml → NetBox itself: its containers, what runs in them, and what it reaches. */
export const platform = defineProgram({
  needs: { netbox: false, proxmox: true, neo4j: false },
  hasSecrets: true,
  plan: ({ context, settings, stack }) =>
    planByFile("platform", settings, parsePlatform, async ({ value: wanted, placeOf }) => {
      const clusters = context.proxmox.map(({ name }) => name);
      const tls = wanted.tls && { certificate: pem(wanted.tls.certificateFile), key: pem(wanted.tls.keyFile) };
      const seen = await readPlatform(context, wanted, platformCluster(wanted, clusters));
      const plan = planPlatform({ stack, file: wanted, placeOf, clusters, ...seen, certificate: tls?.certificate });
      return { ...plan, wanted, tlsKey: tls?.key };
    }),
  declare: (plan) => declarePlatform(plan, plan.wanted, plan.tlsKey),
});

function pem(file: string): string {
  if (!existsSync(file)) throw new FileRefusal(`There is no file ${file}, which \`tls\` names.`);
  return readFileSync(file, "utf8");
}

function declarePlatform(plan: PlatformPlan, file: PlatformFile, tlsKey: string | undefined): Declaration {
  const resources: DeclaredResource[] = [];
  const keep = <S extends object>(resource: DeclaredResource<S>): DeclaredResource<S> => {
    resources.push(resource);
    return resource;
  };
  const secrets = declareSecrets(keep);
  const networks = plan.networks.map(({ key, ...inputs }) => keep(declared(proxmoxNetwork, `network/${key}`, inputs)));
  const services = new Map<PlatformPart, Service>();
  for (const { part, inputs, firewall, service } of plan.containers) {
    const container = keep(declared(proxmoxContainer, `container/${part}`, inputs, { after: networks }));
    const walls =
      firewall === undefined
        ? []
        : [keep(declared(proxmoxFirewall, `firewall/${part}`, firewall, { after: [container] }))];
    // Each waits for those before it: NetBox for its database, nginx for NetBox.
    const after = [container, ...walls, ...(part === "valkey" ? [] : services.values())];
    const given = { ...service, secrets: secretsOf(part, secrets, tlsKey) };
    services.set(part, keep(declared(containerService, `service/${part}`, given, { after })));
  }
  const certificate = certificateOf(services.get("nginx"), plan.check.netbox.certificate);
  const netbox = { ...plan.check.netbox, certificate };
  const given = { ...plan.check, netbox, token: secrets.token };
  keep(declared(platformCheck, "check", given, { after: [...services.values()] }));
  keep(declared(siteAnchor, "anchor", { leftovers: [] }, { after: [...resources], protect: file.protect }));
  const { url } = plan.check.netbox;
  const outputs: PlatformOutputs = {
    url,
    token: secrets.token,
    certificate,
    superuser: secrets.superuserPassword.map((password) => ({ name: file.netbox.superuser.name, password })).secret(),
    discovery: {
      "netbox-proxmox:program": "discovery",
      "netbox-proxmox:netbox": { url },
      "netbox-proxmox:discovery": {
        readOnly: file.discovery.readOnly,
        ...(file.discovery.clusters.length === 0
          ? {}
          : { clusters: Object.fromEntries(file.discovery.clusters.map((name) => [name, {}])) }),
      },
    },
  };
  return { resources, outputs };
}

type Service = DeclaredResource<z.output<typeof containerService.state>>;

type Secrets = Record<
  "databasePassword" | "valkeyPassword" | "secretKey" | "pepper" | "superuserPassword" | "token",
  Later<string>
>;

function declareSecrets(keep: <S extends object>(resource: DeclaredResource<S>) => DeclaredResource<S>): Secrets {
  const secret = (name: string, bytes: number) =>
    keep(declared(generatedSecret, `secret/${name}`, { bytes, generation: 0 }))
      .output("value")
      .secret();
  const [key, rest] = [secret("token-key", 9), secret("token", 32)];
  return {
    databasePassword: secret("database", 24),
    valkeyPassword: secret("valkey", 24),
    // NetBox asks for 50 letters of either.
    secretKey: secret("secret-key", 48),
    pepper: secret("pepper", 48),
    superuserPassword: secret("superuser", 18),
    token: Later.all({ key, rest }).map((all) => `nbt_${all.key.slice(0, 12)}.${all.rest.slice(0, 40)}`),
  };
}

/** Each service gets what it needs, and no more. */
function secretsOf(
  part: PlatformPart,
  secrets: Secrets,
  tlsKey: string | undefined,
): Record<string, string | Later<string>> {
  const { databasePassword, valkeyPassword } = secrets;
  if (part === "postgresql") return { databasePassword };
  if (part === "valkey") return { valkeyPassword };
  if (part === "netbox") return secrets;
  return tlsKey === undefined ? {} : { tlsKey };
}

/** The one that was given, or the one that nginx made. */
const certificateOf = (nginx: Service | undefined, given: string | undefined): string | Later<string> =>
  given === undefined && nginx !== undefined
    ? nginx
        .output("observed")
        .orElse({})
        .map(({ certificate = "" }: Record<string, string>) => Buffer.from(certificate, "base64").toString())
    : (given ?? "");
