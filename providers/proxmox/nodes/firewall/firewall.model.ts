import { z } from "zod";
import { sameValue, withoutUndefined } from "../../../values";

/** A rule of a guest's firewall, in PVE's words. */
const rule = z.object({
  type: z.enum(["in", "out"]),
  action: z.enum(["ACCEPT", "DROP", "REJECT"]),
  proto: z.string().optional(),
  source: z.string().optional(),
  dest: z.string().optional(),
  dport: z.string().optional(),
  comment: z.string(),
});
export type Rule = z.infer<typeof rule>;

/** A container's firewall: it is this stack's as a whole. */
export const firewallInputs = z.object({
  cluster: z.string(),
  node: z.string(),
  vmid: z.number(),
  policyIn: z.enum(["ACCEPT", "DROP", "REJECT"]),
  policyOut: z.enum(["ACCEPT", "DROP", "REJECT"]),
  /** In this order. */
  rules: z.array(rule),
});
export type FirewallInputs = z.infer<typeof firewallInputs>;

export const firewallOptions = z.object({
  enable: z.number().optional(),
  policy_in: z.string().optional(),
  policy_out: z.string().optional(),
});
export type FirewallOptions = z.infer<typeof firewallOptions>;

/** A rule as PVE lists it. */
export const seenRule = z.looseObject({ pos: z.number(), enable: z.number().optional() });

export const firewallDiffers = (state: object, inputs: object): boolean => {
  const of = (value: object) => {
    const parsed = firewallInputs.safeParse(value);
    return parsed.success ? [parsed.data.policyIn, parsed.data.policyOut, parsed.data.rules] : undefined;
  };
  return !sameValue(of(state), of(inputs));
};

/** The firewall as it is; its policies stand as PVE's defaults where nobody set them. */
export function firewallFrom(
  known: FirewallInputs,
  { enable, policy_in = "DROP", policy_out = "ACCEPT" }: FirewallOptions,
  rules: z.infer<typeof seenRule>[],
): FirewallInputs {
  const seen = rules.flatMap((each) => {
    const parsed = rule.safeParse({ comment: "", ...each });
    // One that is switched off, or that we have no words for, shows as a difference.
    return parsed.success && each.enable !== 0 ? [withoutUndefined(parsed.data)] : [];
  });
  const others = rules.length - seen.length;
  return {
    ...known,
    policyIn: policyOf(enable === 1 ? policy_in : "ACCEPT"),
    policyOut: policyOf(policy_out),
    rules: others === 0 ? seen : [...seen, { type: "in", action: "REJECT", comment: `${others} other rules` }],
  };
}
const policyOf = (text: string) => firewallInputs.shape.policyIn.catch("ACCEPT").parse(text);
