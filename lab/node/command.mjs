// A command of Proxmox VE's on a node of the lab: asks the lab, prints what it says, ends as it says.
// The lab makes `qm`, `pct` and the others of it, by scripts that name it and the command.
import { spawn } from "node:child_process";
import { request } from "node:http";

const [command, ...args] = process.argv.slice(2);
const url = process.env.LAB_NODE_URL ?? "";
const real = process.env.LAB_MACHINES === "yes";

async function input() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// What a container's machine is told goes there as it comes; the lab only hears of it where there is no machine.
const stdin = command === "pct" && !real ? await input() : undefined;
const asked = request(url, { method: "POST" }, async (response) => {
  let text = "";
  for await (const chunk of response) text += chunk;
  const { code, stdout, stderr } = JSON.parse(text);
  if (command === "pct" && real && code === 0) {
    const [program, ...words] = stdout.trim().split("\n");
    const child = spawn(program, [...words, ...args.slice(args.indexOf("--") + 1)], { stdio: "inherit" });
    child.on("exit", (status) => process.exit(status ?? 255));
    return;
  }
  process.stderr.write(stderr);
  process.stdout.write(stdout, () => process.exit(code));
});
asked.on("error", (error) => {
  process.stderr.write(`${command}: the lab does not answer: ${error.message}\n`);
  process.exit(255);
});
asked.end(JSON.stringify({ command, args, cwd: process.cwd(), stdin }));
