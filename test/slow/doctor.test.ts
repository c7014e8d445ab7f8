import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { siteGrants, sitePermissions } from "../../stacks/access/privileges";
import { runOps } from "../harness/cli";
import { limitedNetboxToken, limitedToken } from "../harness/rights";
import { demoSeed, TestSystems } from "../harness/systems";

interface Check {
  system: string;
  check: string;
  state: string;
  detail: string;
}

/** `ops doctor` on systems that are well, and on each thing that can be wrong with one. */
describe("ops doctor", { timeout: 60_000 }, () => {
  let systems: TestSystems;
  let args: string[];
  let env: NodeJS.ProcessEnv;
  const doctor = (words: string[] = [], more: NodeJS.ProcessEnv = {}) =>
    runOps(["doctor", ...args, ...words], { ...env, ...more });
  const checks = async (words: string[] = [], more: NodeJS.ProcessEnv = {}) => {
    const { out, err, code } = await doctor(["--json", ...words], more);
    expect(err).toBe("");
    const all: Check[] = JSON.parse(out);
    const bad = all
      .filter(({ state }) => state !== "ok")
      .map(({ system, check, state, detail }) => `${system} ${check} ${state}: ${detail}`);
    return { code, all, bad };
  };
  /** Another value in the stack's configuration, for one look. */
  const configured = async <T>(
    changes: (config: Record<string, Record<string, unknown>>) => void,
    look: () => Promise<T>,
  ) => {
    const file = join(systems.folder, "test", "Pulumi.test.yaml");
    const before = readFileSync(file, "utf8");
    const whole = parse(before) as { config: Record<string, Record<string, unknown>> };
    changes(whole.config);
    writeFileSync(file, stringify(whole));
    return look().finally(() => writeFileSync(file, before));
  };

  beforeAll(async () => {
    systems = await TestSystems.open(demoSeed(), { statistics: 0 }, "lab");
    ({ args, env } = (await systems.stack()).reach);
  });
  afterAll(() => systems.close());
  afterEach(() => systems.lab.set({ setup: "clear" }));

  it("finds everything well by the rights that are documented, as a table and as JSON", async () => {
    const { out, err, code } = await doctor();
    expect(err).toBe("");
    expect(code).toBe(0);
    for (const line of [
      /^system +check +state +what was found$/m,
      /^NetBox +version +ok +4\.7\.\d+, with netbox_dns$/m,
      /^NetBox +TLS +ok +not used, on this machine$/m,
      /^NetBox +token +ok +of \S+$/m,
      /^NetBox +permissions +ok +all of the site program's; whether it may delete, NetBox doesn't tell$/m,
      /^NetBox +clusters +ok +pve-lab$/m,
      /^pve-lab +version +ok +9\.2\.11$/m,
      /^pve-lab +TLS +ok +verified by \S+proxmox-ca\.pem$/m,
      /^pve-lab +token +ok +of pulumi@pve!\S+$/m,
      /^pve-lab +privileges +ok +all of the site program's$/m,
      /^pve-lab +quorum +ok +pve-lab, 2 of 2 nodes online$/m,
      /^pve-lab +storage +ok +ceph, local, local-lvm$/m,
      /^pve-lab +templates +ok +9000 \S+, /m,
      /^pve-lab +bridges +ok +vmbr0/m,
      /^pve-lab +clock +ok +within 5 s of this machine$/m,
      /^ns1 +zone lab\.example\. +ok +\d+ names$/m,
      /^ns1 +update lab\.example\. +ok +allowed, by a transaction that changes nothing$/m,
      /^\d+ checks: \d+ ok, 0 warnings, 0 failed\.$/m,
    ])
      expect(out).toMatch(line);
    const before = await systems.inventory();
    expect((await checks()).bad).toEqual([]);
    expect(await systems.inventory()).toBe(before);
  });

  it("tells tokens that are refused or have too few rights, on both systems", async () => {
    const few = limitedToken(
      systems.lab,
      siteGrants.filter(({ path }) => path !== "/storage"),
      "few",
    );
    const poor = await limitedNetboxToken(
      systems.clients,
      sitePermissions.filter(({ actions }) => !actions.includes("add")),
      "poor",
    );
    const { bad, code } = await checks([], { PROXMOX_VE_API_TOKEN_PVE_LAB: few, NETBOX_API_TOKEN: poor });
    expect(code).toBe(2);
    expect(bad).toEqual([
      expect.stringMatching(
        /^NetBox permissions failed: missing for the site program: .*add.* ipam\.ipaddress.*\(docs\/privileges\.md\)$/,
      ),
      "pve-lab privileges failed: missing for the site program: Datastore.AllocateSpace, Datastore.Audit on /storage (docs/privileges.md)",
      "pve-lab storage failed: the token sees none: it needs Datastore.Audit on /storage",
    ]);
    const wrong = await checks([], {
      PROXMOX_VE_API_TOKEN_PVE_LAB: "pulumi@pve!none=1ab00000-0000-4000-8000-00000000ffff",
      NETBOX_API_TOKEN: `nbt_${"a".repeat(12)}.${"b".repeat(40)}`,
    });
    expect(wrong.bad).toEqual([
      expect.stringMatching(
        /^NetBox version failed: NetBox at \S+ refuses the token \(Invalid v2 token\): make a token/,
      ),
      expect.stringMatching(/^pve-lab version failed: Proxmox VE cluster pve-lab at \S+ refuses the API token: set /),
    ]);
    expect(JSON.stringify(wrong)).not.toMatch(/0000ffff|bbbbbbbb/);
  });

  it("looks for another program's rights, and for parts of it", async () => {
    const token = limitedToken(
      systems.lab,
      siteGrants.filter(({ only }) => only === undefined),
      "always",
    );
    const more = { PROXMOX_VE_API_TOKEN_PVE_LAB: token };
    const usual = await checks([], more);
    expect(usual.bad).toEqual([]);
    expect(usual.all.find(({ system, check }) => system === "pve-lab" && check === "privileges")?.detail).toBe(
      "all of the site program's, but for what uses snapshots, pools, HA, mappings, startup, privileged containers (docs/privileges.md)",
    );
    expect((await checks(["--uses", "pools", "snapshots"], more)).bad).toEqual([
      "pve-lab privileges failed: missing for the site program: VM.Snapshot on /vms; Pool.Allocate, Pool.Audit on /pool (docs/privileges.md)",
    ]);
    const { bad } = await checks(["--program", "access"]);
    expect(bad.join("\n")).toMatch(
      /^pve-lab privileges failed: missing for the access program: .*Permissions\.Modify/m,
    );
    expect((await doctor(["--program", "nosuch"])).code).toBe(64);
  });

  it("tells systems that are away, each for itself", async () => {
    const { bad, code, all } = await configured(
      (config) => {
        config["netbox-proxmox:netbox"] = { url: "http://127.0.0.1:9" };
        Object.assign(config["netbox-proxmox:bind9"]?.ns1 as object, { port: 9 });
      },
      () => checks(),
    );
    expect(code).toBe(2);
    expect(bad.map((each) => each.slice(0, 60))).toEqual([
      expect.stringMatching(/^NetBox version failed: NetBox at http:\/\/127\.0\.0\.1:9 can't be/),
      ...["lab.example.", "71.10.in-addr.arpa.", "1.7.d.f.ip6.arpa."].map((zone) =>
        expect.stringContaining(`ns1 zone ${zone} failed: `),
      ),
    ]);
    expect(all.find(({ system, check }) => system === "NetBox" && check === "TLS")).toBeUndefined();
    expect(all.find(({ system, check }) => system === "pve-lab" && check === "privileges")?.state).toBe("ok");
    const away = await configured(
      (config) =>
        Object.assign(config["netbox-proxmox:proxmox"]?.["pve-lab"] as object, { url: "https://127.0.0.1:9" }),
      () => checks(),
    );
    expect(away.bad).toEqual([expect.stringMatching(/^pve-lab version failed: .* can't be reached \(.*ECONNREFUSED/)]);
  });

  it("tells a certificate that isn't trusted, and one that nobody checks", async () => {
    const pinned = (changes: object) =>
      configured(
        (config) => {
          const cluster = config["netbox-proxmox:proxmox"]?.["pve-lab"] as Record<string, unknown>;
          delete cluster.caFile;
          Object.assign(cluster, changes);
        },
        () => doctor(["--json"]),
      );
    const wrong = await pinned({ fingerprint: "AB".repeat(32) });
    expect(wrong.code).toBe(2);
    expect(wrong.out).toMatch(/shows a certificate that is not trusted/);
    const unchecked = await pinned({ insecure: true });
    expect(unchecked.code).toBe(0);
    expect(unchecked.err).toMatch(/^pve-lab is reached without checking its certificate: pin it by fingerprint\.$/m);
    expect(unchecked.out).toMatch(/"state": "warning",\s+"detail": "the certificate is not checked/);
  });

  it("tells what is wrong with a cluster: its age, nodes, clock, storage, templates and bridges", async () => {
    systems.lab.set({ setup: "node", node: "pve2", offline: true });
    systems.lab.set({ setup: "clock-skew", seconds: 90 });
    const sick = await checks();
    expect(sick.code).toBe(2);
    expect(sick.bad).toEqual([
      "pve-lab quorum failed: pve-lab, 1 of 2 nodes online: no quorum, so nothing can be changed there",
      "pve-lab templates warning: 9001: on a node that is away",
      expect.stringMatching(
        /^pve-lab clock warning: pve1 is (89|90) s ahead: let them keep time \(chrony\), or tokens and tickets expire wrongly$/,
      ),
    ]);
    systems.lab.set({ setup: "clear" });
    const lacking = await configured(
      (config) => {
        const defaults = config["netbox-proxmox:defaults"] ?? {};
        config["netbox-proxmox:defaults"] = { ...defaults, storage: "nosuch", template: 9555, bridge: "vmbr7" };
      },
      () => checks(),
    );
    expect(lacking.code).toBe(2);
    expect(lacking.bad).toEqual([
      "pve-lab storage failed: there is no storage nosuch (there is local, local-lvm, ceph): correct the default",
      expect.stringMatching(/^pve-lab templates failed: there is no template 9555 \(there is 9000, /),
      "pve-lab bridges failed: there is no vmbr7 on pve1, pve2, or the token may not see it",
    ]);
    const strange = await configured(
      (config) => {
        const { "pve-lab": lab } = config["netbox-proxmox:proxmox"] ?? {};
        config["netbox-proxmox:proxmox"] = { "pve-other": lab };
      },
      () => checks([], { PROXMOX_VE_API_TOKEN_PVE_OTHER: env.PROXMOX_VE_API_TOKEN_PVE_LAB }),
    );
    expect(strange.bad).toEqual([
      "NetBox clusters failed: NetBox has no cluster pve-other: add it, or correct the name",
    ]);
    systems.lab.set({ setup: "release", version: "7.3.1" });
    expect((await checks()).bad).toContain("pve-lab version failed: 7.3.1: upgrade it to 7.4 or later");
    systems.lab.set({ setup: "release", version: "9.2.11" });
  });

  it("tells a zone that may not be updated, and one that may not be read", async () => {
    systems.lab.set({ setup: "zone", zone: "lab.example", frozen: true });
    const { bad, code } = await checks();
    expect(code).toBe(2);
    expect(bad).toEqual([expect.stringMatching(/^ns1 update lab\.example\. failed: .*REFUSED/)]);
    systems.lab.set({ setup: "clear" });
    const unread = await configured(
      (config) => Object.assign(config["netbox-proxmox:bind9"]?.ns1 as object, { tsigKeyFile: "/etc/bind/nosuch.key" }),
      () => checks(),
    );
    expect(
      unread.bad.every((each) => /^ns1 zone \S+ failed: Zone \S+ can't be read from name server ns1/.test(each)),
    ).toBe(true);
    expect(unread.bad).toHaveLength(3);
  });
});
