import { describeBranchStory } from "../harness/branchstory";
import { isReal } from "../harness/services";

// With the real plugin it runs in test/real/branch.test.ts.
if (!isReal) describeBranchStory("the lab's NetBox");
