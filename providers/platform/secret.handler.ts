import { randomBytes } from "node:crypto";
import { handle } from "../resource";
import { generatedSecret } from "./secret";

/** A secret that nobody ever sees: made once, kept in the state. */
export const secretHandler = handle(generatedSecret, {
  create: async (wanted) => ({
    id: randomBytes(8).toString("hex"),
    state: { ...wanted, value: make(wanted.bytes) },
  }),
  read: async (known) => known,
  update: async (_known, wanted) => ({ ...wanted, value: make(wanted.bytes) }),
  delete: async () => {},
});

/** Letters and digits, which no configuration file reads as anything else. */
const make = (bytes: number): string =>
  randomBytes(bytes * 2)
    .toString("base64")
    .replace(/[^A-Za-z0-9]/g, "")
    .slice(0, Math.ceil(bytes * 1.35));
