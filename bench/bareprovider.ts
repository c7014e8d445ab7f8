import type { dynamic } from "@pulumi/pulumi";

/** A provider that does nothing. */
export const handler: dynamic.ResourceProvider = {
  check: async (_olds, news) => ({ inputs: news }),
  diff: async (_id, olds, news) => ({
    changes: ["name", "number", "text"].some((key) => olds[key] !== news[key]),
  }),
  create: async (inputs) => ({ id: inputs.name, outs: inputs }),
};
