import type { IncomingMessage } from "node:http";
import { PveError } from "./errors";

/** What came with a request: its parameters as texts, and the content of an uploaded file. */
export interface Sent {
  params: Record<string, string>;
  file?: Buffer;
}

/** An answer that is no JSON: pveproxy gives it before it knows what is asked for. */
export class PlainError extends PveError {
  constructor(
    status: number,
    message: string,
    readonly text: string,
  ) {
    super(status, message);
  }
}

/** A form may not be longer, in bytes. */
const formLimit = 512 * 1024;

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch {
    return text;
  }
};

/** A form as pveproxy reads it: whatever follows a second `=` is lost. A parameter that comes twice is a list. */
export function parseForm(text: string): Record<string, string> {
  const params: Record<string, string> = {};
  for (const pair of text.split("&")) {
    const [key = "", value = ""] = pair.split("=").map(decode);
    if (key === "") continue;
    params[key] = params[key] === undefined ? value : `${params[key]}\0${value}`;
  }
  return params;
}

function parseJson(text: string): Record<string, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const offset = Number(/position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1] ?? 0);
    const rest = text.slice(offset).replace(/}$/, "");
    const what =
      text[offset - 1] === "{"
        ? `'"' expected`
        : "malformed JSON string, neither tag, array, object, number, string or atom";
    const message = `${what}, at character offset ${offset} (before "${rest}") at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 934.`;
    throw new PlainError(500, message, `${message}\n`);
  }
  const one = (value: unknown): string => (typeof value === "boolean" ? String(Number(value)) : String(value));
  const entries = Object.entries(typeof json === "object" && json !== null ? json : {}).filter(
    ([, value]) => value !== null,
  );
  return Object.fromEntries(
    entries.map(([key, value]) => [key, Array.isArray(value) ? value.map(one).join("\0") : one(value)]),
  );
}

/** The parts of an upload; the one with a file name is the file, and its name a parameter. */
function parseMultipart(body: Buffer, boundary: string): Sent {
  const text = body.toString("latin1");
  const params: Record<string, string> = {};
  let file: Buffer | undefined;
  for (const part of text.split(`--${boundary}`).slice(1, -1)) {
    const [head = "", ...content] = part.replace(/^\r\n/, "").split("\r\n\r\n");
    const data = Buffer.from(content.join("\r\n\r\n").replace(/\r\n$/, ""), "latin1");
    const name = /name="([^"]*)"/.exec(head)?.[1] ?? "";
    const filename = /filename="([^"]*)"/.exec(head)?.[1];
    if (filename === undefined) params[name] = data.toString();
    else {
      params.filename = filename;
      file = data;
    }
  }
  if (file === undefined) {
    const message = "upload failed at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 1370.";
    throw new PlainError(500, message, `${message}\n`);
  }
  checkSum(params);
  return { params, file };
}

/** Hexadecimal digits of a checksum. */
const digits: Record<string, number> = { md5: 32, sha1: 40, sha224: 56, sha256: 64, sha384: 96, sha512: 128 };

function checkSum({ checksum, "checksum-algorithm": algorithm }: Record<string, string>): void {
  if (algorithm === undefined) return;
  const wanted = digits[algorithm];
  if (wanted === undefined || !new RegExp(`^[0-9a-fA-F]{${wanted}}$`).test(checksum ?? ""))
    throw new PlainError(400, "Bad Request", "");
}

/** Parameters of the query and the body together. */
export function parseSent(query: string, contentType: string | undefined, body: Buffer): Sent {
  const fromQuery = parseForm(query);
  if (body.length === 0) return { params: fromQuery };
  const [type = ""] = (contentType ?? "").split(";");
  const boundary = /boundary=("?)([^";]+)\1/.exec(contentType ?? "")?.[2];
  if (type === "multipart/form-data" && boundary !== undefined) {
    const { params, file } = parseMultipart(body, boundary);
    return { params: { ...fromQuery, ...params }, file };
  }
  if (type === "application/json") return { params: { ...fromQuery, ...parseJson(body.toString()) } };
  if (type !== "application/x-www-form-urlencoded") {
    const message = `upload 'Content-Type '${type}' not implemented`;
    throw new PlainError(506, message, message);
  }
  if (body.length > formLimit) throw new PlainError(501, "for data too large", "");
  return { params: { ...fromQuery, ...parseForm(body.toString()) } };
}
