import { none } from "../schema/cluster";
import * as schema from "../schema/mappings";
import { anybody, either, perm, type Route, type RouteCall, route } from "./route";

const seeing = ["Mapping.Modify", "Mapping.Use", "Mapping.Audit"];

const list = (kind: schema.MappingKind) => (call: RouteCall) => {
  const { cluster, caller, params } = call;
  const node = params["check-node"];
  const checked = node === undefined ? undefined : cluster.mappings.checked(kind, String(node), cluster.local);
  // USB devices have their findings under a name of their own.
  const checks = kind === "usb" ? "errors" : "checks";
  return cluster.mappings
    .list(kind)
    .filter(({ id }) => cluster.access.may(caller.authId, `/mapping/${kind}/${id}`, seeing, true))
    .map(({ id, shown }) => (checked === undefined ? shown : { ...shown, [checks]: checked(id) }));
};

export const mappingRoutes: Route[] = [
  route("GET", "/cluster/mapping", none, anybody, () => schema.mappingKinds.map((name) => ({ name }))),
  ...schema.mappingKinds.flatMap((kind) => {
    const base = `/cluster/mapping/${kind}`;
    const defines = perm(`/mapping/${kind}`, "Mapping.Modify");
    return [
      route("GET", base, schema.mappingListParameters, anybody, list(kind)),
      route("POST", base, schema.mappingCreateParameters(kind), defines, ({ cluster, params }) => {
        cluster.mappings.create(kind, params, cluster.local);
        return null;
      }),
      route(
        "GET",
        `${base}/{id}`,
        schema.mappingParameters,
        either(...seeing.map((privilege) => perm(`/mapping/${kind}/{id}`, privilege))),
        ({ cluster, params }) => cluster.mappings.get(kind, String(params.id)),
      ),
      route(
        "PUT",
        `${base}/{id}`,
        schema.mappingUpdateParameters(kind),
        perm(`/mapping/${kind}/{id}`, "Mapping.Modify"),
        ({ cluster, params }) => {
          cluster.mappings.update(kind, params, cluster.local);
          return null;
        },
      ),
      route("DELETE", `${base}/{id}`, schema.mappingParameters, defines, ({ cluster, params }) => {
        cluster.mappings.delete(kind, String(params.id));
        return null;
      }),
    ];
  }),
];
