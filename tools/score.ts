import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Lab } from "../lab";
import { demoSeed } from "./labstack";
import { projectRoot } from "./root";

/** `npm run lab:score`: how many answers of genuine Proxmox VE the lab gives too, by file. */
const help = `npm run lab:score -- [options] [NAME ...]

Replays recorded sequences of genuine Proxmox VE against the lab, each on a lab of its own in the recorded initial state,
and prints how many answers are the same, by file and by set: those of a single node and those of a cluster of two. Exits 1
below 95 % of a set or 90 % of a file.

  --recordings DIR   one set only: its recordings, with initial-state.json or initial-state-cluster.json
                     (default ../shared/golden/proxmox and ../shared/golden/proxmox2; one that is not there is passed over)
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

const stateOf = (recordings: string): string => {
  const alone = join(recordings, "initial-state.json");
  return existsSync(alone) ? alone : join(recordings, "initial-state-cluster.json");
};

async function replay(recordings: string, program: string, file: string, verbose: boolean): Promise<Score> {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-score-"));
  const lab = await Lab.start({
    seed: demoSeed(),
    proxmoxState: stateOf(recordings),
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
  const golden = join(root, "..", "shared", "golden");
  const sets = [option("--recordings", join(golden, "proxmox"))];
  if (sets[0] === join(golden, "proxmox")) sets.push(join(golden, "proxmox2"));
  const program = option("--replay", join(root, "..", "shared", "tools", "replay-proxmox.mjs"));
  const verbose = args.includes("--verbose");
  const names = args.filter((arg) => !arg.startsWith("--"));
  const missing = sets.filter((recordings) => !existsSync(recordings));
  if (!existsSync(program) || missing.length === sets.length) {
    const needed = existsSync(program) ? missing[0] : program;
    process.stderr.write(
      `${needed} is not there: name it with --recordings or --replay (npm run lab:score -- --help)\n`,
    );
    return 2;
  }
  let isGood = true;
  for (const recordings of sets) {
    if (missing.includes(recordings)) process.stdout.write(`${recordings} is not there: passed over\n`);
    else isGood = (await scoreSet(recordings, { program, verbose, names })) && isGood;
  }
  return isGood ? 0 : 1;
}

/** Prints the scores of a set of recordings. @returns whether they are good enough */
async function scoreSet(
  recordings: string,
  { program, verbose, names }: { program: string; verbose: boolean; names: string[] },
): Promise<boolean> {
  const files = readdirSync(recordings).filter(
    (file) => file.endsWith(".jsonl") && (names.length === 0 || names.some((name) => file.includes(name))),
  );
  if (files.length === 0) return true;
  // A sequence mostly waits: all at once take as long as the longest.
  const scores = await Promise.all(files.sort().map((file) => replay(recordings, program, file, verbose)));
  const row = (name: string, matched: number, total: number) =>
    process.stdout.write(
      `${name.padEnd(32)} ${String(matched).padStart(4)} of ${String(total).padStart(4)}  ${percent(matched, total)} %\n`,
    );
  for (const { file, matched, total, output } of scores) {
    if (verbose) process.stdout.write(output.replace(/^(?! {2}).*\n/gm, ""));
    row(file, matched, total);
  }
  const matched = scores.reduce((sum, score) => sum + score.matched, 0);
  const total = scores.reduce((sum, score) => sum + score.total, 0);
  row(`all of ${basename(recordings)}`, matched, total);
  return percent(matched, total) >= 95 && scores.every((score) => percent(score.matched, score.total) >= 90);
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
