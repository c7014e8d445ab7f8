import type { LabNameServer, NsupdateResult } from "./nsupdate";
import { withFinalDot } from "./zones";

/** dig as far as it is used to read a zone or a name: `dig @host -p port [-k key] name type [+short] [axfr]`. */
export function dig(nameServer: LabNameServer, args: string[]): NsupdateResult {
  let port = 53;
  let key: string | undefined;
  let short = false;
  const words: string[] = [];
  for (let n = 0; n < args.length; n++) {
    const arg = args[n] ?? "";
    if (arg === "-p") port = Number(args[++n]);
    else if (arg === "-k") key = args[++n];
    else if (arg === "+short") short = true;
    else if (!arg.startsWith("@") && !arg.startsWith("+") && !arg.startsWith("-")) words.push(arg);
  }
  if (port !== nameServer.port)
    return {
      code: 9,
      stdout: `;; communications error to 127.0.0.1#${port}: connection refused\n;; no servers could be reached\n`,
      stderr: "",
    };
  const type = (words.find((word) => /^(axfr|a|aaaa|ptr|cname|txt|soa|ns|any)$/i.test(word)) ?? "A").toUpperCase();
  const name = withFinalDot(words.find((word) => word.toUpperCase() !== type) ?? ".");
  if (type === "AXFR") {
    const zone = nameServer.zones.get(name);
    const right = nameServer.keyFiles.get(key ?? "");
    if (zone === undefined || (right !== "update" && right !== "transfer"))
      return { code: 0, stdout: "; Transfer failed.\n", stderr: "" };
    return { code: 0, stdout: `${[...zone.transfer()].join("\n")}\n`, stderr: "" };
  }
  const zone = nameServer.zones.of(name);
  const rrset = type === "SOA" ? (zone ? { ttl: 300, values: [zone.soa()] } : undefined) : zone?.rrset(name, type);
  const lines = (rrset?.values ?? []).map((value) => (short ? value : `${name}\t${rrset?.ttl}\tIN\t${type}\t${value}`));
  return { code: 0, stdout: lines.map((line) => `${line}\n`).join(""), stderr: "" };
}
