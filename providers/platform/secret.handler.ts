import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Handler } from "../resource";
import { sameValue } from "../values";

const inputs = z.object({
  /** Bytes of randomness. */
  bytes: z.number(),
  /** Another number makes another secret. */
  generation: z.number(),
});
const state = inputs.extend({ value: z.string() });

/** A secret that nobody ever sees: made once, kept in the state. */
export const secretHandler: Handler = {
  diff(known, wanted) {
    const changes = !sameValue([known.bytes, known.generation], [wanted.bytes, wanted.generation]);
    return { changes };
  },
  async create(raw) {
    return {
      id: randomBytes(8).toString("hex"),
      state: { ...inputs.parse(raw), value: make(inputs.parse(raw).bytes) },
    };
  },
  async read(id, raw) {
    const { value, ...wanted } = state.parse(raw);
    return { id, inputs: wanted, state: { ...wanted, value } };
  },
  async update(_id, _known, raw) {
    const wanted = inputs.parse(raw);
    return { ...wanted, value: make(wanted.bytes) };
  },
  async delete() {},
};

/** Letters and digits, which no configuration file reads as anything else. */
const make = (bytes: number): string =>
  randomBytes(bytes * 2)
    .toString("base64")
    .replace(/[^A-Za-z0-9]/g, "")
    .slice(0, Math.ceil(bytes * 1.35));
