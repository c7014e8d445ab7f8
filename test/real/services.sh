#!/usr/bin/env bash
# Real NetBox 4.7 (with netbox-dns), BIND 9, sshd and Neo4j 5.26 on loopback, for `npm run test:real`. Needs root and Debian.
#   services.sh up         installs what is missing, starts everything, prints one JSON line of where things are
#   services.sh reset N    an empty NetBox N again
#   services.sh page-size N SIZE   NetBox N's MAX_PAGE_SIZE, until its next reset
#   services.sh worker N   NetBox N's background worker, which delivers its webhooks; `worker-down` ends it
#   services.sh branching  one more NetBox, with netbox-branching and its worker, for test/real/branch.test.ts alone: prints where it is;
#                          `branching-reset` empties it, `branching-down` stops it
#   services.sh down       stops what this script started
# There are three of NetBox and of BIND, numbered from 1, so that three suites can run at once, each with its own.
# Everything it makes is in $SERVICES, by default in /var/tmp: postgres, bind and ddns must be able to reach it, which a
# checkout in a private folder does not let them. Migrating NetBox's database
# takes a quarter of an hour of CPU, so the result is kept there as a dump, and ../shared/services' dump is used where it is.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
S=${SERVICES:-/var/tmp/netbox-proxmox-services}
NEO4J_PORT=18787 NEO4J_PASSWORD=tests-only-password
INSTANCES=3
PG_PORT=18832 REDIS_PORT=18879 SSH_PORT=18822
# Of each instance: these and its number.
NB_PORT=18800 DNS_PORT=18850 RNDC_PORT=18950
NETBOX=4.7.3 PLUGIN=1.7.3 BRANCHING=1.2.2
# The NetBox with branches: its number is the one after the last, and its template's name.
BRANCHED=$((INSTANCES + 1)) BRANCHED_TEMPLATE=netbox_branching_tpl
TOKEN_KEY=labkey000001 TOKEN_SECRET=0123456789abcdefghijABCDEFGHIJ0123456789
unset PYTHONDONTWRITEBYTECODE || true # without byte code every start of NetBox is slow
export DEBIAN_FRONTEND=noninteractive NETBOX_ROOT=$S/netbox
say() { echo "… $*" >&2; }
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
wait_open() { for _ in $(seq 200); do is_open "$1" && return; sleep 0.1; done; echo "nothing answers at port $1" >&2; exit 1; }
pgbin() { ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1; }
sql() { psql -h 127.0.0.1 -p $PG_PORT -U postgres -qAt "$@"; }

packages() {
  local need=()
  ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || need+=(postgresql)
  command -v redis-server >/dev/null || need+=(redis-server)
  dpkg -s libpq-dev >/dev/null 2>&1 || need+=(libpq-dev)
  command -v gcc >/dev/null || need+=(gcc libc6-dev)
  command -v named >/dev/null || need+=(bind9 bind9-utils)
  command -v nsupdate >/dev/null || need+=(bind9-dnsutils)
  command -v dig >/dev/null || need+=(bind9-dnsutils)
  [ -x /usr/sbin/sshd ] || need+=(openssh-server)
  command -v ssh-keygen >/dev/null || need+=(openssh-client)
  ((${#need[@]} == 0)) && return
  say "installing ${need[*]}"
  apt-get update -qq >&2
  apt-get install -y -qq --no-install-recommends "${need[@]}" >"$S/log/apt.log" 2>&1
}

python_packages() {
  [ -x "$S/venv/bin/netbox" ] && return
  local py
  py=$(for p in "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python3 /usr/bin/python3.1[2-9]; do [ -x "$p" ] && echo "$p" && break; done)
  [ -n "$py" ] || { echo "NetBox $NETBOX needs Python 3.12 or later: install it" >&2; exit 1; }
  say "installing NetBox $NETBOX"
  "$py" -m venv "$S/venv"
  "$S/venv/bin/pip" install -q --disable-pip-version-check "netbox==$NETBOX" "netbox-plugin-dns==$PLUGIN" >"$S/log/pip.log" 2>&1
}

# A Debian 13 root for the lab's containers, as debian-13-standard has it as far as the steps in them are concerned.
debian() {
  local need=()
  command -v debootstrap >/dev/null || need+=(debootstrap)
  command -v systemd-nspawn >/dev/null || need+=(systemd-container)
  command -v virt-customize >/dev/null || need+=(guestfs-tools libguestfs-tools qemu-utils qemu-system-x86 linux-image-cloud-amd64)
  if ((${#need[@]} > 0)); then
    say "installing ${need[*]}"
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends "${need[@]}" >"$S/log/apt-debian.log" 2>&1
  fi
  [ -e "$S/debian-13/.complete" ] && return
  say "making a Debian 13 root"
  rm -rf "$S/debian-13"
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates,iproute2,curl trixie "$S/debian-13" http://deb.debian.org/debian >"$S/log/debootstrap.log" 2>&1
  # What this machine trusts: the way to the registries may lead through something of its own.
  cp /etc/ssl/certs/ca-certificates.crt "$S/debian-13/etc/ssl/certs/ca-certificates.crt"
  rm -f "$S/debian-13/etc/machine-id"
  touch "$S/debian-13/.complete"
}

# What opens the page of the inventory.
browser() {
  command -v chromium >/dev/null && return
  say "installing chromium"
  apt-get update -qq >&2
  apt-get install -y -qq --no-install-recommends chromium >"$S/log/apt-chromium.log" 2>&1
}

# Neo4j Community from Maven Central, in a process of its own.
neo4j() {
  is_open $NEO4J_PORT && return
  local need=()
  command -v javac >/dev/null || need+=(default-jdk-headless)
  command -v mvn >/dev/null || need+=(maven)
  if ((${#need[@]} > 0)); then
    say "installing ${need[*]}"
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends "${need[@]}" >"$S/log/apt-java.log" 2>&1
  fi
  if [ ! -e "$S/neo4j/jars/.complete" ]; then
    say "getting Neo4j"
    mkdir -p "$S/neo4j"
    mvn -q -B -f "$root/test/real/neo4j/pom.xml" dependency:copy-dependencies -DoutputDirectory="$S/neo4j/jars" >"$S/log/mvn.log" 2>&1
    touch "$S/neo4j/jars/.complete"
  fi
  rm -rf "$S/neo4j/data"
  setsid java -Xmx1g -cp "$S/neo4j/jars/*" "$root/test/real/neo4j/Launcher.java" "$S/neo4j/data" $NEO4J_PORT $NEO4J_PASSWORD >"$S/log/neo4j.log" 2>&1 </dev/null &
  echo $! >"$S/run/neo4j.pid"
  for _ in $(seq 600); do grep -q '^listening' "$S/log/neo4j.log" && return; sleep 0.2; done
  echo "Neo4j does not start; see $S/log/neo4j.log" >&2
  exit 1
}

postgres() {
  if [ ! -s "$S/pg/PG_VERSION" ]; then
    install -d -o postgres -g postgres -m 700 "$S/pg"
    (cd / && runuser -u postgres -- "$(pgbin)/initdb" -D "$S/pg" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$S/log/initdb.log")
    printf "listen_addresses='127.0.0.1'\nport=%s\nunix_socket_directories=''\nfsync=off\nsynchronous_commit=off\nfull_page_writes=off\nmax_connections=100\n" $PG_PORT >>"$S/pg/postgresql.conf"
  fi
  # Compiling a query's plan takes longer than a small database's query.
  is_open $PG_PORT || (cd / && touch "$S/log/pg.log" && chown postgres "$S/log/pg.log" && runuser -u postgres -- "$(pgbin)/pg_ctl" -D "$S/pg" -o "-c jit=off" -l "$S/log/pg.log" -w start >/dev/null)
}

configuration() {
  mkdir -p "$NETBOX_ROOT/conf" "$NETBOX_ROOT"/{media,reports,scripts,static}
  : >"$NETBOX_ROOT/conf/__init__.py"
  cat >"$NETBOX_ROOT/conf/configuration.py" <<C
import os
_instance = os.environ.get('INSTANCE', '')
ALLOWED_HOSTS = ['*']
# A connection is kept, as opening one costs PostgreSQL as much as the queries. A test that exchanges the database ends it: it is looked at before it is used again.
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'netbox' + _instance, 'USER': 'postgres', 'PASSWORD': '', 'HOST': '127.0.0.1', 'PORT': '$PG_PORT', 'CONN_MAX_AGE': 600, 'CONN_HEALTH_CHECKS': True}}
_redis = {'HOST': '127.0.0.1', 'PORT': $REDIS_PORT, 'USERNAME': '', 'PASSWORD': '', 'SSL': False}
_first = 2 * int(_instance or 0)
REDIS = {'tasks': dict(_redis, DATABASE=_first), 'caching': dict(_redis, DATABASE=_first + 1)}
SECRET_KEY = 'tests-only-0123456789abcdef0123456789abcdef0123456789abcdef'
API_TOKEN_PEPPERS = {1: 'tests-only-pepper-0123456789abcdef0123456789abcdef01234567'}
PLUGINS = ['netbox_dns']
PLUGINS_CONFIG = {'netbox_dns': {}}
ENFORCE_GLOBAL_UNIQUE = True
# Statuses of one's own, as the untidy seed has them.
FIELD_CHOICES = {'virtualization.VirtualMachine.status+': (('retired', 'Retired'), ('in-review', 'In review')), 'ipam.IPAddress.status+': (('quarantine', 'Quarantine'),)}
RELEASE_CHECK_URL = None
CENSUS_REPORTING_ENABLED = False
ISOLATED_DEPLOYMENT = True
LOGGING = {}
if os.environ.get('BRANCHING'):
    from netbox_branching.utilities import DynamicSchemaDict
    PLUGINS.append('netbox_branching')  # it has to come last
    DATABASES = DynamicSchemaDict(DATABASES)
    DATABASE_ROUTERS = ['netbox_branching.database.BranchAwareRouter']
C
  # What is loaded before the workers begin stays for good: the garbage collector need not walk through it again and again. And
  # nobody guesses the tests' passwords: their hashes need not take half a second each.
  cat >"$NETBOX_ROOT/conf/gunicorn.py" <<C
import gc

from django.contrib.auth.hashers import PBKDF2PasswordHasher


def post_fork(server, worker):
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    PBKDF2PasswordHasher.iterations = 1_000
C
}

database() {
  sql -c "select 1 from pg_database where datname='netbox_tpl'" | grep -q 1 && return
  local dump=$S/netbox-$NETBOX-dns-$PLUGIN.pgdump given=$root/../shared/services/netbox-$NETBOX-dns-$PLUGIN.pgdump
  sql -c "drop database if exists netbox" -c "create database netbox"
  if [ ! -s "$dump" ] && [ -s "$given" ]; then dump=$given; fi
  if [ -s "$dump" ]; then
    say "restoring NetBox's database"
    pg_restore -h 127.0.0.1 -p $PG_PORT -U postgres --no-owner -d netbox "$dump"
  else
    say "migrating NetBox's database (a quarter of an hour, once)"
    "$S/venv/bin/netbox" migrate --no-input >"$S/log/migrate.log" 2>&1
    pg_dump -h 127.0.0.1 -p $PG_PORT -U postgres -Fc netbox >"$dump.part" && mv "$dump.part" "$dump"
  fi
  "$S/venv/bin/netbox" shell -v0 >"$S/log/token.log" 2>&1 <<P
from users.models import User, Token
user, _ = User.objects.get_or_create(username='tests', defaults=dict(is_superuser=True))
user.is_superuser = True
user.save()
Token.objects.filter(key='$TOKEN_KEY').exists() or Token(version=2, user=user, key='$TOKEN_KEY', token='$TOKEN_SECRET').save()
print('token made')
P
  grep -q 'token made' "$S/log/token.log" || { cat "$S/log/token.log" >&2; exit 1; }
  sql -c "create database netbox_tpl template netbox"
}

# A migrated database, for whoever fills one from it.
dump() {
  local own=$S/netbox-$NETBOX-dns-$PLUGIN.pgdump
  if [ -s "$own" ]; then echo "$own"; else echo "$root/../shared/services/netbox-$NETBOX-dns-$PLUGIN.pgdump"; fi
}

reset() { # number, template
  (
    flock 9 # two can't be made from one template at the same moment
    sql -c "set client_min_messages to warning" -c "drop database if exists netbox$1 with (force)" -c "create database netbox$1 template ${2:-netbox_tpl}"
  ) 9>"$S/run/template.lock"
  for each in $((2 * $1)) $((2 * $1 + 1)); do redis-cli -p $REDIS_PORT -n "$each" flushdb >/dev/null; done
}

# What no file sets, NetBox takes from its database, where its administrators set it.
page_size() { # number, size
  sql -d "netbox$1" -c "update core_configrevision set active = false" \
    -c "insert into core_configrevision (active, created, comment, data) values (true, now(), '', '{\"MAX_PAGE_SIZE\": $2}')"
  redis-cli -p $REDIS_PORT -n $((2 * $1 + 1)) flushdb >/dev/null
}

redis() {
  is_open $REDIS_PORT || redis-server --bind 127.0.0.1 --port $REDIS_PORT --save '' --appendonly no --daemonize yes --pidfile "$S/run/redis.pid" --dir "$S/run" --logfile "$S/log/redis.log" >/dev/null
  wait_open $REDIS_PORT
}

netbox() { # number, template
  local port=$((NB_PORT + $1))
  reset "$1" "${2:-netbox_tpl}"
  if ! is_open $port; then
    say "starting NetBox $1"
    INSTANCE=$1 setsid "$S/venv/bin/gunicorn" -c "$NETBOX_ROOT/conf/gunicorn.py" --preload -b 127.0.0.1:$port -w 2 --threads 4 --timeout 120 --keep-alive 2 --pid "$S/run/gunicorn$1.pid" --error-logfile "$S/log/gunicorn$1.log" netbox.wsgi >"$S/log/gunicorn$1.out" 2>&1 </dev/null &
  fi
  for _ in $(seq 240); do
    curl -sf -m 10 -H "Authorization: Bearer nbt_$TOKEN_KEY.$TOKEN_SECRET" "http://127.0.0.1:$port/api/status/" >/dev/null && return
    sleep 0.5
  done
  echo "NetBox $1 does not answer; see $S/log/gunicorn$1.log" >&2
  exit 1
}

zone() { # name, what the update key may write; into the folder $here
  printf '$TTL 300\n@ IN SOA ns1.lab.example. hostmaster.lab.example. ( 1 3600 600 86400 60 )\n@ IN NS ns1.lab.example.\n' >"$here/$1.db"
  rm -f "$here/$1.db.jnl"
  if [ -n "$2" ]; then echo "zone \"$1\" { type primary; file \"$here/$1.db\"; update-policy { grant ddns-key zonesub $2; }; };"; else echo "zone \"$1\" { type primary; file \"$here/$1.db\"; };"; fi
}

# Clients that nobody here wrote, for test/real/clients.test.ts.
clients() {
  [ -x "$S/clients/bin/python" ] || "$S/venv/bin/python" -m venv "$S/clients"
  "$S/clients/bin/pip" install -q --disable-pip-version-check -r "$root/test/real/clients/requirements.txt" >"$S/log/pip-clients.log" 2>&1
}

bind() { # number
  local here=$S/bind/$1 port=$((DNS_PORT + $1))
  is_open $port && return
  mkdir -p "$here"
  # unknown.key and wrong.key (the right name, another secret) are not told to the server.
  for key in ddns ro rndc unknown; do [ -s "$S/bind/$key.key" ] || tsig-keygen -a hmac-sha256 "$key-key" >"$S/bind/$key.key"; done
  [ -s "$S/bind/wrong.key" ] || tsig-keygen -a hmac-sha256 ddns-key >"$S/bind/wrong.key"
  {
    for key in ddns ro rndc; do echo "include \"$S/bind/$key.key\";"; done
    echo "options { directory \"$here\"; pid-file \"$here/named.pid\"; session-keyfile \"$here/session.key\"; managed-keys-directory \"$here\"; listen-on port $port { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; empty-zones-enable no; notify no; allow-query { any; }; allow-transfer { key ddns-key; key ro-key; }; };"
    echo "controls { inet 127.0.0.1 port $((RNDC_PORT + $1)) allow { 127.0.0.1; } keys { rndc-key; }; };"
    echo "logging { channel f { file \"$here/named.log\"; severity info; }; category default { f; }; };"
    zone lab.example "A AAAA CNAME TXT SRV DHCID MX NS CAA SSHFP TLSA"
    zone 71.10.in-addr.arpa "PTR TXT"
    zone 255.10.in-addr.arpa "PTR TXT"
    zone 1.7.d.f.ip6.arpa "PTR TXT"
    zone static.example ""
  } >"$here/named.conf"
  echo 'ns1 IN A 127.0.0.1' >>"$here/lab.example.db"
  chown -R bind:bind "$S/bind"
  chmod 640 "$S"/bind/*.key
  named -u bind -n 1 -c "$here/named.conf"
  wait_open $port
}

sshd_() {
  id ddns >/dev/null 2>&1 || useradd --system --no-create-home --home-dir / --shell /bin/sh --groups bind ddns
  usermod -p '*' ddns # a locked password would refuse key logins too
  mkdir -p "$S/ssh" /run/sshd
  [ -s "$S/ssh/host" ] || ssh-keygen -q -t ed25519 -N '' -f "$S/ssh/host"
  [ -s "$S/ssh/client" ] || ssh-keygen -q -t ed25519 -N '' -f "$S/ssh/client"
  cp "$S/ssh/client.pub" "$S/ssh/authorized_keys" && chmod 644 "$S/ssh/authorized_keys"
  printf 'Port %s\nListenAddress 127.0.0.1\nHostKey %s\nPidFile %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nAllowUsers ddns\n' $SSH_PORT "$S/ssh/host" "$S/ssh/sshd.pid" "$S/ssh/authorized_keys" >"$S/ssh/config"
  is_open $SSH_PORT || /usr/sbin/sshd -f "$S/ssh/config" -E "$S/log/sshd.log"
  wait_open $SSH_PORT
}

worker() { # number, its file's name
  local name=${2:-rqworker}
  INSTANCE=$1 setsid "$S/venv/bin/netbox" rqworker high default low >"$S/log/$name.log" 2>&1 </dev/null &
  echo $! >"$S/run/$name.pid"
  for _ in $(seq 120); do grep -q 'Listening on' "$S/log/$name.log" && return; sleep 0.5; done
  echo "NetBox's worker does not start; see $S/log/$name.log" >&2
  exit 1
}

worker_down() { # its file's name
  local file=$S/run/${1:-rqworker}.pid
  [ -s "$file" ] || return 0
  kill "$(cat "$file")" 2>/dev/null || true
  rm -f "$file"
}

# NetBox with branches. Its plugin is installed and its database migrated by the first suite that asks, and kept as a dump.
branching() {
  local dump=$S/netbox-$NETBOX-dns-$PLUGIN-branching-$BRANCHING.pgdump
  "$S/venv/bin/python" -c "from importlib.metadata import version; assert version('netboxlabs-netbox-branching') == '$BRANCHING'" 2>/dev/null || {
    say "installing netbox-branching $BRANCHING"
    "$S/venv/bin/pip" install -q --disable-pip-version-check "netboxlabs-netbox-branching==$BRANCHING" >"$S/log/pip-branching.log" 2>&1
  }
  export BRANCHING
  if ! sql -c "select 1 from pg_database where datname='$BRANCHED_TEMPLATE'" | grep -q 1; then
    if [ -s "$dump" ]; then
      sql -c "drop database if exists netbox$BRANCHED with (force)" -c "create database netbox$BRANCHED"
      pg_restore -h 127.0.0.1 -p $PG_PORT -U postgres --no-owner -d "netbox$BRANCHED" "$dump"
    else
      say "migrating the database of NetBox with branches (two minutes, once)"
      reset "$BRANCHED"
      INSTANCE=$BRANCHED "$S/venv/bin/netbox" migrate --no-input >"$S/log/migrate-branching.log" 2>&1
      pg_dump -h 127.0.0.1 -p $PG_PORT -U postgres -Fc "netbox$BRANCHED" >"$dump.part" && mv "$dump.part" "$dump"
    fi
    sql -c "create database $BRANCHED_TEMPLATE template netbox$BRANCHED"
  fi
  netbox "$BRANCHED" "$BRANCHED_TEMPLATE"
  worker_down rqworker-branching
  worker "$BRANCHED" rqworker-branching
  printf '{"url":"http://127.0.0.1:%s","token":"nbt_%s.%s"}\n' $((NB_PORT + BRANCHED)) $TOKEN_KEY $TOKEN_SECRET
}

branching_down() {
  worker_down rqworker-branching
  local file=$S/run/gunicorn$BRANCHED.pid
  if [ -s "$file" ]; then kill "$(cat "$file")" 2>/dev/null || true; fi
}

stop() { # each by the id that it wrote down itself
  worker_down
  worker_down rqworker-branching
  for file in "$S"/run/gunicorn*.pid "$S/run/redis.pid" "$S"/bind/*/named.pid "$S/ssh/sshd.pid" "$S/run/neo4j.pid"; do [ -s "$file" ] && kill "$(cat "$file")" 2>/dev/null || true; done
  [ -s "$S/pg/postmaster.pid" ] && (cd / && runuser -u postgres -- "$(pgbin)/pg_ctl" -D "$S/pg" -m fast -w stop >/dev/null) || true
}

mkdir -p "$S/run" "$S/log"
chmod 755 "$S"
case ${1:-} in
up)
  packages
  python_packages
  postgres
  configuration
  redis
  database
  for n in $(seq $INSTANCES); do
    netbox "$n"
    bind "$n"
  done
  sshd_
  clients
  debian
  neo4j
  browser
  sql -c "drop database if exists pulumi with (force)" -c "create database pulumi"
  each=
  for n in $(seq $INSTANCES); do
    each+=$(printf '%s{"netbox":{"url":"http://127.0.0.1:%s","token":"nbt_%s.%s"},"dns":{"host":"127.0.0.1","port":%s,"keyFile":"%s"}}' \
      "${each:+,}" $((NB_PORT + n)) $TOKEN_KEY $TOKEN_SECRET $((DNS_PORT + n)) "$S/bind/ddns.key")
  done
  printf '{"instances":[%s],"postgres":"postgres://postgres@127.0.0.1:%s/pulumi?sslmode=disable","ssh":{"host":"127.0.0.1","port":%s,"user":"ddns","keyFile":"%s","hostKey":"%s","hostKeyFile":"%s"},"neo4j":{"url":"bolt://127.0.0.1:%s","password":"%s"},"chromium":"%s","python":"%s","debian":"%s","dump":"%s"}\n' \
    "$each" $PG_PORT $SSH_PORT "$S/ssh/client" "$(cut -d' ' -f1,2 "$S/ssh/host.pub")" "$S/ssh/host.pub" $NEO4J_PORT $NEO4J_PASSWORD "$(command -v chromium)" "$S/clients/bin/python" "$S/debian-13" "$(dump)"
  ;;
reset) reset "$2" ;;
page-size) page_size "$2" "$3" ;;
worker) worker "$2" ;;
worker-down) worker_down ;;
branching)
  postgres
  configuration
  redis
  database
  # Its configuration is a file of its own, which no `up` meanwhile exchanges.
  NETBOX_ROOT=$S/netbox-branching
  configuration
  branching
  ;;
branching-reset) reset "$BRANCHED" "$BRANCHED_TEMPLATE" ;;
branching-down) branching_down ;;
down) stop ;;
*)
  echo "services.sh up|reset N|page-size N SIZE|worker N|worker-down|branching|branching-reset|branching-down|down" >&2
  exit 2
  ;;
esac
