/** An answer of NetBox's API that is no success. */
export class NetboxError extends Error {
  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {
    super(JSON.stringify(body));
  }
}

export const invalid = (errors: Record<string, unknown>): never => {
  throw new NetboxError(400, errors);
};

export const detail = (status: number, text: string): never => {
  throw new NetboxError(status, { detail: text });
};
