import { appendFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Printed } from "./qm";

/** The options that they know; a word follows each. */
const known: Record<string, string[]> = {
  "virt-customize": ["--add", "--install", "--run-command"],
  "virt-sysprep": ["--add", "--operations"],
};

/**
 * virt-customize and virt-sysprep of the lab: they take the same words, and leave them at the image's end in the place of
 * changing what is in it. The real ones need a kernel and minutes; `npm run test:real` runs those.
 */
export function virt(command: string, args: string[], cwd: string): Printed {
  const fail = (text: string): Printed => ({ code: 1, stdout: "", stderr: `${command}: error: ${text}\n` });
  const done: [string, string][] = [];
  for (let n = 0; n < args.length; n++) {
    const arg = args[n] ?? "";
    if (!known[command]?.includes(arg)) return fail(`unrecognized option '${arg}'`);
    const value = args[++n];
    if (value === undefined) return fail(`option '${arg}' needs an argument`);
    done.push([arg, value]);
  }
  const image = resolve(cwd, done.find(([name]) => name === "--add")?.[1] ?? "");
  const size = statSync(image, { throwIfNoEntry: false })?.size;
  if (size === undefined) return fail(`${image}: No such file or directory`);
  if (size === 0) return fail("no operating systems were found in the guest image");
  const failing = done.find(([name, value]) => name === "--run-command" && value.includes("exit 1"));
  if (failing) return fail(`${failing[1]}: command exited with an error`);
  const words = done.filter(([name]) => name !== "--add");
  appendFileSync(image, `${words.map(([name, value]) => `\n${command} ${name} ${JSON.stringify(value)}`).join("")}\n`);
  return { code: 0, stdout: "[   0.0] Examining the guest ...\n[  10.0] Finishing off\n", stderr: "" };
}
