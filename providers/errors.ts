import { redact } from "./http/redact";

/**
 * A text that may stand in a terminal, whatever the systems put into it: without secrets, without control characters
 * (but for line breaks) and marks that turn the direction of writing, and with overlong words cut.
 */
export const presentable = (text: string): string =>
  redact(text)
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd")
    .replace(/(\S{200})\S+/g, "$1…"); // a value that is longer is not read by anybody

/** Something that the user can mend: one sentence with the object's name, the cause and the remedy, and no stack. */
export class UserError extends Error {
  constructor(message: string) {
    super(presentable(message));
    this.name = "UserError";
    this.stack = this.message;
  }
}

export const messageOf = (error: unknown): string =>
  presentable(error instanceof Error ? error.message : String(error));

/**
 * Does something, and says what that was where it fails: `Unable to delete VM 105: …`. What says so already stays as it is.
 * @param what `delete VM 105`
 * @param causeOf what to say of an error behind the colon; undefined where the error speaks for itself
 * @throws UserError
 */
export async function explained<T>(
  what: string,
  work: () => Promise<T>,
  causeOf: (error: unknown) => string | undefined = messageOf,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const cause = error instanceof UserError && error.message.startsWith("Unable to") ? undefined : causeOf(error);
    if (cause === undefined) throw error;
    throw new UserError(`Unable to ${what}: ${cause}`);
  }
}
