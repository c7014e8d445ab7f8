import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { SiteAnchor } from "../../providers/ownership/anchor";
import { PlatformCheck } from "../../providers/platform/check";
import { ContainerService } from "../../providers/platform/containerservice";
import { GeneratedSecret } from "../../providers/platform/secret";
import { ProxmoxFirewall } from "../../providers/proxmox/nodes/firewall/firewall";
import { ProxmoxContainer } from "../../providers/proxmox/nodes/lxc/container";
import { ProxmoxNetwork } from "../../providers/proxmox/nodes/network/network";
import { orElse, whenThere } from "../outputs";
import { defineProgram, planByFile } from "../program";
import { FileRefusal } from "../refusal";
import { type PlatformFile, type PlatformPart, parsePlatform } from "./desired/file";
import { type PlatformPlan, planPlatform, platformCluster } from "./desired/plan";
import { readPlatform } from "./facts";

/** The stack's outputs. Secrets are shown by `pulumi stack output --show-secrets`. */
export interface PlatformOutputs {
  url: string;
  /** What programs begin with (NETBOX_API_TOKEN). A secret. */
  token: pulumi.Output<string>;
  superuser: pulumi.Output<{ name: string; password: string }>;
  /** PEM: for netbox-proxmox:netbox.caFile. */
  certificate: pulumi.Output<string>;
  /** Configuration of a stack of the discovery program that reads into this NetBox. */
  discovery: Record<string, unknown>;
}

/** platform.yml → NetBox itself: its containers, what runs in them, and what it reaches. */
export const platform = defineProgram({
  needs: { netbox: false, proxmox: true, neo4j: false },
  plan: ({ context, settings, stack }) =>
    planByFile("platform", settings, parsePlatform, async ({ value: wanted, placeOf }) => {
      const clusters = context.proxmox.map(({ name }) => name);
      const tls = wanted.tls && { certificate: pem(wanted.tls.certificateFile), key: pem(wanted.tls.keyFile) };
      const seen = await readPlatform(context, wanted, platformCluster(wanted, clusters));
      const plan = planPlatform({ stack, file: wanted, placeOf, clusters, ...seen, certificate: tls?.certificate });
      return { ...plan, wanted, tlsKey: tls?.key };
    }),
  declare: (plan): PlatformOutputs => declarePlatform(plan, plan.wanted, plan.tlsKey),
});

function pem(file: string): string {
  if (!existsSync(file)) throw new FileRefusal(`There is no file ${file}, which \`tls\` names.`);
  return readFileSync(file, "utf8");
}

function declarePlatform(plan: PlatformPlan, file: PlatformFile, tlsKey: string | undefined): PlatformOutputs {
  const made: pulumi.Resource[] = [];
  const keep = <T extends pulumi.Resource>(resource: T): T => {
    made.push(resource);
    return resource;
  };
  const secrets = declareSecrets(keep);
  const networks = plan.networks.map(({ key, ...inputs }) => keep(new ProxmoxNetwork(`network/${key}`, inputs)));
  const services = new Map<PlatformPart, ContainerService>();
  for (const { part, inputs, firewall, service } of plan.containers) {
    const container = keep(new ProxmoxContainer(`container/${part}`, inputs, { dependsOn: networks }));
    const walls =
      firewall === undefined
        ? []
        : [keep(new ProxmoxFirewall(`firewall/${part}`, firewall, { dependsOn: [container] }))];
    // Each waits for those before it: NetBox for its database, nginx for NetBox.
    const dependsOn = [container, ...walls, ...(part === "valkey" ? [] : services.values())];
    const given = { ...service, secrets: secretsOf(part, secrets, tlsKey) };
    services.set(part, keep(new ContainerService(`service/${part}`, given, { dependsOn })));
  }
  const certificate = certificateOf(services.get("nginx"), plan.check.netbox.certificate);
  const netbox = whenThere(certificate, (each) => ({ ...plan.check.netbox, certificate: each }));
  const check = new PlatformCheck(
    "check",
    { ...plan.check, netbox, token: secrets.token },
    { dependsOn: [...services.values()] },
  );
  new SiteAnchor("anchor", { leftovers: [] }, { dependsOn: [...made, check], protect: file.protect });
  const { url } = plan.check.netbox;
  return {
    url,
    token: secrets.token,
    certificate,
    superuser: pulumi.secret(
      whenThere(secrets.superuserPassword, (password) => ({ name: file.netbox.superuser.name, password })),
    ),
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
}

type Secrets = Record<
  "databasePassword" | "valkeyPassword" | "secretKey" | "pepper" | "superuserPassword" | "token",
  pulumi.Output<string>
>;

function declareSecrets(keep: <T extends pulumi.Resource>(resource: T) => T): Secrets {
  const secret = (name: string, bytes: number) => keep(new GeneratedSecret(`secret/${name}`, bytes)).value;
  const [key, rest] = [secret("token-key", 9), secret("token", 32)];
  return {
    databasePassword: secret("database", 24),
    valkeyPassword: secret("valkey", 24),
    // NetBox asks for 50 letters of either.
    secretKey: secret("secret-key", 48),
    pepper: secret("pepper", 48),
    superuserPassword: secret("superuser", 18),
    token: pulumi.secret(
      whenThere(pulumi.all([key, rest]), ([head, tail]) => `nbt_${head.slice(0, 12)}.${tail.slice(0, 40)}`),
    ),
  };
}

/** Each service gets what it needs, and no more. */
function secretsOf(
  part: PlatformPart,
  secrets: Secrets,
  tlsKey: string | undefined,
): Record<string, pulumi.Input<string>> {
  const { databasePassword, valkeyPassword } = secrets;
  if (part === "postgresql") return { databasePassword };
  if (part === "valkey") return { valkeyPassword };
  if (part === "netbox") return secrets;
  return tlsKey === undefined ? {} : { tlsKey };
}

/** The one that was given, or the one that nginx made. */
const certificateOf = (nginx: ContainerService | undefined, given: string | undefined): pulumi.Output<string> =>
  given === undefined && nginx !== undefined
    ? whenThere(orElse(nginx.observed, {}), ({ certificate = "" }: Record<string, string>) =>
        Buffer.from(certificate, "base64").toString(),
      )
    : pulumi.output(given ?? "");
