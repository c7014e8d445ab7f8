import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { planSchemaText } from "../stacks/plan/report/schema";
import { resourcesPage } from "./resources";
import { projectRoot } from "./root";

// `npm run docs`: writes the pages that follow from the code.

writeFileSync(join(projectRoot(), "docs", "resources.md"), resourcesPage());
writeFileSync(join(projectRoot(), "docs", "plan.schema.json"), planSchemaText());
