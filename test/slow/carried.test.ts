import { describe, it } from "vitest";
import { carriesAll } from "../harness/carried";
import { isCi } from "../harness/sample";

// `npm test` has 200 of them.

describe("2,000 guests of any configuration that Proxmox VE takes", () => {
  it.skipIf(isCi)(
    "are changed by nothing on their way through discovery and their hand-over",
    {
      timeout: 900_000,
    },
    () => carriesAll(2000),
  );
});
