import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { parse } from "yaml";
import { z } from "zod";
import { pulumiFolder } from "../../cli/pulumi";
import { type Endpoints, Lab } from "../../lab";
import { parseSaved } from "../../lab/saved";
import { zonesOf } from "../../tools/labstack";
import { projectRoot } from "../../tools/root";
import { Stack } from "../../tools/stack";
import { SystemClients } from "../../tools/systemclients";

// Fixtures of states: what a program of an earlier commit left behind, with the lab as it then was. test/fixtures/README.md
// says what is in one and how it is recorded.

const folderOfAll = join(projectRoot(), "test", "fixtures", "states");
const stateFile = "state.json.gz";
const labFile = "lab.json.gz";
const metadataFile = "fixture.json";
const filesFolder = "files";
const leftFile = "left.json";

const metadata = z.strictObject({
  program: z.string(),
  /** Of the code that made the state. */
  commit: z.string(),
  stack: z.string(),
  /** What the program got by environment: tokens of the saved lab. */
  environment: z.record(z.string(), z.string()),
});
const lines = z.array(z.string());
export type FixtureMetadata = z.infer<typeof metadata>;

// ---- places: where the recorded lab was, and where the loaded one is

/** A lab's addresses and folder, with what stands for each in a fixture. */
type Places = readonly (readonly [placeholder: string, actual: string])[];

/** What stands for a lab's ports. @param folder of the whole test: the lab's, the stack's and the files' */
function placesOf(endpoints: Endpoints, folder: string): Places {
  const port = (url: string) => new URL(url).port;
  const ports: [string, string | number][] = [
    ["netbox", port(endpoints.netbox.url)],
    ...Object.entries(endpoints.proxmox).flatMap(([name, { url, ssh }]): [string, string | number][] => [
      [`proxmox-${name}`, port(url)],
      ...Object.entries(ssh.nodes).map(([node, each]): [string, number] => [`node-${name}-${node}`, each.port]),
    ]),
    ["ssh", endpoints.ssh.port],
    ["dns", endpoints.dns.port],
  ];
  return [["__folder__", folder], ...ports.map(([name, number]) => [`__port-${name}__`, String(number)] as const)];
}

/** Ports are found behind the loopback address, and as numbers of a configuration. */
function generalize(text: string, places: Places): string {
  let general = text;
  for (const [placeholder, actual] of places)
    general = placeholder.startsWith("__port-")
      ? general
          .replaceAll(new RegExp(`\\b127\\.0\\.0\\.1:${actual}\\b`, "g"), `127.0.0.1:${placeholder}`)
          .replaceAll(new RegExp(`^(\\s*(?:port|\\w+Port): )${actual}$`, "gm"), `$1${placeholder}`)
      : general.replaceAll(actual, placeholder);
  return general;
}

const placed = (text: string, places: Places): string =>
  places.reduce((done, [placeholder, actual]) => done.replaceAll(placeholder, actual), text);

// ---- writing

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** Writes a fixture in the place of the one that its program has of that commit. @param files beside the stack's own, like access.yml */
export async function writeFixture(
  lab: Lab,
  folder: string,
  stack: Stack,
  described: FixtureMetadata,
  files: string[],
): Promise<void> {
  const target = join(folderOfAll, described.program, described.commit);
  const places = placesOf(lab.endpoints, folder);
  const put = (name: string, text: string) => {
    const path = join(target, name);
    mkdirSync(dirname(path), { recursive: true });
    const general = generalize(text, places);
    writeFileSync(path, name.endsWith(".gz") ? gzipSync(general, { level: 9 }) : general);
  };
  rmSync(target, { recursive: true, force: true });
  put(metadataFile, `${JSON.stringify(described, undefined, 2)}\n`);
  put(stateFile, stack.exported());
  put(labFile, JSON.stringify(await lab.save()));
  const configuration = `Pulumi.${described.stack}.yaml`;
  put(configuration, readFileSync(join(folder, described.stack, configuration), "utf8"));
  for (const file of files) put(join(filesFolder, relative(folder, file)), readFileSync(file, "utf8"));
}

/** Adds to a fixture what the systems hold after one deletion and a destroy by the program that made its state. */
export function writeLeft({ program, commit }: FixtureMetadata, left: string[]): void {
  writeFileSync(join(folderOfAll, program, commit, leftFile), `${JSON.stringify(left, undefined, 1)}\n`);
}

// ---- loading

/** The fixtures that there are, by program and commit. */
export const fixtures = (): { program: string; commit: string }[] =>
  readdirSync(folderOfAll).flatMap((program) =>
    readdirSync(join(folderOfAll, program)).map((commit) => ({ program, commit })),
  );

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * The lab of a document in which NetBox's port is open: its guests' notes have NetBox's URL in them, and so the port is chosen
 * before the lab begins. Another process may take it meanwhile: then it is another one.
 */
async function openLab(document: string, folder: string): Promise<Lab> {
  for (let attempt = 1; ; attempt++) {
    const netbox = await freePort();
    const text = placed(document, [["__port-netbox__", String(netbox)]]);
    const saved = parseSaved(text, "the fixture's lab");
    try {
      return await Lab.start({ saved, folder: join(folder, "lab"), ports: { netbox } });
    } catch (error) {
      if (attempt === 5 || !String(error).includes("EADDRINUSE")) throw error;
    }
  }
}

const configuration = z.looseObject({ config: z.record(z.string(), z.unknown()) });

/** A fixture, opened: its lab runs, and its stack stands as the program had left it. */
export class Fixture {
  private constructor(
    readonly lab: Lab,
    readonly clients: SystemClients,
    readonly stack: Stack,
    /** Of the files beside the stack's: access.yml and the like. */
    readonly folder: string,
    /** What the systems hold after one deletion and a destroy. */
    readonly left: string[],
  ) {}

  static async open(program: string, commit: string): Promise<Fixture> {
    const source = join(folderOfAll, program, commit);
    const read = (name: string) => {
      const content = readFileSync(join(source, name));
      return (name.endsWith(".gz") ? gunzipSync(content) : content).toString();
    };
    const { stack: name, environment } = metadata.parse(JSON.parse(read(metadataFile)));
    const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-test-"));
    const lab = await openLab(placed(read(labFile), [["__folder__", folder]]), folder);
    const places = placesOf(lab.endpoints, folder);
    const put = (path: string, text: string) => {
      mkdirSync(dirname(path), { recursive: true });
      // As private as a sink's file has to be.
      writeFileSync(path, placed(text, places), { mode: 0o600 });
    };
    const own = join(folder, name);
    const backend = join(own, "state", ".pulumi");
    put(join(backend, "meta.yaml"), "version: 1\n");
    put(join(backend, "stacks", "netbox-proxmox", `${name}.json`), read(stateFile));
    put(join(own, `Pulumi.${name}.yaml`), read(`Pulumi.${name}.yaml`));
    const files = join(source, filesFolder);
    const kept = readdirSync(source).includes(filesFolder) ? filesBelow(files) : [];
    for (const file of kept) put(join(folder, relative(files, file)), readFileSync(file, "utf8"));
    const { config } = configuration.parse(parse(readFileSync(join(own, `Pulumi.${name}.yaml`), "utf8")));
    const left = lines.parse(JSON.parse(read(leftFile)));
    const stack = new Stack({
      cli: await pulumiFolder(),
      name,
      folder: own,
      secrets: {},
      env: environment,
      config: Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^[^:]+:/, ""), value])),
    });
    return new Fixture(lab, new SystemClients(lab.endpoints, zonesOf(lab.seed)), stack, folder, left);
  }

  async close(): Promise<void> {
    await this.clients.close();
    await this.lab.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
