import { z } from "zod";
import { context } from "../context";
import { UserError } from "../errors";
import { keepSecret } from "../http/redact";
import { handle } from "../resource";
import { platformCheck } from "./check";
import type { CheckInputs } from "./check.model";

/** From NetBox's container to NetBox and Proxmox VE. Made, it has passed; what fails later shows as a change, which tries again. */
export const checkHandler = handle(platformCheck, {
  create: async (wanted) => ({ id: `${wanted.cluster}/${wanted.vmid}`, state: await passed(wanted) }),
  read: async (known) => ({ ...known, failed: await tried(known) }),
  update: (_known, wanted) => passed(wanted),
  delete: async () => {},
});

async function passed(wanted: CheckInputs): Promise<CheckInputs & { failed: string[] }> {
  const failed = await tried(wanted);
  if (failed.length > 0)
    throw new UserError(
      `NetBox's container (CT ${wanted.vmid} on ${wanted.node} of ${wanted.cluster}) does not have what it needs: ${failed.join("; ")}. docs/platform.md says what each means.`,
    );
  return { ...wanted, failed };
}

/** @returns a sentence for each that failed */
async function tried({ cluster, node, vmid, netbox, proxmox, token }: CheckInputs): Promise<string[]> {
  keepSecret(token);
  const clusters = proxmox.map((name) => ({ name, ...context().reachOf(name) }));
  const given = JSON.stringify({ netbox: { ...netbox, token }, proxmox: clusters });
  const { code, stdout, stderr } = await context()
    .shell(cluster, node)
    .attempt({
      script: 'vmid=$1; shift; exec pct exec "$vmid" -- "$@"',
      args: [vmid, "python3", "-c", program],
      stdin: given,
    });
  if (code !== 0) return [`it can't be tried (${stderr.trim().split("\n").pop() ?? ""})`];
  return z.array(z.string()).parse(JSON.parse(stdout));
}

/** Python's standard library alone: nothing is installed for it. Prints a JSON list of what failed. */
const program = `
import hashlib, http.client, json, socket, ssl, sys, urllib.parse

given = json.load(sys.stdin)
failed = []

class Connection(http.client.HTTPSConnection):
    address = None

    def connect(self):
        sock = socket.create_connection((self.address or self.host, self.port), self.timeout)
        self.sock = self._context.wrap_socket(sock, server_hostname=self.host)

def connect(url, certificate, fingerprint, address):
    parts = urllib.parse.urlsplit(url)
    context = ssl.create_default_context(cadata=certificate) if certificate else ssl.create_default_context()
    if fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    connection = Connection(parts.hostname, parts.port or 443, timeout=20, context=context)
    connection.address = address
    connection.connect()
    if fingerprint:
        shown = hashlib.sha256(connection.sock.getpeercert(True)).hexdigest()
        if shown != fingerprint.replace(":", "").lower():
            raise ssl.SSLError("it shows another certificate than the pinned one")
    return connection

def ask(title, url, path, authorization, certificate=None, fingerprint=None, address=None):
    try:
        connection = connect(url, certificate, fingerprint, address)
        connection.request("GET", path, headers={"Authorization": authorization, "Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
    except ssl.SSLCertVerificationError as error:
        failed.append(f"{title} at {url}: its certificate doesn't verify ({error.verify_message})")
    except (ssl.SSLError, OSError, http.client.HTTPException) as error:
        failed.append(f"{title} at {url} is not reached ({error})")
    else:
        if answer.status == 200:
            return json.loads(body)
        word = "refuses the token" if answer.status in (401, 403) else "answers"
        failed.append(f"{title} at {url} {word} ({answer.status})")
    return None

netbox = given["netbox"]
status = ask("NetBox", netbox["url"], "/api/status/", f"Bearer {netbox['token']}", netbox.get("certificate"), address=netbox["address"])
if status is not None:
    if not status["netbox-version"].startswith(netbox["version"]):
        failed.append(f"NetBox is {status['netbox-version']}, not {netbox['version']}")
    for module, version in netbox["plugins"].items():
        loaded = status["plugins"].get(module)
        if loaded is None:
            failed.append(f"the plugin {module} is not loaded")
        elif loaded != version:
            failed.append(f"the plugin {module} is {loaded}, not {version}")
for cluster in given["proxmox"]:
    title = f"Proxmox VE cluster {cluster['name']}"
    authorization = f"PVEAPIToken={cluster['token']}"
    ask(title, cluster["url"], "/api2/json/version", authorization, cluster.get("certificate"), cluster.get("fingerprint"))
print(json.dumps(failed))
`;
