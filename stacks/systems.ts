import type { Context } from "../providers/context";
import { UserError } from "../providers/errors";
import { isVersionSince } from "../providers/version";

const oldestNetbox = [4, 2] as const;
const oldestProxmox = [7, 4] as const;

/** Is a version one that this program works with? */
export const isNewEnough = {
  netbox: (version: string): boolean => isVersionSince(version, ...oldestNetbox),
  proxmox: (version: string): boolean => isVersionSince(version, ...oldestProxmox),
};

/** Makes sure that every system is there, is what it should be and lets us in. @returns NetBox's plugins @throws UserError with all that is wrong */
export async function checkSystems(
  { netbox, proxmox }: Context,
  { onlyNetbox = false } = {},
): Promise<{ plugins: string[] }> {
  const installed: string[] = [];
  const checks = [
    netbox.status().then(({ version, plugins }) => {
      installed.push(...plugins);
      if (!isNewEnough.netbox(version))
        throw new UserError(
          `NetBox at ${netbox.url} is version ${version}; this program needs ${oldestNetbox.join(".")} or later. Upgrade NetBox.`,
        );
    }),
    ...(onlyNetbox ? [] : proxmox).map((cluster) =>
      cluster.version().then((version) => {
        if (!isNewEnough.proxmox(version))
          throw new UserError(
            `Proxmox VE cluster ${cluster.name} is version ${version}; this program needs ${oldestProxmox.join(".")} or later. Upgrade it.`,
          );
      }),
    ),
  ];
  const failed = (await Promise.allSettled(checks)).flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  if (failed.length === 1) throw failed[0];
  if (failed.length > 0)
    throw new UserError(failed.map((error) => (error instanceof Error ? error.message : String(error))).join("\n"));
  return { plugins: installed };
}
