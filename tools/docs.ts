import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { resourcesPage } from "./resources";
import { projectRoot } from "./root";

// `npm run docs`: writes the pages that follow from the code.

writeFileSync(join(projectRoot(), "docs", "resources.md"), resourcesPage());
