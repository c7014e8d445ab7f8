import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A file with the head of a qcow2 image of so many bytes, and a text that makes it another one. */
export function qcow2(size: number, salt: string): Buffer {
  const image = Buffer.alloc(4096);
  image.writeUInt32BE(0x514649fb, 0);
  image.writeUInt32BE(3, 4);
  image.writeBigUInt64BE(BigInt(size), 24);
  image.write(salt, 1024);
  return image;
}

/** A server of cloud images on loopback, with lists of their checksums. */
export class ImageServer {
  readonly files = new Map<string, Buffer>();
  /** Paths that were asked for, with the range. */
  readonly asked: string[] = [];
  /** Of the next answer so many bytes are sent, and then the connection drops. */
  cutAfter: number | undefined;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const path = new URL(request.url ?? "", "http://images").pathname.slice(1);
      const { range } = request.headers;
      this.asked.push(range === undefined ? path : `${path} ${range}`);
      const file = path.endsWith("SUMS") ? Buffer.from(this.list(path)) : this.files.get(decodeURIComponent(path));
      if (file === undefined) return void response.writeHead(404).end();
      const start = Number(/^bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
      const headers = { "Content-Length": file.length - start, "Accept-Ranges": "bytes" };
      response.writeHead(range === undefined ? 200 : 206, {
        ...headers,
        ...(range === undefined ? {} : { "Content-Range": `bytes ${start}-${file.length - 1}/${file.length}` }),
      });
      const { cutAfter } = this;
      this.cutAfter = undefined;
      if (cutAfter === undefined) return void response.end(file.subarray(start));
      response.write(file.subarray(start, start + cutAfter), () => response.destroy());
    });
  }

  static async open(): Promise<ImageServer> {
    const images = new ImageServer();
    await new Promise<void>((resolve) => images.server.listen(0, "127.0.0.1", resolve));
    return images;
  }

  url(file: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${encodeURIComponent(file)}`;
  }

  checksum(file: string): string {
    return createHash("sha256")
      .update(this.files.get(file) ?? "")
      .digest("hex");
  }

  /** Of every file, as sha256sum prints them, or in the BSD form. */
  private list(path: string): string {
    return [...this.files.keys()]
      .map((file) =>
        path.startsWith("BSD") ? `SHA256 (${file}) = ${this.checksum(file)}` : `${this.checksum(file)} *${file}`,
      )
      .join("\n");
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
