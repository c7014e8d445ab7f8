import { nestedId, type ObjectRow } from "../../../providers/netbox/objects/object.model";
import { printVlan, vlanWithin, withId } from "../../../providers/netbox/objects/objecttypes";
import type { NetboxVrf } from "../../../providers/netbox/schemas";
import { pageOf } from "../../../providers/page";
import { isRecord } from "../../../providers/values";
import { canonical, lengthOf } from "../../netbox/address";
import { globalTable, isNamed, Prefixes, type Vrf } from "../../netbox/ipam";
import { placeOfCluster, Vlans } from "../../netbox/vlans";
import type { VmsVlan } from "./file";
import { isCalled, type Reference, type References } from "./references";

// The VRFs, VLANs and prefixes that the file means: a text or a number alone may mean several.

/** A VRF that is known; undefined is the global table. */
export interface KnownVrf {
  id: Vrf;
}

/** A VLAN's group or site: undefined where nothing is said of it, null where it has none. */
interface VlanPlace {
  group: number | null | undefined;
  site: number | null | undefined;
}

/** One that the file adds, and how it would look among NetBox's: with an id below 0. */
interface OwnVlan extends VlanPlace {
  row: ObjectRow;
}

/** What tells a prefix of a VRF from others of its text, in logical names. */
export const vrfScope = (vrf: Vrf): string | undefined => (vrf === undefined ? undefined : `vrf${vrf}`);

export class MeantNetworks {
  private readonly vrfs: Map<number, NetboxVrf>;
  /** What the file adds and what NetBox has, by text. */
  private readonly byText = new Map<string, { prefix: string; vrfId: Vrf; isContainer: boolean }[]>();
  private prefixes: Prefixes<{ prefix: string; vrfId: Vrf; isContainer: boolean }> | undefined;
  private readonly own: OwnVlan[];
  private readonly all: ObjectRow[];
  private readonly tables = new Set<Vrf>([undefined]);

  constructor(private readonly references: References) {
    const { file, view } = references.facts;
    this.vrfs = new Map(view.vrfs.map((each) => [each.id, each]));
    for (const { prefix, vrf, status } of view.rows.prefix)
      this.addPrefix(String(prefix), nestedId(vrf), isRecord(status) && status.value === "container");
    const there = new Set<ObjectRow>();
    this.own = (file.netbox?.vlans ?? []).map(({ vid, name, group, site }, n) => {
      const place = this.placeOf({ group, site }, ["netbox", "vlans", n]);
      const same = view.rows.vlan.filter((row) => row.vid === vid && row.name === name && isIn(row, place));
      const ofNoPlace = same.filter((row) => isIn(row, { group: null, site: null }));
      const [found, ...others] = same.length > 1 && ofNoPlace.length === 1 ? ofNoPlace : same;
      const known = others.length === 0 ? found : undefined;
      if (known !== undefined) there.add(known);
      const nested = (id: number | null | undefined, at: unknown) => (typeof id === "number" ? { id } : (at ?? null));
      const row = {
        id: -1 - n,
        vid,
        name,
        group: nested(place.group, known?.group),
        site: nested(place.site, known?.site),
      };
      return { ...place, row };
    });
    this.all = [...this.own.map(({ row }) => row), ...view.rows.vlan.filter((row) => !there.has(row))];
  }

  // ---- VRFs

  /** @returns undefined where NetBox has none of that name, or several, which is told */
  vrf(name: string, path: readonly PropertyKey[]): KnownVrf | undefined {
    if (name === globalTable) return { id: undefined };
    const { url } = this.references.facts.view;
    const found = [...this.vrfs.values()].filter((each) => isNamed(each, name));
    if (found.length === 1 && found[0]) return { id: found[0].id };
    const pages = found.map(({ id }) => pageOf(url, "ipam/vrfs", id)).join(" and ");
    this.references.problem(
      path,
      found.length === 0
        ? `NetBox has no VRF "${name}"; add it there`
        : `NetBox has ${found.length} VRFs "${name}" (${pages}); write the id of the one that is meant`,
    );
    return undefined;
  }

  private vrfName = (vrf: Vrf): string =>
    vrf === undefined ? "the global table" : `VRF ${this.vrfs.get(vrf)?.name ?? vrf}`;

  // ---- prefixes and addresses

  /** One that the file adds, or that NetBox has. */
  addPrefix(prefix: string, vrfId: Vrf, isContainer = false): void {
    this.byText.set(prefix, [...(this.byText.get(prefix) ?? []), { prefix, vrfId, isContainer }]);
    this.tables.add(vrfId);
    this.prefixes = undefined;
  }

  /** The VRF of a prefix that is asked for: the one that is said, else the global table where that has it, else the only one. */
  vrfOfPrefix(prefix: string, said: KnownVrf | undefined, path: readonly PropertyKey[]): KnownVrf | undefined {
    const there = [...new Set((this.byText.get(prefix) ?? []).map(({ vrfId }) => vrfId))];
    const found = said !== undefined ? there.filter((vrf) => vrf === said.id) : there;
    const [only, ...others] = found.includes(undefined) ? [undefined] : found;
    if (found.length > 0 && others.length === 0) return { id: only };
    this.references.problem(
      path,
      found.length === 0
        ? `NetBox has no prefix ${prefix}${said === undefined ? "" : ` in ${this.vrfName(said.id)}`}; add it there, or below netbox.prefixes here`
        : `prefix ${prefix} is in ${found.map(this.vrfName).join(" and in ")}; write the vrf that is meant`,
    );
    return undefined;
  }

  /**
   * The VRF of an address: the one that is said, else the one that the guest has it in, else one that has its network, else one that has a prefix for it that is no
   * container, else any. Of several it is the global table.
   */
  vrfOfAddress(
    address: string,
    { said, interfaceIds }: { said: KnownVrf | undefined; interfaceIds: ReadonlySet<unknown> },
    path: readonly PropertyKey[],
  ): KnownVrf | undefined {
    if (said !== undefined) return said;
    const has = this.references.facts.view.addresses.find(
      (each) =>
        each.assigned_object_type === "virtualization.vminterface" &&
        interfaceIds.has(each.assigned_object_id) &&
        canonical(String(each.address)) === canonical(address),
    );
    if (has !== undefined) return { id: nestedId(has.vrf) };
    this.prefixes ??= new Prefixes([...this.byText.values()].flat());
    const prefixes = this.prefixes;
    const holding = [...this.tables].flatMap((vrf) => [...prefixes.holding(address, vrf)]);
    const ways = [
      holding.filter(({ prefix }) => lengthOf(prefix) === lengthOf(address)),
      holding.filter(({ isContainer }) => !isContainer),
      holding,
    ];
    const found = [...new Set((ways.find((way) => way.length > 0) ?? []).map(({ vrfId }) => vrfId))];
    if (found.length === 0 || found.includes(undefined)) return { id: undefined };
    if (found.length === 1) return { id: found[0] };
    this.references.problem(
      path,
      `${address} could be in ${found.map(this.vrfName).join(" or in ")}; write the vrf that is meant`,
    );
    return undefined;
  }

  // ---- VLANs

  /** A VLAN's group and site by NetBox's ids; what NetBox lacks, or has several of, is told. */
  placeOf({ group, site }: Pick<VmsVlan, "group" | "site">, path: readonly PropertyKey[]): VlanPlace {
    const { vlanGroups, sites } = this.references.facts.view;
    const idOf = (rows: ObjectRow[], noun: string, key: string, page: string, text: string | null | undefined) => {
      if (text === undefined || text === null) return text;
      const named = rows.filter(({ name }) => name === text);
      const found = named.length > 0 ? named : rows.filter((each) => isCalled(each, text));
      if (found.length === 1) return found[0]?.id;
      const several = `${found.length} ${noun}s "${text}" (${this.references.pages(page, found)}); write the id of the one that is meant`;
      this.references.problem(
        [...path, key],
        `NetBox has ${found.length === 0 ? `no ${noun} "${text}"; add it there` : several}`,
      );
      return undefined;
    };
    return {
      group: idOf(vlanGroups, "VLAN group", "group", "ipam/vlan-groups", group),
      site: idOf(sites, "site", "site", "dcim/sites", site),
    };
  }

  /** How the inputs of the file's own VLAN name its group and site. */
  ownPlace(n: number): { group?: string | undefined; site?: string | undefined; scope: string | undefined } {
    const { vlanGroups, sites } = this.references.facts.view;
    const { group, site } = this.own[n] ?? {};
    const shown = (rows: ObjectRow[], id: number | null | undefined) => {
      const name = rows.find((each) => each.id === id)?.name;
      if (name === undefined || typeof id !== "number") return undefined;
      return rows.filter((each) => each.name === name).length === 1 ? String(name) : withId(String(name), id);
    };
    const within = [
      ...(typeof group === "number" ? [`group${group}`] : []),
      ...(typeof site === "number" ? [`site${site}`] : []),
    ];
    return {
      group: shown(vlanGroups, group),
      site: shown(sites, site),
      scope: within.length === 0 ? undefined : within.join("-"),
    };
  }

  /**
   * The VLAN that is meant: of the file, else of NetBox. Of several with its VID it is the one of that group or site, or else of the
   * cluster's place. @param cluster whose guests use it; undefined of a prefix, which has no place
   */
  vlan(given: number | VmsVlan, path: readonly PropertyKey[], cluster?: { name: string }): Reference | undefined {
    const { vid, ...place } = typeof given === "number" ? { vid: given } : given;
    const wanted = this.placeOf(place, path);
    const withVid = this.all.filter((row) => row.vid === vid && isIn(row, wanted));
    const own = withVid.filter(({ id }) => id < 0);
    const found = this.likely(own.length > 0 ? own : withVid, vid, wanted, cluster);
    const [only, ...others] = found;
    if (only !== undefined && others.length === 0) return this.named(only);
    // What is wrong with its group or site is told already.
    const isTold =
      (place.group !== undefined && wanted.group === undefined) ||
      (place.site !== undefined && wanted.site === undefined);
    if (isTold) return undefined;
    const pages = this.references.pages(
      "ipam/vlans",
      found.filter(({ id }) => id > 0),
    );
    this.references.problem(
      path,
      only === undefined
        ? `NetBox has no VLAN ${vid}${wanted.group === undefined && wanted.site === undefined ? "" : " of that group and site"}; add it there, or below netbox.vlans here`
        : own.length > 0
          ? `${found.length} of netbox.vlans here have the VID ${vid}; write { vid: ${vid}, group: … } or its site`
          : `NetBox has ${found.length} VLANs ${vid} (${pages}); write { vid: ${vid}, group: … } or its site, or name the one that is meant below netbox.vlans here`,
    );
    return undefined;
  }

  private likely(
    rows: ObjectRow[],
    vid: number,
    wanted: VlanPlace,
    cluster: { name: string } | undefined,
  ): readonly ObjectRow[] {
    if (rows.length < 2 || cluster === undefined || wanted.group !== undefined || wanted.site !== undefined)
      return rows;
    const { rows: view, vlanGroups, places } = this.references.facts.view;
    const home = view.cluster.filter(
      ({ name, id }) => cluster.name === name || cluster.name === withId(String(name), id),
    );
    const near = new Vlans(rows, vlanGroups, places).at(
      vid,
      placeOfCluster(home.length === 1 ? home[0] : undefined, places),
    );
    return near.length > 0 ? near : rows;
  }

  /** As inputs name it: by name and VID, and by what it is within where others have both. */
  private named(row: ObjectRow): Reference {
    const [name, vid] = [String(row.name), Number(row.vid)];
    const shown = printVlan(name, vid);
    const isAlone = this.all.filter((each) => each.name === row.name && each.vid === row.vid).length === 1;
    const [group, site] = [nestedId(row.group), nestedId(row.site)];
    if (row.id > 0) return { name: isAlone ? shown : withId(shown, row.id), after: [] };
    const { scope } = this.ownPlace(-1 - row.id);
    const after = this.references.ownName("vlan", name, scope);
    if (isAlone) return { name: shown, after };
    const within =
      group !== undefined ? ({ field: "group", id: group } as const) : ({ field: "site", id: site ?? null } as const);
    return { name: vlanWithin(shown, within), after };
  }
}

const isIn = (row: ObjectRow, { group, site }: VlanPlace): boolean =>
  (group === undefined || group === (nestedId(row.group) ?? null)) &&
  (site === undefined || site === (nestedId(row.site) ?? null));
