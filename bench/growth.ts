import { type Phase, phaseNames } from "./phases";

/** How a phase grows from the smallest to the largest size that was measured: exponents, of which 1 is linear. */
export interface Growth {
  phase: Phase["phase"];
  latency: Phase["latency"];
  /** Guests. */
  from: number;
  to: number;
  wall: number;
  cpu: number;
  memory: number;
}

export const growthOf = (phases: Phase[]): Growth[] =>
  [...phaseNames, "floor of up" as const].flatMap((phase) =>
    (["none", "realistic"] as const).flatMap((latency): Growth[] => {
      const found = phases
        .filter((each) => each.phase === phase && each.latency === latency)
        .sort((a, b) => a.guests - b.guests);
      const [small, large] = [found[0], found[found.length - 1]];
      if (small === undefined || large === undefined || small.guests === large.guests) return [];
      const [from, to] = [small.guests, large.guests];
      const exponent = (of: (each: Phase) => number) => Math.log(of(large) / of(small)) / Math.log(to / from);
      return [
        {
          phase,
          latency,
          from,
          to,
          wall: exponent(({ wall }) => wall),
          cpu: exponent(({ cpu }) => cpu),
          memory: exponent(({ memory }) => memory),
        },
      ];
    }),
  );
