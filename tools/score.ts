import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab } from "../lab";
import { demoSeed } from "./labstack";
import { projectRoot } from "./root";

/** `npm run lab:score`: how many answers of genuine Proxmox VE nodes the lab gives too, by file. */
const help = `npm run lab:score -- [options] [NAME ...]

Replays recorded sequences of a genuine Proxmox VE node against the lab, each on a lab of its own in the recorded initial
state, and prints how many answers are the same. Exits 1 below 95 % of all or 90 % of one.

  --recordings DIR   the recordings, with initial-state.json (default ../shared/golden/proxmox)
  --replay FILE      the replay program (default ../shared/tools/replay-proxmox.mjs)
  --verbose          every mismatch
  NAME               only files whose name has this in it
`;

interface Score {
  file: string;
  matched: number;
  total: number;
  output: string;
}

const root = projectRoot();

async function replay(recordings: string, program: string, file: string, verbose: boolean): Promise<Score> {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-score-"));
  const lab = await Lab.start({
    seed: demoSeed(),
    proxmoxState: join(recordings, "initial-state.json"),
    folder,
  });
  try {
    const [endpoint] = Object.values(lab.endpoints.proxmox);
    if (endpoint === undefined) throw new Error("the recorded state has no node");
    const json = join(folder, "score.json");
    const child = spawn(
      process.execPath,
      [
        ...[
          program,
          "--url",
          endpoint.url,
          "--token",
          endpoint.token,
          "--password-login",
          endpoint.login,
          "--insecure",
        ],
        ...["--setup-url", `${lab.endpoints.control.url}/setup`, "--json", json, ...(verbose ? ["--verbose"] : [])],
        join(recordings, file),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => child.once("close", resolve));
    const { matched, total } = JSON.parse(readFileSync(json, "utf8")) as { matched: number; total: number };
    return { file, matched, total, output: Buffer.concat(chunks).toString() };
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const percent = (matched: number, total: number): number => Math.floor((matched / total) * 10_000) / 100;

async function main(args: string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(help);
    return 0;
  }
  const option = (name: string, fallback: string) => {
    const at = args.indexOf(name);
    return at < 0 ? fallback : (args.splice(at, 2)[1] ?? fallback);
  };
  const recordings = option("--recordings", join(root, "..", "shared", "golden", "proxmox"));
  const program = option("--replay", join(root, "..", "shared", "tools", "replay-proxmox.mjs"));
  const verbose = args.includes("--verbose");
  const names = args.filter((arg) => !arg.startsWith("--"));
  for (const needed of [recordings, program])
    if (!existsSync(needed)) {
      process.stderr.write(
        `${needed} is not there: name it with --recordings or --replay (npm run lab:score -- --help)\n`,
      );
      return 2;
    }
  const files = readdirSync(recordings).filter(
    (file) => file.endsWith(".jsonl") && (names.length === 0 || names.some((name) => file.includes(name))),
  );
  // A sequence mostly waits: all at once take as long as the longest.
  const scores = await Promise.all(files.sort().map((file) => replay(recordings, program, file, verbose)));
  for (const { file, matched, total, output } of scores) {
    if (verbose) process.stdout.write(output.replace(/^(?! {2}).*\n/gm, ""));
    process.stdout.write(
      `${file.padEnd(28)} ${String(matched).padStart(4)} of ${String(total).padStart(4)}  ${percent(matched, total)} %\n`,
    );
  }
  const sum = (of: (score: Score) => number) => scores.reduce((all, score) => all + of(score), 0);
  const all = percent(
    sum((score) => score.matched),
    sum((score) => score.total),
  );
  process.stdout.write(
    `${"all".padEnd(28)} ${String(sum((score) => score.matched)).padStart(4)} of ${String(sum((score) => score.total)).padStart(4)}  ${all} %\n`,
  );
  return all >= 95 && scores.every(({ matched, total }) => percent(matched, total) >= 90) ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
