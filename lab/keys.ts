import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { utils } from "ssh2";
import { z } from "zod";
import { type Certificate, makeCertificate } from "./certificate";

const certificateFile = "proxmox.json";
const caFile = "proxmox-ca.pem";
const hostKeyFile = "ssh_host_ed25519_key";
const clientKeyFile = "id_ed25519";

const pair = z.object({ private: z.string(), public: z.string() });

/** What a lab proves itself with, and what one logs in with over ssh. */
export const savedKeys = z.object({
  certificate: z.object({ key: z.string(), cert: z.string(), fingerprint: z.string() }),
  sshHost: pair,
  sshClient: pair,
});
export type SavedKeys = z.infer<typeof savedKeys>;

function writePair(folder: string, name: string, keys: z.infer<typeof pair>): void {
  writeFileSync(join(folder, name), keys.private, { mode: 0o600 });
  writeFileSync(join(folder, `${name}.pub`), keys.public);
}

const readPair = (folder: string, name: string): z.infer<typeof pair> => ({
  private: readFileSync(join(folder, name), "utf8"),
  public: readFileSync(join(folder, `${name}.pub`), "utf8"),
});

/** ssh2 now and then generates an ed25519 key that it can't read back itself: such a pair is thrown away. */
function keyPair(): z.infer<typeof pair> {
  for (;;) {
    const made = utils.generateKeyPairSync("ed25519", { comment: "lab" });
    if ([made.public, made.private].some((key) => utils.parseKey(key) instanceof Error)) continue;
    return { private: made.private, public: `${made.public}\n` };
  }
}

export function sshKeys(folder: string): { hostKey: string; hostPublicKey: string; clientPublicKey: string } {
  for (const name of [hostKeyFile, clientKeyFile])
    if (!existsSync(join(folder, name))) writePair(folder, name, keyPair());
  const host = readPair(folder, hostKeyFile);
  return {
    hostKey: `${host.private.trim()}\n`,
    hostPublicKey: host.public.trim(),
    clientPublicKey: readPair(folder, clientKeyFile).public.trim(),
  };
}

export async function certificateOf(folder: string): Promise<Certificate> {
  const file = join(folder, certificateFile);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(await makeCertificate()), { mode: 0o600 });
  const certificate = savedKeys.shape.certificate.parse(JSON.parse(readFileSync(file, "utf8")));
  if (!existsSync(join(folder, caFile))) writeFileSync(join(folder, caFile), certificate.cert, { mode: 0o644 });
  return certificate;
}

/** The keys that a folder holds. */
export async function readKeys(folder: string): Promise<SavedKeys> {
  return {
    certificate: await certificateOf(folder),
    sshHost: readPair(folder, hostKeyFile),
    sshClient: readPair(folder, clientKeyFile),
  };
}

/** Writes a saved lab's keys; those of another lab that the folder held go. */
export function writeKeys(folder: string, { certificate, sshHost, sshClient }: SavedKeys): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, certificateFile), JSON.stringify(certificate), { mode: 0o600 });
  writeFileSync(join(folder, caFile), certificate.cert, { mode: 0o644 });
  writePair(folder, hostKeyFile, sshHost);
  writePair(folder, clientKeyFile, sshClient);
}
