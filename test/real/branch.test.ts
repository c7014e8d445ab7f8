import { describeBranches } from "../harness/branchcontract";
import { describeBranchStory } from "../harness/branchstory";

// One suite: there is one NetBox with branches, and the first who asks starts it.

describeBranches("a real NetBox with netbox-branching");
describeBranchStory("a real NetBox with netbox-branching");
