import { messageOf } from "../providers/errors";
import { Gatherer, type Pace } from "./gatherer";

/** Requests of which is remembered where they were. */
const mostRequests = 1000;

export interface BranchPlanOptions {
  pace: Pace;
  /** Plans a branch for a stack and gives the report to who reviews it; left out, nothing is planned. @returns whether it went well */
  plan?: (stack: string, branch: string) => Promise<boolean>;
  /** The branch in which a request to NetBox was; undefined of one to main, and of one that nobody knows. */
  branchOf: (request: string) => Promise<string | undefined>;
  say: (line: string) => void;
}

/** What follows from changes in branches of NetBox: no run of main, and a plan for who reviews the branch. */
export class BranchPlans {
  /** By stack and branch. */
  private readonly gatherers = new Map<string, { branch: string; gatherer: Gatherer }>();
  private readonly requests = new Map<string, Promise<string | undefined>>();
  private isClosed = false;
  private isToldUnknown = false;

  constructor(private readonly options: BranchPlanOptions) {}

  get plans(): boolean {
    return this.options.plan !== undefined;
  }

  /** Something has changed in the branch. */
  note(stack: string, branch: string): void {
    const { plan, pace, say } = this.options;
    if (plan === undefined || this.isClosed) return;
    const key = `${stack}\0${branch}`;
    const known = this.gatherers.get(key) ?? {
      branch,
      gatherer: new Gatherer(pace, async () => {
        say(`${stack}: plans the branch ${branch}`);
        const went = await plan(stack, branch).catch((error: unknown) => {
          say(`${stack}: the branch ${branch}: ${messageOf(error)}`);
          return false;
        });
        say(`${stack}: the branch ${branch} is ${went ? "planned" : "not planned"}`);
        return went;
      }),
    };
    this.gatherers.set(key, known);
    known.gatherer.note();
  }

  /** The branch is main's now: nobody waits for its plan. */
  drop(branch: string): void {
    for (const [key, each] of this.gatherers)
      if (each.branch === branch) {
        this.gatherers.delete(key);
        void each.gatherer.close();
      }
  }

  /** One request has many events: it is looked up once. What can't be looked up counts as main's, and is told. */
  branchOf(request: string): Promise<string | undefined> {
    const known =
      this.requests.get(request) ??
      this.options.branchOf(request).catch((error: unknown) => {
        if (!this.isToldUnknown)
          this.options.say(
            `whether a change is main's or a branch's is unknown, and so it counts as main's: ${messageOf(error)}`,
          );
        this.isToldUnknown = true;
        return undefined;
      });
    this.requests.set(request, known);
    const [oldest] = this.requests.keys();
    if (this.requests.size > mostRequests && oldest !== undefined) this.requests.delete(oldest);
    return known;
  }

  /** Resolves when what runs has ended. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.gatherers.values()].map(({ gatherer }) => gatherer.close()));
  }
}
