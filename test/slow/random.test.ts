import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

// A systems that no one wrote: its number is printed, and SEED=number makes it again.

const number = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));

/** A small generator of numbers below one (mulberry32), so that a run can be repeated. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function guests(random: () => number): { yaml: string; built: string[]; running: string[] } {
  const pick = <T>(choices: T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const maybe = () => random() < 0.5;
  const list = Array.from({ length: 4 + Math.floor(random() * 5) }, (_, n) => {
    const nics = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, nic) => {
      const vlan = pick([71, 72]);
      const host = 30 + n * 10 + nic;
      const dnsName = maybe() ? `g${n}n${nic}.lab.example` : undefined;
      const given = [
        { address: vlan === 71 ? `10.71.0.${host}/24` : `10.71.8.${host}/24`, dnsName },
        ...(vlan === 71 && maybe() ? [{ address: `fd71::${host}/64`, dnsName }] : []),
      ];
      return {
        name: pick([`net${nic}`, `eth${nic}`]),
        vlan,
        enabled: random() > 0.1,
        ...(maybe() ? { mtu: 1400 } : {}),
        ...(maybe() ? { mac: `BC:24:11:00:${String(n).padStart(2, "0")}:${String(nic).padStart(2, "0")}` } : {}),
        ...(maybe()
          ? { addresses: given }
          : {
              customFields: {
                allocate_from: pick(["vlan", vlan === 71 ? "role:servers" : "role:management", "vlan@4"]),
              },
            }),
      };
    });
    const isContainer = random() < 0.3;
    const made = pick(["9100", "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"]);
    const rootfs = { name: "rootfs", size: 2048 + 512 * Math.floor(random() * 20) };
    const mount = {
      name: "mp0",
      size: 100 + Math.floor(random() * 5000),
      customFields: { proxmox_option_mp: "/srv/a-b" },
    };
    return {
      name: `g${n}${pick(["", "-x", "a1"])}`,
      ...(isContainer
        ? { customFields: { proxmox_vm_type: "lxc", proxmox_lxc_templates: made, proxmox_vm_storage: "ceph" } }
        : {}),
      status: pick(["active", "active", "staged", "offline", "planned"]),
      vcpus: 1 + Math.floor(random() * 8),
      memory: 512 * (1 + Math.floor(random() * 8)),
      description: pick(["", "ünïcode – “quotes”", "50% & <b>", "a, b=c; d"]),
      comments: pick(["", "line one\nline two", "  padded  "]),
      tags: ["web", "database", "monitored"].filter(() => maybe()),
      disks: isContainer
        ? [rootfs, ...(maybe() ? [mount] : [])]
        : maybe()
          ? []
          : [
              { name: "scsi0", size: 4096 + 512 * Math.floor(random() * 20) },
              ...(maybe() ? [{ name: "scsi1", size: 100 + Math.floor(random() * 5000) }] : []),
            ],
      interfaces: nics,
    };
  });
  const built = list.filter(({ status }) => status !== "planned");
  return {
    yaml: stringify(list),
    built: built.map(({ name }) => name).sort(),
    running: built
      .filter(({ status }) => status === "active")
      .map(({ name }) => name)
      .sort(),
  };
}

describe(`a systems made from ${number} (repeat with SEED=${number})`, () => {
  const made = guests(generator(number));
  let systems: TestSystems;
  let stack: Stack;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith(made.yaml));
    stack = await systems.stack();
  });
  afterAll(() => systems.close());

  it("is built as planned, has no drift, and goes without a trace", async () => {
    const before = await systems.inventory();
    const up = await stack.up();
    expect(up.errors).toEqual([]);
    const guests = await systems.ourGuests();
    expect(guests.map(({ name }) => name)).toEqual(made.built);
    expect(guests.filter(({ status }) => status === "running").map(({ name }) => name)).toEqual(made.running);
    const again = await stack.preview("--refresh", "--expect-no-changes");
    expect(again.steps).toEqual([]);
    expect(again.code).toBe(0);
    expect((await stack.destroy()).errors).toEqual([]);
    expect(await systems.inventory()).toBe(before);
  });
});
