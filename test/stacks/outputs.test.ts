import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { knownOutputs } from "../../stacks/outputs";

it("of a stack's outputs, what isn't known is absent, and a secret stays one", async () => {
  const unknown = pulumi.output(pulumi.unknown);
  const secret = pulumi.secret("s3cret");
  const known = await knownOutputs({
    guests: { 7: { name: "web01", pending: unknown, addresses: [pulumi.output("10.71.0.11/24"), unknown] } },
    records: ["ns1/web01.lab.example."],
    tokens: unknown,
    credentials: secret,
  });
  expect(known.credentials).toBe(secret);
  const shown = await new Promise<unknown>((resolve) => pulumi.output(known).apply(resolve));
  expect(shown).toEqual({
    guests: { 7: { name: "web01", addresses: ["10.71.0.11/24"] } },
    records: ["ns1/web01.lab.example."],
    credentials: "s3cret",
  });
});
