import type { ObjectRow } from "../../providers/netbox/objects/object.model";
import { groupBy } from "../../providers/values";

/** NetBox's VLANs by VID: of one VID there are as many as there are groups and sites that use it. */
export class Vlans {
  private readonly byVid: Map<number, ObjectRow[]>;

  constructor(vlans: readonly ObjectRow[]) {
    this.byVid = groupBy(
      vlans.toSorted((a, b) => a.id - b.id),
      ({ vid }) => Number(vid),
    );
  }

  /** By their ids. */
  withVid(vid: number): readonly ObjectRow[] {
    return this.byVid.get(vid) ?? [];
  }
}
