import { tagLike } from "../../providers/proxmox/nodes/guest.model";

/** A tag of PVE as NetBox's slugs can be. */
export const slugLike = (tag: string): string => tagLike(tag).replace(/[^a-zA-Z0-9_-]+/g, "-");
