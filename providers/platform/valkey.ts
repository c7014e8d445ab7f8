import { z } from "zod";
import type { Service } from "./service";
import { file, packages, probe, running } from "./steps";

const settings = z.object({ listen: z.string(), port: z.number() });
const secrets = z.object({ valkeyPassword: z.string() });

/** Valkey, NetBox's queue and cache. */
export const valkey: Service<typeof settings, typeof secrets> = {
  title: "Valkey",
  settings,
  secrets,
  steps({ listen, port }, { valkeyPassword }) {
    return [
      packages(["valkey-server", "valkey-tools"]),
      file({
        path: "/etc/valkey/netbox.conf",
        owner: "root:valkey",
        mode: "640",
        content: [
          ...[`bind ${listen}`, `port ${port}`, "protected-mode yes", `requirepass ${JSON.stringify(valkeyPassword)}`],
          // A queue that drops what it has no room for loses jobs.
          ...["maxmemory-policy noeviction", "appendonly yes", ""],
        ].join("\n"),
      }),
      {
        title: "have Valkey read it",
        script: `
grep -q -x 'include /etc/valkey/netbox.conf' /etc/valkey/valkey.conf && exit 0
mkdir -p /var/lib/netbox-proxmox
touch /var/lib/netbox-proxmox/changed
echo 'include /etc/valkey/netbox.conf' >> /etc/valkey/valkey.conf
`,
      },
      running(["valkey-server"]),
    ];
  },
  probe: () =>
    probe(["valkey-server"], `echo "version=$(dpkg-query -W -f='\${Version}' valkey-server 2>/dev/null || true)"`),
};
