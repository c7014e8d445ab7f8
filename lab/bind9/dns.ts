import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Answer, decode, encode, type Packet, streamDecode, streamEncode } from "dns-packet"; // the wire format of DNS answers
import { type ServedZones, withFinalDot } from "./zones";

const strip = (name: string) => name.replace(/\.$/, "");

function answers(zones: ServedZones, name: string, type: string): Answer[] {
  const zone = zones.of(name);
  if (zone === undefined) return [];
  const owner = withFinalDot(name);
  const cname = zone.rrset(owner, "CNAME");
  if (cname && type !== "CNAME") {
    const target = cname.values[0] ?? "";
    return [
      { type: "CNAME", name: strip(owner), ttl: cname.ttl, data: strip(target) },
      ...answers(zones, target, type),
    ];
  }
  const rrset = zone.rrset(owner, type);
  return (rrset?.values ?? []).flatMap((value): Answer[] => {
    const common = { name: strip(owner), ttl: rrset?.ttl };
    if (type === "A" || type === "AAAA") return [{ ...common, type, data: value }];
    if (type === "PTR" || type === "CNAME" || type === "NS") return [{ ...common, type, data: strip(value) }];
    if (type === "TXT")
      return [
        {
          ...common,
          type,
          data: [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? "").replace(/\\(.)/g, "$1")),
        },
      ];
    return [];
  });
}

function reply(zones: ServedZones, query: Packet): Packet {
  const question = query.questions?.[0];
  const name = question?.name ?? ".";
  const zone = zones.of(name);
  const refused = zone === undefined;
  const missing = !refused && !zone.names.has(withFinalDot(name));
  // dns-packet keeps the rcode in the flags' low bits: 5 REFUSED, 3 NXDOMAIN; 0x0400 is the authoritative answer.
  return {
    type: "response",
    id: query.id,
    flags: 0x0400 | (refused ? 5 : missing ? 3 : 0),
    questions: query.questions,
    answers: refused ? [] : answers(zones, name, question?.type ?? "A"),
  };
}

/** Answers plain DNS queries over UDP and TCP, so that any resolver can be pointed at the lab. */
export class DnsServer {
  private readonly udp: UdpSocket = createSocket("udp4");
  private readonly tcp: Server;

  constructor(private readonly zones: ServedZones) {
    this.udp.on("message", (message, from) => {
      const query = readQuery(() => decode(message));
      if (query) this.udp.send(encode(reply(zones, query)), from.port, from.address);
    });
    this.tcp = createServer((socket: Socket) => {
      let received = Buffer.alloc(0);
      socket.on("error", () => socket.destroy());
      socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
        const query = readQuery(() => streamDecode(received));
        if (query) socket.end(streamEncode(reply(this.zones, query)));
        else socket.destroy();
      });
    });
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.tcp.once("error", reject).listen(port, "127.0.0.1", resolve));
    const bound = (this.tcp.address() as AddressInfo).port;
    await new Promise<void>((resolve, reject) => this.udp.once("error", reject).bind(bound, "127.0.0.1", resolve));
    return bound;
  }

  async close(): Promise<void> {
    await Promise.all([
      new Promise<void>((resolve) => this.udp.close(() => resolve())),
      new Promise((resolve) => this.tcp.close(resolve)),
    ]);
  }
}

/** A malformed packet gets no answer. */
function readQuery(parse: () => Packet): Packet | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
