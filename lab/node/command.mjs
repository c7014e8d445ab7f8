// A command of Proxmox VE's on a node of the lab: asks the lab, prints what it says, ends as it says.
// The lab makes `qm`, `pct` and the others of it, by scripts that name it and the command.
import { request } from "node:http";

const [command, ...args] = process.argv.slice(2);
const url = process.env.LAB_NODE_URL ?? "";
const asked = request(url, { method: "POST" }, async (response) => {
  let text = "";
  for await (const chunk of response) text += chunk;
  const { code, stdout, stderr } = JSON.parse(text);
  process.stderr.write(stderr);
  process.stdout.write(stdout, () => process.exit(code));
});
asked.on("error", (error) => {
  process.stderr.write(`${command}: the lab does not answer: ${error.message}\n`);
  process.exit(255);
});
asked.end(JSON.stringify({ command, args, cwd: process.cwd() }));
