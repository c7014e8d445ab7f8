import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../tools/stack";
import { runOps } from "../harness/cli";
import { HttpReceiver } from "../harness/receiver";
import { seedWith, TestSystems } from "../harness/systems";

describe("ops notify and late", () => {
  const receiver = new HttpReceiver();
  let systems: TestSystems;
  let stack: Stack;
  let url: string;
  beforeAll(async () => {
    url = await receiver.listen();
    systems = await TestSystems.open(seedWith("[]"));
    stack = await systems.stack(
      {
        site: { planUrl: "https://reports.example.com/{stack}.html" },
        notify: {
          hook: { type: "webhook", events: ["late"] },
          phone: { type: "ntfy", url: `${url}/topic`, events: ["drift"] },
        },
      },
      "prod",
    );
  });
  afterAll(async () => {
    await systems.close();
    await receiver.close();
  });

  const ops = (args: string[], env: NodeJS.ProcessEnv = { NOTIFY_URL_HOOK: `${url}/hook` }) =>
    runOps([...args, ...stack.reach.args], { ...stack.reach.env, ...env });

  it("--test reaches every channel with the report's link, and says which it didn't", async () => {
    const sent = await ops(["notify", "--test"]);
    expect(sent.err).toBe("");
    expect(sent.out).toBe("hook (webhook): delivered\nphone (ntfy): delivered\n");
    expect(sent.code).toBe(0);
    const [hook] = receiver.received.filter(({ path }) => path === "/hook");
    expect(JSON.parse(hook?.body ?? "")).toMatchObject({
      event: "test",
      stack: "prod",
      title: "prod: a test of netbox-proxmox",
      url: "https://reports.example.com/prod.html",
    });
    receiver.answers.push({ status: 401 }, { status: 401 });
    const refused = await ops(["notify", "--test", "--json"]);
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.out)).toEqual([
      { channel: "hook", type: "webhook", warning: expect.stringMatching(/was not delivered \(401/) },
      { channel: "phone", type: "ntfy", warning: expect.stringMatching(/correct its token/) },
    ]);
    const wrong = await ops(["notify", "--test"], {});
    expect(wrong.err).toMatch(/netbox-proxmox:notify\.hook\.url is missing\n +pulumi config set --path .* --secret/);
    expect(wrong.code).toBe(1);
    expect((await ops(["notify"])).err).toMatch(/^Say --test/);
  });

  it("a stack without a good run is late, which is told where that is asked for", async () => {
    receiver.received.length = 0;
    const quiet = await ops(["late", "--after", "26h"]);
    expect(quiet.out).toBe("prod (site) had no run that succeeded: late, as one is expected every 26h\n");
    expect(quiet.code).toBe(3);
    expect(receiver.received).toEqual([]);
    expect((await ops(["late", "--after", "26h", "--notify"])).code).toBe(3);
    expect(receiver.received.map(({ path, headers }) => [path, headers["x-netbox-proxmox-event"]])).toEqual([
      ["/hook", "late"],
    ]);
    expect((await ops(["late", "--after", "soon"])).err).toMatch(/^--after soon: write minutes, hours or days/);
  });
});
