import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { NetboxClient } from "../../providers/netbox/client";
import { projectRoot } from "../../tools/root";
import { ownInstance } from "../harness/services";
import { seedWith, TestSystems } from "../harness/systems";

const path = "ipam/ip-addresses";
const item = z.object({ id: z.number(), address: z.string() });

function pageSize(size: number): void {
  const services = join(projectRoot(), "test", "real", "services.sh");
  const { status, stderr } = spawnSync(services, ["page-size", String(ownInstance()), String(size)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
}

describe("a real NetBox with 500 addresses", () => {
  let systems: TestSystems;
  let netbox: NetboxClient;
  let ids: number[];
  let hosts: string[];
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("- { name: one }"));
    netbox = systems.context().netbox;
    const made = Array.from({ length: 500 }, (_, n) => ({ address: `10.80.${Math.floor(n / 250)}.${n % 250}/16` }));
    await systems.clients.netbox("POST", `${path}/`, made);
    const all = await systems.clients.all<z.infer<typeof item>>(path);
    const rows = all.sort((a, b) => a.id - b.id);
    ids = rows.map(({ id }) => id);
    hosts = rows.map(({ address }) => address.split("/")[0] ?? "");
  });
  afterAll(() => systems.close());
  const raw = (query: string) => {
    const { url, token } = systems.reach.netbox;
    return fetch(`${url}/api/${path}/?${query}`, { headers: { Authorization: `Bearer ${token}` } });
  };
  const idsOf = async (query: Record<string, string[] | number[]> = {}) =>
    (await netbox.list(path, item, "id,address", query)).map(({ id }) => id);

  it("refuses them all in one URL, and gives them in several", async () => {
    const response = await raw(hosts.map((host) => `address=${host}`).join("&"));
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringMatching(/Request Line is too large \(\d+ &gt; 4094\)/),
    ]);
    expect(await idsOf({ address: hosts })).toEqual(ids);
    expect(await idsOf({ address: hosts, id: ids.slice(100, 400) })).toEqual(ids.slice(100, 400));
  });

  it.each([250, 999, 0])("and pages of %i at most is read whole", async (size) => {
    pageSize(size);
    // It is as it is meant to be: a page has as many as the setting says.
    const { results } = z.object({ results: z.array(z.unknown()) }).parse(await (await raw("limit=0")).json());
    expect(results).toHaveLength(size === 0 ? ids.length : Math.min(size, ids.length));
    expect(await idsOf()).toEqual(ids);
    const asked = ids.map((id) => netbox.find(path, id, item, "id,address"));
    expect((await Promise.all(asked)).map((each) => each?.id)).toEqual(ids);
  });

  it("and pages of one is read by the ids", async () => {
    pageSize(1);
    expect(await idsOf({ id: ids.slice(0, 40) })).toEqual(ids.slice(0, 40));
  });
});
