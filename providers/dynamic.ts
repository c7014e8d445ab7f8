import * as pulumi from "@pulumi/pulumi";
import { withMarkText } from "./ownership/mark";
import { type Definition, providerText, tokenOf } from "./resource";

/** What the registration of a resource needs of its definition. */
type Registered = Pick<Definition, "kind" | "type" | "outputs" | "secrets">;

/** A dynamic resource whose provider is a constant text instead of a serialized closure. */
export class DynamicResource extends pulumi.CustomResource {
  constructor(definition: Registered, name: string, inputs: object, options: pulumi.CustomResourceOptions = {}) {
    const { kind, outputs = [], secrets = [] } = definition;
    // Each property costs the SDK an output with its promises, given or not.
    const given = Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
    const awaited = typeof outputs === "function" ? outputs(given) : outputs;
    const hidden = secrets.filter((name) => name in given).map((name) => [name, pulumi.secret(given[name])]);
    super(
      tokenOf(definition, given),
      name,
      {
        ...Object.fromEntries(awaited.map((each) => [each, undefined])),
        ...withMarkText({ ...given, ...Object.fromEntries(hidden) }),
        __provider: providerText(kind),
      },
      secrets.length === 0 ? options : { ...options, additionalSecretOutputs: [...secrets] },
    );
  }
}
