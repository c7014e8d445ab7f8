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

/** The digest is of the options alone. */
export const firewallOptions = z.object({
  digest: z.string().optional(),
  enable: z.number().optional(),
  policy_in: z.string().optional(),
  policy_out: z.string().optional(),
});
export type FirewallOptions = z.infer<typeof firewallOptions>;

/** A rule as PVE lists it. Each has the digest of the whole list. */
export const seenRule = z.looseObject({
  pos: z.number(),
  enable: z.number().optional(),
  digest: z.string().optional(),
});
export type SeenRule = z.infer<typeof seenRule>;

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
  rules: SeenRule[],
): FirewallInputs {
  const seen = rules.flatMap((each) => ruleFrom(each) ?? []);
  const others = rules.length - seen.length;
  return {
    ...known,
    policyIn: policyOf(enable === 1 ? policy_in : "ACCEPT"),
    policyOut: policyOf(policy_out),
    rules: others === 0 ? seen : [...seen, { type: "in", action: "REJECT", comment: `${others} other rules` }],
  };
}

/** One that is switched off, or that we have no words for, is none: it shows as a difference. */
function ruleFrom(seen: SeenRule): Rule | undefined {
  const parsed = rule.safeParse({ comment: "", ...seen });
  return parsed.success && seen.enable !== 0 ? withoutUndefined(parsed.data) : undefined;
}

/** Are the first rules of the list those that are wanted, in their order? */
export const beginsWith = (rules: SeenRule[], wanted: Rule[]): boolean =>
  sameValue(rules.slice(0, wanted.length).map(ruleFrom), wanted);

const policyOf = (text: string) => firewallInputs.shape.policyIn.catch("ACCEPT").parse(text);
