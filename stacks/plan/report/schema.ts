import { z } from "zod";
import { effects } from "../change";
import type { PlanReport } from "../report";

// The form of a report as JSON, for other tools: docs/plan.schema.json is made from it.

const time = z.string().describe("ISO 8601");

const because = z.discriminatedUnion("reason", [
  z
    .object({
      reason: z.literal("netbox"),
      user: z.string(),
      time,
      action: z.enum(["create", "update", "delete"]),
      object: z.string().describe("What was changed there: `VM web01`, `interface eth0`"),
      message: z.string().optional().describe("What its author wrote"),
      request: z.string().describe("Changes of one request share it"),
      url: z.string().describe("The page of the entry in NetBox's change log"),
    })
    .describe("A change in NetBox"),
  z
    .object({ reason: z.literal("setting"), key: z.string() })
    .describe("A setting of the stack: `site.defaults.bridge`"),
  z.object({ reason: z.literal("file"), place: z.string() }).describe("A line of the file that the program follows"),
  z.object({ reason: z.literal("version") }).describe("Another version of netbox-proxmox"),
  z
    .object({
      reason: z.literal("drift"),
      task: z.object({ upid: z.string(), user: z.string(), type: z.string(), time }).optional(),
      serial: z
        .object({ before: z.number(), after: z.number() })
        .optional()
        .describe("Of a zone: in the state, and now"),
    })
    .describe("Changed on the system itself, by nobody that NetBox knows"),
  z.object({ reason: z.literal("first run") }),
  z.object({ reason: z.literal("unknown"), right: z.string().optional().describe("What the token lacks") }),
]);

const field = z
  .object({
    name: z.string(),
    before: z.unknown().optional(),
    after: z.unknown().optional().describe("Left out where it is not known yet"),
    isSecret: z.boolean().optional().describe("Neither value is given"),
    isRemoved: z.boolean().optional().describe("There is no such property any more"),
  })
  .describe("A property that gets another value");

const change = z.object({
  urn: z.string().optional().describe("Of its resource; what an interrupted run left has none"),
  object: z.string().describe("What it is: `VM`, `container`, `address`, `name`, …"),
  name: z.string(),
  url: z.string().optional().describe("Its page, or its guest's, in NetBox"),
  guest: z.object({ name: z.string(), url: z.string().optional() }).optional().describe("The guest that it is of"),
  system: z.enum(["NetBox", "Proxmox VE", "DNS", "files"]),
  action: z.enum(["create", "adopt", "update", "replace", "delete"]),
  fields: z.array(field),
  effects: z.array(z.enum(effects)).describe("What it does to what people use"),
  waits: z.array(z.string()).optional().describe("What waits for the guest's next start, by Proxmox VE's names"),
  from: z
    .array(z.templateLiteral([z.string(), ".", z.string(), "/", z.number()]))
    .optional()
    .describe("Objects of NetBox that say so: `virtualization.virtualmachine/7`"),
  because: z.array(because).optional().describe("Why it is in the plan"),
});

const policy = z.object({
  policy: z.string(),
  severity: z.enum(["refuse", "warn"]),
  object: z.string(),
  name: z.string(),
  url: z.string().optional(),
  message: z.string(),
  exception: z
    .object({ tag: z.string(), until: z.string().optional() })
    .optional()
    .describe("The tag in NetBox that excepts the object, and until when"),
});

const capacity = z.object({
  kind: z.enum(["node memory", "node CPU", "storage"]),
  cluster: z.string(),
  name: z.string().describe("A node, a storage, or NODE/STORAGE"),
  unit: z.enum(["MiB", "cores", "GiB"]),
  total: z.number(),
  before: z.number(),
  after: z.number(),
  warning: z.string().optional(),
});

export const planReportSchema = z
  .object({
    format: z.literal(1).describe("Another form has another number"),
    stack: z.string().describe("`project/stack`"),
    program: z.string(),
    madeAt: time,
    isRefreshed: z.boolean().describe("Does it show what was changed by hand since the last run?"),
    branch: z
      .object({ name: z.string(), url: z.string() })
      .optional()
      .describe("The branch of NetBox that it was read from"),
    changes: z.array(change),
    chosen: z
      .object({
        by: z.string().describe("As it was written: `--only web01`"),
        urns: z.array(z.string()).describe("What Pulumi has to be told, each by `--target`"),
        others: z.number().describe("Changes of all others"),
      })
      .optional()
      .describe("Of a plan that is about some guests: those alone are in `changes`"),
    unchanged: z.number().describe("Resources that stay as they are"),
    problems: z.array(z.string()).describe("What stands in the way: with any, `up` does nothing"),
    warnings: z.array(z.string()),
    notes: z.array(z.string()),
    policies: z.array(policy),
    capacity: z.array(capacity).describe("What the plan leaves on nodes and storages"),
  })
  .describe("A plan of netbox-proxmox, as `netbox-proxmox plan --json` prints it") satisfies z.ZodType<PlanReport>;

/** docs/plan.schema.json as it should be. */
export const planSchemaText = (): string =>
  `${JSON.stringify({ ...z.toJSONSchema(planReportSchema, { io: "output" }), title: "PlanReport" }, undefined, 2)}\n`;

/** A report as other tools get it. */
export const jsonReport = (report: PlanReport): string => `${JSON.stringify(report, undefined, 2)}\n`;
