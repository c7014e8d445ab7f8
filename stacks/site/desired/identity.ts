import type { Mark } from "../../../providers/ownership/mark";
import type { Site } from "./types";

export const markOf = (site: Pick<Site, "stack" | "netbox">, netboxId: number): Mark => ({
  stack: site.stack,
  netboxUrl: site.netbox.url,
  netboxId,
});
