import { spawn } from "node:child_process";
import { projectRoot } from "../../tools/root";

/** As a user would run it, with a stack's configuration from its file and secrets from the environment. @param script `run.js` is `npm run up` */
export function runOps(
  args: string[],
  env: NodeJS.ProcessEnv,
  program: "main" | "pipeline" | "run" = "main",
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ["tools/bootstrap.mjs", `dist/cli/${program}.js`, ...args], {
    cwd: projectRoot(),
    env: { ...process.env, ...env },
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said.err += chunk.toString();
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...said })));
}
