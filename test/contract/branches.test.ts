import { describeBranches } from "../harness/branchcontract";
import { isReal } from "../harness/services";

// The real plugin has the same cases in test/real/branch.test.ts, which alone starts it.
if (!isReal) describeBranches("the lab's NetBox");
