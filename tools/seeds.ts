import { join } from "node:path";
import { readSeed, type Seed } from "../lab/seed";
import { projectRoot } from "./root";

/** Systems as years of people and install scripts leave them: lab/seeds/untidy.yaml. */
export const untidySeed = (): Seed => readSeed(join(projectRoot(), "lab", "seeds", "untidy.yaml"));
