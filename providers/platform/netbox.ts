import { z } from "zod";
import { shortDigest } from "../values";
import type { Service, ServiceStep } from "./service";
import { file, packages, probe, python, running } from "./steps";

const settings = z.object({
  /** PyPI's `netbox`. */
  version: z.string(),
  /** PyPI packages of plugins, with versions. */
  plugins: z.array(z.object({ package: z.string(), version: z.string(), module: z.string() })),
  pluginsConfig: z.record(z.string(), z.record(z.string(), z.unknown())),
  listen: z.string(),
  port: z.number(),
  workers: z.number(),
  allowedHosts: z.array(z.string()),
  database: z.object({ host: z.string(), port: z.number(), name: z.string(), user: z.string() }),
  valkey: z.object({ host: z.string(), port: z.number() }),
  /** More of configuration.py. */
  configuration: z.record(z.string(), z.unknown()),
  superuser: z.object({ name: z.string(), email: z.string() }),
  /** A dump in the container that a database that is still empty is filled from. */
  restoreFrom: z.string().optional(),
  /** How many back-ups are kept. */
  backups: z.number(),
});
const secrets = z.object({
  databasePassword: z.string(),
  valkeyPassword: z.string(),
  secretKey: z.string(),
  pepper: z.string(),
  superuserPassword: z.string(),
  /** `nbt_KEY.SECRET`. */
  token: z.string(),
});
type Settings = z.output<typeof settings>;
type Secrets = z.output<typeof secrets>;

const root = "/opt/netbox";
const backupFolder = "/var/backups/netbox";

/** The pins of a virtual environment, as pip takes them. */
const pins = ({ version, plugins }: Settings): string[] => [
  `netbox==${version}`,
  ...plugins.map((plugin) => `${plugin.package}==${plugin.version}`),
];
/** The folder of the environment with these pins: an upgrade makes another beside it, a rollback goes back. */
const environment = (wanted: Settings): string =>
  `${root}/venvs/${wanted.version}-${shortDigest(pins(wanted).join("\n"))}`;

/** configuration.py. */
export function netboxConfiguration(
  wanted: Settings,
  { databasePassword, valkeyPassword, secretKey, pepper }: Secrets,
): string {
  const { database, valkey, plugins, pluginsConfig, allowedHosts } = wanted;
  const redis = { HOST: valkey.host, PORT: valkey.port, USERNAME: "", PASSWORD: valkeyPassword, SSL: false };
  const values: Record<string, unknown> = {
    ALLOWED_HOSTS: allowedHosts,
    DATABASES: {
      default: {
        ENGINE: "django.db.backends.postgresql",
        NAME: database.name,
        USER: database.user,
        PASSWORD: databasePassword,
        HOST: database.host,
        PORT: String(database.port),
        CONN_MAX_AGE: 300,
      },
    },
    REDIS: { tasks: { ...redis, DATABASE: 0 }, caching: { ...redis, DATABASE: 1 } },
    SECRET_KEY: secretKey,
    PLUGINS: plugins.map(({ module }) => module),
    PLUGINS_CONFIG: pluginsConfig,
    ...wanted.configuration,
  };
  return [
    "# Written by netbox-proxmox: what you change here is changed back.",
    ...Object.entries(values).map(([name, value]) => `${name} = ${python(value)}`),
    // Its keys are numbers, which JSON has not.
    `API_TOKEN_PEPPERS = {1: ${python(pepper)}}`,
    "",
  ].join("\n");
}

const unit = (description: string, command: string, more: string[] = []): string =>
  [
    ...["[Unit]", `Description=${description}`, "After=network-online.target", "Wants=network-online.target", ""],
    ...["[Service]", "User=netbox", "Group=netbox", `Environment=NETBOX_ROOT=${root}`, `WorkingDirectory=${root}`],
    ...[`ExecStart=${root}/current/bin/${command}`, "Restart=on-failure", "RestartSec=5", "PrivateTmp=true", ...more],
    ...["", "[Install]", "WantedBy=multi-user.target", ""],
  ].join("\n");

/** Runs a command of NetBox's as its user, with the environment that is chosen. */
const asNetbox = `netbox() { runuser -u netbox -- env NETBOX_ROOT=${root} HOME=${root} ${root}/current/bin/netbox "$@"; }`;
/** psql, pg_dump and their kin find the database by these. First argument: HOST, PORT, USER, NAME; the password by standard input. */
const toDatabase = `IFS= read -r PGPASSWORD; export PGPASSWORD PGHOST="$1" PGPORT="$2" PGUSER="$3" PGDATABASE="$4"; shift 4`;
/** A database that doesn't answer ends the step: it is not taken for an empty one. */
const isFilled = `filled=$(psql -qAt -c "select 1 from pg_tables where tablename = 'django_migrations'")`;
const databaseArgs = ({ database: { host, port, user, name } }: Settings): (string | number)[] => [
  host,
  port,
  user,
  name,
];

function virtualEnvironment(wanted: Settings): ServiceStep {
  return {
    title: `install ${pins(wanted).join(", ")}`,
    deadline: 3600,
    script: `
target=$1; shift
test -e "$target/complete" && exit 0
# One that was interrupted begins anew.
rm -rf "$target"
mkdir -p "$(dirname "$target")"
python3 -m venv "$target"
"$target/bin/pip" install --quiet --disable-pip-version-check --retries 5 "$@" >&2
touch "$target/complete"
`,
    args: [environment(wanted), ...pins(wanted)],
  };
}

/**
 * Before another version takes over: the services end, the database is backed up, and a rollback fills it from the back-up that
 * was made under that version. What was done is written down last, so that an interrupted run does it again.
 */
function exchange(wanted: Settings, { databasePassword }: Secrets): ServiceStep {
  return {
    title: `back up the database, and go to NetBox ${wanted.version}`,
    deadline: 3600,
    script: `
${toDatabase}
target=$1 version=$2 kept=$3
now=$(readlink ${root}/current || true)
test "$now" = "$target" && exit 0
mkdir -p ${backupFolder}
chmod 700 ${backupFolder}
before=none
test -n "$now" && before=$(basename "$now" | cut -d- -f1)
systemctl stop netbox netbox-rq 2>/dev/null || true
${isFilled}
if test -n "$filled"; then
  dump=${backupFolder}/netbox-$before-$(date -u +%Y%m%dT%H%M%SZ).dump
  pg_dump -Fc -f "$dump.part"
  mv "$dump.part" "$dump"
  echo "backup=$dump"
fi
older=$(printf '%s\\n%s\\n' "$version" "$before" | sort -V | head -n 1)
if test "$before" != none && test "$version" != "$before" && test "$older" = "$version"; then
  back=$(ls ${backupFolder}/netbox-"$version"-*.dump 2>/dev/null | sort | tail -n 1)
  if test -z "$back"; then
    echo "there is no back-up of NetBox $version to go back to in ${backupFolder}, and its database can't be brought back from $before: put one there, or stay with $before" >&2
    systemctl start netbox netbox-rq 2>/dev/null || true
    exit 1
  fi
  psql -q -v ON_ERROR_STOP=1 -c 'drop schema public cascade' -c 'create schema public' >/dev/null
  pg_restore --no-owner --no-privileges -d "$PGDATABASE" "$back" >&2
  echo "restored=$back"
fi
ls ${backupFolder}/*.dump 2>/dev/null | sort -t- -k3 | head -n "-$kept" | xargs -r rm -f
ln -sfn "$target" ${root}/current.new
mv -T ${root}/current.new ${root}/current
rm -f ${root}/migrated
mkdir -p /var/lib/netbox-proxmox
touch /var/lib/netbox-proxmox/changed
`,
    args: [...databaseArgs(wanted), environment(wanted), wanted.version, wanted.backups],
    stdin: `${databasePassword}\n`,
  };
}

function restore(wanted: Settings, { databasePassword }: Secrets): ServiceStep[] {
  if (wanted.restoreFrom === undefined) return [];
  return [
    {
      title: `fill the database from ${wanted.restoreFrom}`,
      deadline: 3600,
      script: `
${toDatabase}
${isFilled}
test -n "$filled" && exit 0
test -e "$1" || { echo "there is no $1 in the container: put it there with \\\`pct push\\\`" >&2; exit 1; }
# One transaction: all of it or nothing.
pg_restore --no-owner --no-privileges --single-transaction -d "$PGDATABASE" "$1" >&2
`,
      args: [...databaseArgs(wanted), wanted.restoreFrom],
      stdin: `${databasePassword}\n`,
    },
  ];
}

/** Whoever may do everything, and the token that programs begin with: by NetBox's own models. */
const accounts = `
import json, os
from users.models import Token, User

wanted = json.loads(os.environ["NETBOX_ACCOUNTS"])
user, made = User.objects.get_or_create(username=wanted["name"], defaults={"email": wanted["email"], "is_superuser": True})
if made or not user.check_password(wanted["password"]):
    user.set_password(wanted["password"])
user.is_superuser = True
user.save()
# One that an interrupted run made, whose secret nobody has.
key, secret = wanted["token"].removeprefix("nbt_").split(".", 1)
Token.objects.filter(user=user, description="netbox-proxmox").exclude(key=key).delete()
Token.objects.filter(key=key).exists() or Token(version=2, user=user, key=key, token=secret, description="netbox-proxmox").save()
print("accounts are there")
`;

/** NetBox from PyPI with its plugins, gunicorn and the worker. */
export const netbox: Service<typeof settings, typeof secrets> = {
  title: "NetBox",
  settings,
  secrets,
  steps(wanted, given) {
    const { name, email } = wanted.superuser;
    return [
      packages([
        ...["python3", "python3-venv", "python3-dev", "build-essential", "libpq-dev", "libxml2-dev", "libxslt1-dev"],
        ...["libffi-dev", "libssl-dev", "zlib1g-dev", "postgresql-client", "ca-certificates", "curl"],
      ]),
      {
        title: "make the user and folders",
        script: `
id netbox >/dev/null 2>&1 || useradd --system --home-dir ${root} --shell /usr/sbin/nologin netbox
for folder in conf media reports scripts static venvs; do mkdir -p ${root}/$folder; done
chown netbox:netbox ${root}/media ${root}/reports ${root}/scripts ${root}/static
touch ${root}/conf/__init__.py
`,
      },
      virtualEnvironment(wanted),
      exchange(wanted, given),
      ...restore(wanted, given),
      file({
        path: `${root}/conf/configuration.py`,
        owner: "root:netbox",
        mode: "640",
        content: netboxConfiguration(wanted, given),
      }),
      file({
        path: "/etc/systemd/system/netbox.service",
        content: unit(
          "NetBox",
          `gunicorn --bind ${wanted.listen}:${wanted.port} --workers ${wanted.workers} --threads 3 --timeout 120 --keep-alive 75 --max-requests 5000 --max-requests-jitter 500 netbox.wsgi`,
        ),
      }),
      file({
        path: "/etc/systemd/system/netbox-rq.service",
        // Its worker does the housekeeping too: there is no command for that any more.
        content: unit("NetBox's worker", "netbox rqworker high default low"),
      }),
      {
        title: "migrate the database, and collect static files",
        deadline: 7200,
        script: `
${asNetbox}
test -e ${root}/migrated && exit 0
cd ${root}
netbox migrate --no-input >&2
netbox trace_paths --no-input >&2
netbox remove_stale_contenttypes --no-input >&2
netbox collectstatic --no-input --clear >&2
touch ${root}/migrated
touch /var/lib/netbox-proxmox/changed
`,
      },
      {
        title: `make the superuser ${name} and its token`,
        script: `
${asNetbox}
cd ${root}
IFS= read -r NETBOX_ACCOUNTS
export NETBOX_ACCOUNTS
program=$1
netbox shell -v 0 -c "$program" >&2
`,
        args: [accounts],
        stdin: `${JSON.stringify({ name, email, password: given.superuserPassword, token: given.token })}\n`,
      },
      running(["netbox", "netbox-rq"]),
      {
        title: "wait until NetBox answers",
        script: `
for n in $(seq 240); do
  code=$(curl -s -o /dev/null -w '%{http_code}' -H "Host: $3" "http://$1:$2/api/" || true)
  case "$code" in 200 | 403) exit 0 ;; esac
  sleep 0.5
done
echo "it answers $code" >&2
journalctl -q -n 10 -o cat -u netbox >&2
exit 1
`,
        args: [wanted.listen, wanted.port, wanted.allowedHosts[0] ?? "localhost"],
      },
    ];
  },
  probe: () =>
    probe(
      ["netbox", "netbox-rq"],
      `echo "version=$(basename "$(readlink ${root}/current || echo none)")"\ntest -e ${root}/migrated && echo migrated=yes || echo migrated=no`,
    ),
};

/** Writes an archive of the static files to its output. */
export const staticFiles = { script: `tar -C ${root} -c static`, folder: root };
