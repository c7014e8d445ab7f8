import { z } from "zod";
import { staticFiles } from "./netbox";
import type { Service } from "./service";
import { file, packages, probe, running } from "./steps";

const settings = z.object({
  serverName: z.string(),
  /** With port: in the DMZ, and in the backend for NetBox's own container. */
  listen: z.array(z.string()),
  /** Where plain HTTP is sent on to HTTPS; nothing where nobody listens to it. */
  redirect: z.string().optional(),
  /** `ADDRESS:PORT` of NetBox. */
  upstream: z.string(),
  /** NetBox's container, and what is installed there: its static files are served here. */
  application: z.object({ vmid: z.number(), version: z.string() }),
  /** PEM, with its chain; left out, one is made that signs itself. */
  certificate: z.string().optional(),
  maxUpload: z.string(),
});
const secrets = z.object({ tlsKey: z.string().optional() });

const folder = "/etc/nginx/netbox";

const site = ({
  serverName,
  listen,
  redirect,
  upstream,
  maxUpload,
}: z.output<typeof settings>): string => `# Written by netbox-proxmox.
server {
${listen.map((each) => `  listen ${each} ssl;`).join("\n")}
  server_name ${serverName};
  ssl_certificate ${folder}/tls.crt;
  ssl_certificate_key ${folder}/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  client_max_body_size ${maxUpload};
  location /static/ {
    alias /srv/netbox/static/;
  }
  location / {
    proxy_pass http://${upstream};
    proxy_set_header Host $http_host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_read_timeout 120s;
  }
}
${
  redirect === undefined
    ? ""
    : `server {
  listen ${redirect};
  server_name ${serverName};
  return 301 https://$host$request_uri;
}
`
}`;

/** nginx with TLS before NetBox. */
export const nginx: Service<typeof settings, typeof secrets> = {
  title: "nginx",
  settings,
  secrets,
  steps(wanted, { tlsKey }) {
    const { serverName, certificate, application } = wanted;
    return [
      packages(["nginx-light", "openssl", "ca-certificates"]),
      ...(certificate === undefined || tlsKey === undefined
        ? [
            {
              title: "make a certificate that signs itself",
              script: `
umask 077
mkdir -p ${folder} /var/lib/netbox-proxmox
test -s ${folder}/tls.crt && openssl x509 -in ${folder}/tls.crt -noout -checkend 2592000 -checkhost "$1" | grep -q 'does match' && exit 0
case "$1" in *[!0-9.]*) names=DNS:$1 ;; *) names=DNS:$1,IP:$1 ;; esac
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 -subj "/CN=$1" -addext "subjectAltName=$names" -keyout ${folder}/tls.key -out ${folder}/tls.crt 2>/dev/null
chmod 644 ${folder}/tls.crt
touch /var/lib/netbox-proxmox/changed
`,
              args: [serverName],
            },
          ]
        : [
            file({ path: `${folder}/tls.crt`, content: certificate }),
            file({ path: `${folder}/tls.key`, content: tlsKey, mode: "600" }),
          ]),
      {
        title: "bring NetBox's static files",
        from: { vmid: application.vmid, script: staticFiles.script, args: [] },
        script: `
target=/srv/netbox
mkdir -p "$target"
rm -rf "$target/new"
mkdir "$target/new"
tar -C "$target/new" --no-same-owner -x
chmod -R a+rX "$target/new"
rm -rf "$target/static"
mv "$target/new/static" "$target/static"
rmdir "$target/new"
`,
      },
      file({ path: "/etc/nginx/sites-available/netbox", content: site(wanted) }),
      {
        title: "choose the site",
        script: `
rm -f /etc/nginx/sites-enabled/default
ln -sfn ../sites-available/netbox /etc/nginx/sites-enabled/netbox
nginx -t 2>&1 | grep -v -E 'syntax is ok|test is successful' >&2 || true
nginx -t -q
`,
      },
      running(["nginx"]),
    ];
  },
  probe: () =>
    probe(
      ["nginx"],
      `echo "version=$(dpkg-query -W -f='\${Version}' nginx-light 2>/dev/null || true)"\necho "certificate=$(openssl x509 -in ${folder}/tls.crt 2>/dev/null | base64 -w0)"`,
    ),
};
