import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  expiryFrom,
  type KnownTurn,
  printMoment,
  secondsOf,
  type Turns,
  turnsOf,
} from "../../../../stacks/access/desired/rotation";

const day = 86_400;
const now = 1_800_000_000;
const settings = { rotateAfter: 90 * day, overlap: 7 * day, rotation: 0, expire: { at: 0 } };
const published = () => true;
const none = [undefined, undefined] as const;
const nobody = [false, false] as const;
const known = (generation: number, madeAt: number, more: Partial<KnownTurn> = {}): KnownTurn => ({
  generation,
  rotation: 0,
  expire: 0,
  madeAt,
  ...more,
});

describe("two tokens that take turns", () => {
  it("begin with the entry's own name", () => {
    expect(turnsOf(settings, none, nobody, published, now)).toEqual({
      current: { slot: 0, generation: 0, rotation: 0, expire: 0 },
      due: now + 90 * day,
    });
  });

  it("stay as they are until one is due", () => {
    const turns = turnsOf(settings, [known(0, now - 89 * day), undefined], [true, false], published, now);
    expect(turns).toEqual({ current: { slot: 0, generation: 0, rotation: 0, expire: 0 }, due: now + day });
  });

  it("change when one is due, and both are there for the overlap", () => {
    const turns = turnsOf(settings, [known(0, now - 90 * day), undefined], [true, false], published, now);
    expect(turns).toMatchObject({
      current: { slot: 1, generation: 1 },
      previous: { slot: 0, generation: 0, retires: now + 7 * day },
      reason: "it is due",
    });
    const after = [known(0, now - 90 * day, { retires: now + 7 * day }), known(1, now)] as const;
    expect(turnsOf(settings, after, [true, true], published, now + 6 * day).previous).toMatchObject({ slot: 0 });
    expect(turnsOf(settings, after, [true, true], published, now + 8 * day)).not.toHaveProperty("previous");
  });

  it("keep the last one as long as some place has not got the new one", () => {
    const after = [known(0, now - 90 * day, { retires: now - day }), known(1, now - 8 * day)] as const;
    expect(turnsOf(settings, after, [true, true], () => false, now).previous).toMatchObject({ slot: 0, generation: 0 });
  });

  it("change at once when the counter changes, even within an overlap", () => {
    const forced = { ...settings, rotation: 1 };
    const turns = turnsOf(forced, [known(0, now - day), undefined], [true, false], published, now);
    expect(turns).toMatchObject({
      current: { slot: 1, generation: 1, rotation: 1 },
      reason: "its rotation counter was changed",
    });
    const again = [known(0, now - day, { retires: now + 6 * day }), known(1, now - 60, { rotation: 1 })] as const;
    const twice = turnsOf({ ...settings, rotation: 2 }, again, [true, true], published, now);
    expect(twice).toMatchObject({
      current: { slot: 0, generation: 2, rotation: 2 },
      previous: { slot: 1, generation: 1, retires: now + 7 * day },
    });
  });

  it("take over from one that was there before, whose secret nobody knows", () => {
    const turns = turnsOf({ ...settings, rotateAfter: undefined }, none, [true, false], published, now);
    expect(turns).toMatchObject({
      current: { slot: 1, generation: 1 },
      previous: { slot: 0, adopted: true, retires: now + 7 * day },
      reason: "it is there, and its secret is not known here",
    });
    // A run that was killed in between goes on.
    const half = [known(0, 0, { adopted: true, retires: now + 7 * day, madeAt: undefined }), undefined] as const;
    const next = turnsOf(settings, half, [true, false], published, now + day);
    expect(next).toMatchObject({
      current: { slot: 1, generation: 1 },
      previous: { slot: 0, adopted: true, retires: now + 7 * day },
    });
  });

  it("expire by the hour, and are renewed before they do", () => {
    const own = { ...settings, rotateAfter: undefined, expire: { after: 30 * day } };
    const first = turnsOf(own, none, nobody, published, now).current;
    expect(first.expire % 3600).toBe(0);
    expect(first.expire - now).toBeGreaterThanOrEqual(30 * day);
    // Made some seconds after it was planned: no change.
    const made = [known(0, now + 45, { expire: first.expire }), undefined] as const;
    expect(turnsOf(own, made, [true, false], published, now + 3600).current.expire).toBe(first.expire);
    expect(turnsOf(own, made, [true, false], published, now + 24 * day)).toMatchObject({
      current: { slot: 1, generation: 1 },
    });
    // A date that the file names is the same for the next one: nothing renews it.
    const dated = { ...own, expire: { at: now + 2 * day } };
    expect(
      turnsOf(dated, [known(0, now, { expire: now + 2 * day }), undefined], [true, false], published, now + 1),
    ).not.toHaveProperty("reason");
  });

  it("never leave a time without a token that was given out, whatever the schedule of the runs", () => {
    const steps = fc.array(
      fc.record({
        wait: fc.integer({ min: 0, max: 40 }),
        counter: fc.integer({ min: 0, max: 2 }),
        arrives: fc.boolean(),
      }),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(steps, (runs) => {
        let [time, rotation] = [now, 0];
        const state: [KnownTurn | undefined, KnownTurn | undefined] = [undefined, undefined];
        let given = -1; // the generation that clients have
        for (const { wait, counter, arrives } of runs) {
          time += wait * day;
          rotation += counter === 2 ? 1 : 0;
          const turns: Turns = turnsOf(
            { ...settings, rotation },
            state,
            [state[0] !== undefined, state[1] !== undefined],
            (g) => g === given,
            time,
          );
          const before = [...state];
          for (const slot of [0, 1] as const) {
            const turn = [turns.current, turns.previous].find((each) => each?.slot === slot);
            const isNew = turn !== undefined && before[slot]?.generation !== turn.generation;
            const { slot: _slot, ...rest } = turn ?? { slot };
            state[slot] =
              turn === undefined ? undefined : { ...(rest as KnownTurn), madeAt: isNew ? time : before[slot]?.madeAt };
          }
          expect(turns.current.generation).toBe(Math.max(...state.flatMap((each) => each?.generation ?? [])));
          expect(turns.current.slot).toBe(turns.current.generation % 2);
          // What clients have is still there, unless two rotations were forced past them.
          const isForced = counter === 2;
          if (given >= 0 && !isForced && turns.current.generation - given <= 1)
            expect(state.some((each) => each?.generation === given)).toBe(true);
          if (arrives) given = turns.current.generation;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("times", () => {
  it("are read as people write them", () => {
    expect(secondsOf("90d")).toBe(90 * day);
    expect(secondsOf("30m")).toBe(1800);
    expect(expiryFrom(undefined)).toEqual({ at: 0 });
    expect(expiryFrom(1_999_999_999)).toEqual({ at: 1_999_999_999 });
    expect(expiryFrom("12h")).toEqual({ after: 43_200 });
    expect(expiryFrom("2027-01-31")).toEqual({ at: Date.UTC(2027, 0, 31) / 1000 });
    expect(expiryFrom("2027-01-31T06:30Z")).toEqual({ at: Date.UTC(2027, 0, 31, 6, 30) / 1000 });
    expect(expiryFrom("2027-01-31 06:30")).toEqual({ at: Date.UTC(2027, 0, 31, 6, 30) / 1000 });
  });

  it("are told in short", () => {
    expect(printMoment(now + 12 * day, now)).toBe("in 12 d");
    expect(printMoment(now - 3 * 3600, now)).toBe("3 h ago");
    expect(printMoment(now + 300, now)).toBe("in 5 min");
  });
});
