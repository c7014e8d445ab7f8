import { assetsIn, printPage } from "../../selfcontainedpage";
import type { PageData } from "../desired/page";

/** The inventory as one page that needs nothing but itself. */
export const printInventoryPage = (data: PageData): string =>
  printPage({ ...assetsIn(__dirname), title: "Inventory: netbox-proxmox", data });
