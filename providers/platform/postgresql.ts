import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { z } from "zod";
import type { ShellStep } from "../ssh/shell";
import type { Service } from "./service";
import { file, packages, probe, running, sqlName, sqlText } from "./steps";

const settings = z.object({
  listen: z.string(),
  port: z.number(),
  /** Who may come: addresses with prefix length. */
  clients: z.array(z.string()),
  database: z.string(),
  role: z.string(),
});
const secrets = z.object({ databasePassword: z.string() });

/** What PostgreSQL keeps of a password (SCRAM-SHA-256): the same password gives the same, so that it is only set when it changes. */
export function scramVerifier(role: string, password: string): string {
  const salt = createHash("sha256").update(`netbox-proxmox/${role}/${password}`).digest().subarray(0, 16);
  const iterations = 4096;
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, iterations, 32, "sha256");
  const client = createHmac("sha256", salted).update("Client Key").digest();
  const stored = createHash("sha256").update(client).digest("base64");
  const server = createHmac("sha256", salted).update("Server Key").digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${server}`;
}

/** Puts a file beside the configuration of the one cluster that Debian's package makes. $1 its name below there, content by standard input. */
const cluster = (name: string, content: string): ShellStep => ({
  title: `write PostgreSQL's ${name}`,
  script: `
mkdir -p /var/lib/netbox-proxmox
folder=$(ls -d /etc/postgresql/*/main | sort -V | tail -n 1)
cat > "$folder/$1.new"
if cmp -s "$folder/$1.new" "$folder/$1"; then rm "$folder/$1.new"; exit 0; fi
touch /var/lib/netbox-proxmox/changed
chown postgres:postgres "$folder/$1.new"
chmod 640 "$folder/$1.new"
mv "$folder/$1.new" "$folder/$1"
`,
  args: [name],
  stdin: content,
});

const sql = (title: string, text: string): ShellStep => ({
  title,
  script: `
cd /
for n in $(seq 50); do runuser -u postgres -- psql -qAt -c 'select 1' >/dev/null 2>&1 && break; sleep 0.2; done
runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 -f - >&2
`,
  stdin: text,
});

/** PostgreSQL with NetBox's database and role. */
export const postgresql: Service<typeof settings, typeof secrets> = {
  title: "PostgreSQL",
  settings,
  secrets,
  steps({ listen, port, clients, database, role }, { databasePassword }) {
    const verifier = scramVerifier(role, databasePassword);
    return [
      packages(["postgresql"]),
      cluster(
        "conf.d/netbox.conf",
        `listen_addresses = '${listen}'\nport = ${port}\npassword_encryption = 'scram-sha-256'\n`,
      ),
      cluster(
        "pg_hba.conf",
        [
          "# Written by netbox-proxmox.",
          "local all postgres peer",
          ...clients.map((address) => `host ${sqlName(database)} ${sqlName(role)} ${address} scram-sha-256`),
          "",
        ].join("\n"),
      ),
      file({ path: "/etc/netbox-proxmox/service", content: "postgresql\n" }),
      running(["postgresql"]),
      sql(
        `make the role ${role}`,
        `select format('create role %I login', ${sqlText(role)}) where not exists (select from pg_roles where rolname = ${sqlText(role)}) \\gexec
select format('alter role %I login password %L', ${sqlText(role)}, ${sqlText(verifier)})
  where (select rolpassword from pg_authid where rolname = ${sqlText(role)}) is distinct from ${sqlText(verifier)} \\gexec
`,
      ),
      sql(
        `make the database ${database}`,
        `select format('create database %I owner %I encoding ''UTF8'' template template0', ${sqlText(database)}, ${sqlText(role)})
  where not exists (select from pg_database where datname = ${sqlText(database)}) \\gexec
`,
      ),
    ];
  },
  probe: () => probe(["postgresql"], `echo "version=$(dpkg-query -W -f='\${Version}' postgresql 2>/dev/null || true)"`),
};
