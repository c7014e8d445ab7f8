import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commentPost, journalPost, type PlanPost, postPlan, webhookPost } from "../../cli/planposts";
import { TestBranch } from "../harness/branches";
import { seedWith, TestSystems } from "../harness/systems";

interface Entry {
  assigned_object_id: number;
  comments: string;
}

describe("the plan of a branch", () => {
  let systems: TestSystems;
  let branch: TestBranch;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("- { name: one, disks: [] }"), {}, "branching");
    branch = await TestBranch.make(systems, "bigger");
  });
  afterAll(() => systems.close());

  const context = () => systems.context({}, {}, systems.endpoints);
  const entries = () => systems.clients.all<Entry>("extras/journal-entries");
  const plan = { stack: "prod", branch: "bigger", markdown: "| ~ | web01 |" };
  const posted = async (posts: PlanPost[], what = plan) => {
    const warnings: string[] = [];
    await postPlan(what, posts, (sentence) => warnings.push(sentence));
    return warnings;
  };

  it("is one journal entry of the branch for each stack, which the next plan rewrites", async () => {
    const journal = journalPost(context().netbox);
    expect(await posted([journal])).toEqual([]);
    const title = "**netbox-proxmox: what merging this branch does to prod**";
    expect(await entries()).toMatchObject([{ assigned_object_id: branch.id, comments: `${title}\n\n| ~ | web01 |` }]);
    await posted([journal], { ...plan, markdown: "nothing to do" });
    await posted([journal], { ...plan, stack: "test" });
    expect((await entries()).map(({ comments }) => comments.split("\n").pop())).toEqual([
      "nothing to do",
      "| ~ | web01 |",
    ]);
    // It is main's entry, and so no change of the branch.
    expect(await branch.list("core/object-changes/")).toEqual([]);
  });

  it("is JSON for a URL, and a comment on the pull request", async () => {
    const got: unknown[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      got.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(got.length > 1 ? 503 : 204).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const comments: string[][] = [];
    const host = {
      comment: async (...words: string[]) => void comments.push(words),
      openIssue: async () => {},
      closeIssue: async () => {},
    };
    expect(await posted([webhookPost(`${url}/plans?key=1`), commentPost(host)])).toEqual([]);
    expect(got).toEqual([plan]);
    const marker = "<!-- netbox-proxmox plan of prod for the branch bigger -->";
    expect(comments).toEqual([[marker, `${marker}\n\n| ~ | web01 |`]]);
    expect(await posted([webhookPost(`${url}/plans?key=1`)])).toEqual([
      `prod: the plan of the branch bigger isn't on ${url}: it answers with 503 ().`,
    ]);
    server.close();
  });

  it("that a place doesn't take is a warning, and goes to the others", async () => {
    const gone = { ...plan, branch: "gone" };
    const others: string[] = [];
    const other: PlanPost = { place: "another", post: async ({ branch: name }) => void others.push(name) };
    expect(await posted([journalPost(context().netbox), other], gone)).toEqual([
      `prod: the plan of the branch gone isn't on the branch in NetBox: There is no branch gone in NetBox any more (${systems.endpoints.netbox.url}/plugins/branching/branches/).`,
    ]);
    expect(others).toEqual(["gone"]);
  });
});
