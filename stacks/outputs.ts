import type * as pulumi from "@pulumi/pulumi";

// A destroy that runs the program makes nothing. A resource that is gone already then has no outputs: each is undefined, whatever
// its type says. So nothing is worked out of an output but by these.

/** What `make` works out of an output. Undefined where the output, or a part of it, is undefined. */
export function whenThere<T, U>(from: pulumi.Output<T>, make: (value: T) => U): pulumi.Output<U>;
// The signature above says what the SDK says of every output: that it is there.
export function whenThere<T, U>(from: pulumi.Output<T>, make: (value: T) => U): pulumi.Output<U | undefined> {
  return from.apply<U | undefined>((value) => (isThere(value) ? make(value) : undefined));
}

/** An output, or what stands for it where it is undefined. */
export const orElse = <T, U>(from: pulumi.Output<T | undefined>, otherwise: U): pulumi.Output<T | U> =>
  from.apply<T | U>((value) => value ?? otherwise);

const isThere = (value: unknown): boolean =>
  value !== undefined &&
  (typeof value !== "object" || value === null || !Object.values<unknown>({ ...value }).includes(undefined));
