import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { presentable, UserError } from "../errors";
import type { Destination } from "./secretsink.model";

type StackPlace = Extract<Destination, { to: "stack" }>;

/** `pulumi config …` of another stack; a value goes in by its standard input, as arguments are shown to everyone. */
function pulumi(
  { stack, project }: StackPlace,
  words: string[],
  input = "",
): Promise<{ code: number; text: string; errors: string }> {
  const cwd = resolve(project);
  if (!existsSync(cwd))
    throw new UserError(`There is no folder ${cwd}, where the project of stack ${stack} should be.`);
  const child = spawn("pulumi", ["config", ...words, "--stack", stack, "--non-interactive"], {
    cwd,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  let text = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdin.on("error", () => {}); // it ended without reading: its exit says why
  child.stdin.end(input);
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done({ code: code ?? 1, text, errors }));
  });
}

const failed = (place: StackPlace, what: string, errors: string): UserError =>
  new UserError(
    `Unable to ${what} ${place.key} of stack ${place.stack}: ${presentable(errors.trim().split("\n")[0] ?? "")}. Check that the stack is there (pulumi stack ls), and that its passphrase is in the environment.`,
  );

/** A secret of another stack's configuration; undefined where it has none. */
export async function readStackSecret(place: StackPlace): Promise<string | undefined> {
  const { code, text, errors } = await pulumi(place, ["get", "--path", place.key]);
  if (code === 0) return text.replace(/\n$/, "");
  if (/not found/.test(errors)) return undefined;
  throw failed(place, "read", errors);
}

export async function writeStackSecret(place: StackPlace, value: string): Promise<void> {
  const { code, errors } = await pulumi(place, ["set", "--path", "--secret", place.key], value);
  if (code !== 0) throw failed(place, "set", errors);
}

export async function removeStackSecret(place: StackPlace): Promise<void> {
  const { code, errors } = await pulumi(place, ["rm", "--path", place.key]);
  if (code !== 0 && !/not found/.test(errors)) throw failed(place, "remove", errors);
}
