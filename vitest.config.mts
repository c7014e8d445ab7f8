import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const real = process.env.REAL_SERVICES !== undefined;
const slow = process.env.SLOW_TESTS !== undefined;

// CI has 45 minutes (docs/decisions/018): its test:slow leaves out what runs on the real services just as it does on the lab;
// `npm run test:slow` runs all of it.
const inCi = process.env.IN_CI !== undefined;
const onReal =
  "test/slow/{access,discovery,guards,injection,intent,netboxdns,platform,random,rotated,scopes,secrets,templates,together,tokensetup,wholelife}.test.ts";

/** What takes longest, longest first: it starts first, so that nobody waits for it at the end. */
const longest = [
  ...[
    "platform",
    "discovery",
    "wholelife",
    "access",
    "pipelines",
    "guards",
    "ownership",
    "states",
    "secrets",
    "terminal",
  ],
  ...["templates", "graph", "together", "state", "life", "badinput", "untidyaddresses", "lives", "leftout", "readme"],
].map((name) => `/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(name));
      return found < 0 ? longest.length : found;
    };
    return [...(await super.sort(files))].sort((one, other) => place(one) - place(other));
  }
}

// `npm test` is the fast loop; what takes long has a name of its own (`npm run test:slow`). On the real services the suites
// run that need systems at all, slow ones too: three at once, as there are three of NetBox and of BIND (test/harness/services.ts).
const suites = real
  ? ["test/{lifecycle,slow,contract,cli,real}/**/*.test.ts", "test/providers/**/*.handler.test.ts"]
  : [slow ? "test/slow/**/*.test.ts" : "test/**/*.test.ts"];

export default defineConfig({
  test: {
    include: suites,
    // Generated guests ask no NetBox anything; attributes of guests, broken and killed runs, odd answers, bad input, missing
    // rights, nodes, hands on guests, marks, limits and what opens a lab of its own are the lab's: once is enough.
    exclude: real
      ? [
          "test/slow/{guests,faults,fuzz,privileges,otherprivileges,templatesteps}.test.ts",
          "test/slow/{attributepairs,attributes,bench,carried,doctor,guestcommands,integrity,killed,limits,ownership,pairs,pipelines}.test.ts",
          "test/slow/{branches,chosen,equal,equalprograms,planfile,journal,renamed,repeated,snapshots,states,terminal}.test.ts",
          "test/lifecycle/{badinput,readme,states}.test.ts",
          "test/providers/proxmox/{access/access,nodes/snapshot}.handler.test.ts",
          "test/cli/{counts,ending,environment,gatherer,guests,home,integrity,locks,operation,planposts,power,serve,unread}.test.ts",
          // The real plugin has test/real/branch.
          "test/contract/branches.test.ts",
        ]
      : slow
        ? inCi
          ? [onReal]
          : []
        : ["test/real/**", "test/slow/**"],
    sequence: { sequencer: LongestFirst },
    // Half of a suite's time it waits: for a task, a process, a deadline. So more of them run at once than there are cores.
    maxWorkers: real || slow ? 3 : 6,
    // A fifth of the fast loop's CPU would go into loading the same modules for each file.
    isolate: real || slow,
    testTimeout: real ? 300_000 : 120_000,
    hookTimeout: real ? 300_000 : 120_000,
    reporters: ["default", ["json", { outputFile: process.env.TEST_REPORT ?? ".lab/test-report.json" }]],
  },
});
