import { spawn, spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { checkedBuild } from "../providers/build";
import { projectRoot } from "../tools/root";
import { pulumiHome, quietHome } from "./home";

// Finds the Pulumi CLI, or gets it: from PATH, from the npm package's cache, by the npm package, or built from source.

/** Older ones lack `--run-program`. */
const oldest = [3, 160] as const;
const root = projectRoot();
const executable = process.platform === "win32" ? "pulumi.exe" : "pulumi";
const say = (text: string) => process.stderr.write(`… ${text}\n`);

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).size > 0;
  } catch {
    return false;
  }
}

function onPath(): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, executable);
    if (folder.includes("node_modules") || !isExecutable(file)) continue;
    const version = /v?(\d+)\.(\d+)\./.exec(spawnSync(file, ["version"], { encoding: "utf8" }).stdout ?? "");
    const [major = 0, minor = 0] = (version ?? []).slice(1).map(Number);
    if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return folder;
    say(`${file} is older than ${oldest.join(".")}: not used`);
  }
  return undefined;
}

const packageVersion = (): string =>
  (JSON.parse(readFileSync(join(root, "node_modules", "pulumi", "package.json"), "utf8")) as { version: string })
    .version;

/** Where the npm package `pulumi` keeps the CLI of its version, and so do we. */
function cacheFolder(version: string): string {
  return join(pulumiHome(), "versions", version, "bin");
}

/** @returns the folder of the CLI and its language host, for PATH. @throws with the ways out */
export async function pulumiFolder(): Promise<string> {
  const version = process.env.PULUMI_VERSION ?? packageVersion();
  const cached = cacheFolder(version);
  if (isExecutable(join(cached, executable)) && existsSync(join(cached, "pulumi-language-nodejs"))) return cached;
  const found = onPath();
  if (found) return found;
  say(`getting the Pulumi CLI ${version} (about 200 MB, once)`);
  if (downloaded(cached)) return cached;
  const go = spawnSync("go", ["version"], { encoding: "utf8" });
  if (go.status === 0) return build(version, cached);
  throw new Error(
    "There is no Pulumi CLI: none is on PATH, the vendor's site can't be reached, and there is no Go to build it with.\n" +
      "Install it (https://www.pulumi.com/docs/install/), or install Go 1.25 or later and run this again.",
  );
}

function downloaded(folder: string): boolean {
  const run = spawnSync(process.execPath, [join(root, "node_modules", "pulumi", "run.js"), "version"], {
    stdio: ["ignore", "ignore", "ignore"],
    timeout: 600_000,
  });
  return run.status === 0 && isExecutable(join(folder, executable));
}

// ---- from source, for places that reach package registries only

const languageHost = "v3.68.0"; // the last sdk/v3 whose module still holds pulumi-language-nodejs
const clipboard = "github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e"; // pkg/v3's own replace

async function build(version: string, folder: string): Promise<string> {
  say("the vendor's site can't be reached: building the CLI from the Go module proxy (5 to 15 minutes, once)");
  const work = `${folder}.build`;
  rmSync(work, { recursive: true, force: true });
  for (const part of ["cli", "host", "bin"]) mkdirSync(join(work, part), { recursive: true });
  const flags = [
    "-trimpath",
    "-ldflags",
    `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`,
  ];
  const go = (part: string, what: string, args: string[]) => timed(what, "go", args, join(work, part));

  writeFileSync(
    join(work, "cli", "go.mod"),
    `module cli\ngo 1.25\nrequire (\n github.com/pulumi/pulumi/pkg/v3 v${version}\n github.com/pulumi/pulumi/sdk/v3 v${version}\n)\nreplace ${clipboard}\n`,
  );
  const module = JSON.parse(
    await go("cli", "fetching the CLI's source", [
      "mod",
      "download",
      "-json",
      `github.com/pulumi/pulumi/pkg/v3@v${version}`,
    ]),
  ) as { Dir: string };
  writeFileSync(join(work, "cli", "go.sum"), readFileSync(join(module.Dir, "go.sum")));
  await go("cli", "fetching its modules", ["get", "-tool", `github.com/pulumi/pulumi/pkg/v3/cmd/pulumi@v${version}`]);
  await go("cli", "compiling the CLI", [
    "build",
    ...flags,
    "-o",
    join(work, "bin", "pulumi"),
    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  ]);
  const host = "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs";
  await go("host", "preparing the Node.js host", ["mod", "init", "host"]);
  await go("host", "fetching its modules", ["get", "-tool", `${host}@${languageHost}`]);
  await go("host", "compiling the Node.js host", [
    "build",
    ...flags,
    "-o",
    join(work, "bin", "pulumi-language-nodejs"),
    host,
  ]);

  mkdirSync(folder, { recursive: true });
  copyFileSync(
    join(root, "node_modules", "@pulumi", "pulumi", "pulumi-resource-pulumi-nodejs"),
    join(folder, "pulumi-resource-pulumi-nodejs"),
  );
  // The CLI comes last: where it is, everything is.
  for (const file of ["pulumi-language-nodejs", "pulumi"]) renameSync(join(work, "bin", file), join(folder, file));
  rmSync(work, { recursive: true, force: true });
  return folder;
}

function timed(what: string, command: string, args: string[], cwd: string): Promise<string> {
  const start = Date.now();
  say(what);
  const beat = setInterval(() => say(`${what}: ${Math.round((Date.now() - start) / 1000)} s so far`), 60_000);
  return new Promise((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    const child = spawn(command, args, { cwd, env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod" } });
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(beat);
      if (code === 0) return resolve(stdout);
      return reject(new Error(`${what} failed (${command} ${args.join(" ")} in ${cwd}):\n${stderr.slice(-2000)}`));
    });
  });
}

/** Node's options for the CLI's own Node.js processes: the program and the provider start in a third of the time (docs/decisions/019). */
function nodeOptions(): string {
  const quick = `--require ${JSON.stringify(join(root, "tools", "preload.cjs"))}`;
  const own = process.env.NODE_OPTIONS ?? "";
  return own.includes(quick) ? own : `${own} ${quick}`.trim();
}

/**
 * The environment of a `pulumi` of this project: its CLI first on PATH, no questions to the vendor, no logs of every property,
 * modules from the pack.
 */
export function pulumiEnvironment(folder: string): NodeJS.ProcessEnv {
  const home = quietHome();
  return {
    ...process.env,
    ...checkedBuild(),
    ...(home === undefined ? {} : { PULUMI_HOME: home }),
    PATH: `${folder}${delimiter}${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    NODE_OPTIONS: nodeOptions(),
  };
}

/** The same for a stack. The lab's secrets are fakes, and so is its passphrase, where nobody gives one. */
export function withLabPassphrase(env: NodeJS.ProcessEnv, stack: string | undefined): NodeJS.ProcessEnv {
  const isGiven = env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE !== undefined;
  return stack !== "dev" || isGiven ? env : { ...env, PULUMI_CONFIG_PASSPHRASE: "lab" };
}
