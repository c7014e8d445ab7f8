import type { ShellStep } from "../ssh/shell";
import { shortDigest } from "../values";
import { netbox } from "./netbox";
import { nginx } from "./nginx";
import { postgresql } from "./postgresql";
import type { Service, ServiceStep } from "./service";
import { valkey } from "./valkey";

/** What runs in NetBox's platform, by the names that stand in states. */
export const services = { postgresql, valkey, netbox, nginx } as const;
export type ServiceName = keyof typeof services;

/** A service with what it is given. */
export interface ServiceSources {
  service: ServiceName;
  settings: Record<string, unknown>;
  secrets: Record<string, unknown>;
}

const bound = <S extends Service["settings"], X extends Service["secrets"]>(
  service: Service<S, X>,
  { settings, secrets }: ServiceSources,
) => ({
  title: service.title,
  steps: (): ServiceStep[] => service.steps(service.settings.parse(settings), service.secrets.parse(secrets)),
  probe: (): ShellStep => service.probe(service.settings.parse(settings)),
});

/** What is done for a service that is given so. */
export function serviceOf(given: ServiceSources): {
  title: string;
  steps: () => ServiceStep[];
  probe: () => ShellStep;
} {
  switch (given.service) {
    case "postgresql":
      return bound(postgresql, given);
    case "valkey":
      return bound(valkey, given);
    case "netbox":
      return bound(netbox, given);
    case "nginx":
      return bound(nginx, given);
  }
}

/** Changes where this version of the program does something else than the one before it, whatever is given. */
export const revisionOf = (given: ServiceSources): string =>
  shortDigest(
    serviceOf(given)
      .steps()
      .map(({ title, script }) => `${title}\n${script}`)
      .join("\n"),
  );
