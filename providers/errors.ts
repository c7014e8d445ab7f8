import { redact } from "./http/redact";

/** Something that the user can mend: one sentence with the object's name, the cause and the remedy, and no stack. */
export class UserError extends Error {
  constructor(message: string) {
    super(redact(message));
    this.name = "UserError";
    this.stack = this.message;
  }
}

export const messageOf = (error: unknown): string => redact(error instanceof Error ? error.message : String(error));
