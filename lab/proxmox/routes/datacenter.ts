import { none } from "../schema/cluster";
import { datacenterUpdateParameters } from "../schema/options";
import { allowedTags } from "../tags";
import { anybody, either, perm, type Route, type RouteCall, route } from "./route";

/** Who may not audit the cluster sees what a form for a guest needs. */
function options({ cluster, caller }: RouteCall): unknown {
  const shown = cluster.options.shown();
  const seen = cluster.access.may(caller.authId, "/", ["Sys.Audit"])
    ? shown
    : Object.fromEntries(Object.entries(shown).filter(([option]) => ["console", "tag-style"].includes(option)));
  return { ...seen, "allowed-tags": allowedTags(cluster, caller) };
}

export const datacenterRoutes: Route[] = [
  route("GET", "/cluster/options", none, anybody, options),
  route("PUT", "/cluster/options", datacenterUpdateParameters, perm("/", "Sys.Modify"), ({ cluster, params }) => {
    cluster.options.set(params);
    return null;
  }),
  route(
    "GET",
    "/cluster/notifications/targets",
    none,
    either(
      ...["Mapping.Modify", "Mapping.Audit", "Mapping.Use"].map((privilege) =>
        perm("/mapping/notifications", privilege),
      ),
    ),
    () => [
      { name: "mail-to-root", type: "sendmail", origin: "builtin", comment: "Send mails to root@pam's email address" },
    ],
  ),
];
