import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Context } from "../../providers/context";
import { definitions, get, handlerOf, type ResourceKind } from "../../providers/registry";
import { type Samples, samplesOn } from "../harness/samples";
import { TemplateSystems } from "../harness/templates";

// What is made and left alone is read as it was made, and the next plan changes nothing: of every kind, whichever of its inputs
// are given.

const guests = `
- { name: one, interfaces: [{ name: net0, vlan: 71 }] }
- { name: two, status: staged }
`;
/** Of those that have no object of their own, or one that stays. */
const staying: ResourceKind[] = [
  ...(["netbox-guest", "netbox-promotion", "netbox-choices", "site-anchor", "proxmox-snapshot"] as const),
  ...(["proxmox-firewall", "container-service", "generated-secret", "platform-check", "access-audit"] as const),
];

/** Their lives take seconds each. */
const slow: ResourceKind[] = ["container-service", "platform-check", "proxmox-template"];

describe("what nobody changed", () => {
  let there: TemplateSystems;
  let context: Context;
  let samples: Samples;
  /** Every object is one of its own. */
  let count = 0;

  beforeAll(async () => {
    there = await TemplateSystems.open({}, guests);
    const { ssh } = there.systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    context = there.systems.context({ ssh, taskTimeout: 20, shutdownTimeout: 1 }, {}, there.systems.endpoints);
    samples = await samplesOn(there);
  });
  afterAll(() => there.close());

  it.each(definitions.map(({ kind }) => kind) as ResourceKind[])("of a %s is read as it was made", async (kind) => {
    const handler = handlerOf(kind);
    const provider = get(kind);
    const chosen = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(chosen, async (choices) => {
        const { needed, optional = {}, before } = samples[kind](count++ % 36);
        await before?.();
        // It may have seen the cluster without what was just made there.
        context.cluster("pve-lab").forget();
        const given = Object.entries(optional).filter((_, n) => choices[n % choices.length]);
        const inputs = { ...needed, ...Object.fromEntries(given) };
        expect(handler.problems({}, inputs)).toEqual([]);

        const { id, outs = {} } = await provider.create(inputs);
        expect(await provider.read?.(id, outs)).toEqual({ id, props: outs });
        // A run that changes something is on record, each time.
        const again = { changes: kind === "access-audit" && JSON.stringify(inputs.changes) !== "[]" };
        expect(handler.diff(outs, inputs)).toEqual(again);
        expect(handler.problems(outs, inputs)).toEqual([]);

        const updated = await provider.update?.(id, outs, inputs);
        expect((await provider.read?.(id, updated?.outs ?? {}))?.props).toEqual(updated?.outs);
        expect(handler.diff(updated?.outs ?? {}, inputs)).toEqual(again);

        await provider.delete?.(id, outs);
        if (!staying.includes(kind)) expect(await handler.read(id, outs)).toBeUndefined();
      }),
      { numRuns: slow.includes(kind) ? 1 : 4, endOnFailure: true },
    );
  });
});
