/** An answer of PVE's API that is no success: the first line of `message` is the HTTP reason phrase too, `errors` names parameters. */
export class PveError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly errors?: Record<string, string>,
  ) {
    super(message);
  }
}

/** PVE's `die`: an HTTP 500 before a task is forked, the task's exit status inside one. */
export const die = (message: string): never => {
  throw new PveError(500, message);
};

export const parameterErrors = (errors: Record<string, string>): never => {
  throw new PveError(400, "Parameter verification failed.", errors);
};

/** @param detail what was asked for, `PATH, PRIVILEGE` where a path decides */
export const forbidden = (detail?: string): never => {
  throw new PveError(403, detail === undefined ? "Permission check failed" : `Permission check failed (${detail})`);
};
