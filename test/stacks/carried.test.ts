import { describe, it } from "vitest";
import { carriesAll } from "../harness/carried";

describe("a guest of any configuration that Proxmox VE takes", () => {
  it(
    "is changed by nothing on its way through discovery and its hand-over to the site program",
    {
      timeout: 120_000,
    },
    () => carriesAll(200),
  );
});
