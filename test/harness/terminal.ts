import { spawn } from "node:child_process";
import { projectRoot } from "../../tools/root";

/** What is answered where the terminal shows such a text. */
export type Answer = [asked: RegExp, answer: string];

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** A command on a terminal of its own (a pty of util-linux's `script`), with somebody who answers. */
export function onTerminal(
  words: string[],
  env: NodeJS.ProcessEnv,
  answers: Answer[] = [],
): Promise<{ code: number | null; shown: string }> {
  const child = spawn("script", ["-qec", words.map(quoted).join(" "), "/dev/null"], {
    cwd: projectRoot(),
    env: { ...process.env, TERM: "xterm", ...env },
  });
  const waiting = [...answers];
  let shown = "";
  let from = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    const next = waiting.find(([asked]) => asked.test(shown.slice(from)));
    if (next === undefined) return;
    from = shown.length;
    waiting.splice(waiting.indexOf(next), 1);
    child.stdin.write(`${next[1]}\r`);
  });
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`nothing more is shown, and ${String(waiting[0]?.[0])} was not: ${shown}`));
    }, 50_000);
    child.on("close", (code) => {
      clearTimeout(limit);
      child.stdin.destroy();
      resolve({ code, shown });
    });
  });
}

/** `ops` on a terminal. */
export const opsOnTerminal = (args: string[], env: NodeJS.ProcessEnv, answers: Answer[] = []) =>
  onTerminal([process.execPath, "dist/cli/main.js", ...args], env, answers);
