import { HttpError } from "../../providers/http/errors";

/** What is read, or nothing where the token may not see it. */
export async function ifVisible<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof HttpError && error.status === 403) return undefined;
    throw error;
  }
}
