import { describe, expect, it } from "vitest";
import { printChanges } from "../../../../stacks/access/desired/changes";
import { parseAccess } from "../../../../stacks/access/desired/file";
import { clusterWith, emptyNetbox, now, planOf, seenUser } from "./facts";

const known = JSON.stringify({
  token_setup: [
    {
      name: "netbox",
      ugid: "netbox@pve",
      role: "NetBox",
      comment: "c",
      expire: 0,
      privsep: 1,
      privileges: ["VM.Audit", "VM.Clone"],
    },
  ],
});

describe("token_setup.json as it is known", () => {
  const plan = planOf(known);

  it("makes a role, a user, a token, and rights of both", () => {
    expect(plan.problems).toEqual([]);
    expect(plan.roles.map(({ inputs }) => inputs)).toEqual([
      { cluster: "pve-lab", roleid: "NetBox", privileges: ["VM.Audit", "VM.Clone"] },
    ]);
    expect(plan.users.map(({ inputs }) => inputs)).toEqual([{ cluster: "pve-lab", userid: "netbox@pve", groups: [] }]);
    expect(plan.tokens.map(({ inputs }) => inputs)).toEqual([
      {
        cluster: "pve-lab",
        userid: "netbox@pve",
        tokenid: "netbox",
        comment: "c",
        expire: 0,
        privsep: true,
        generation: 0,
        rotation: 0,
      },
    ]);
    expect(plan.acl.map(({ inputs }) => `${inputs.type} ${inputs.ugid} ${inputs.path}`)).toEqual([
      "user netbox@pve /",
      "token netbox@pve!netbox /",
    ]);
    expect(plan.acl[1]?.after).toEqual(["pve-lab/role/NetBox", "pve-lab/token/netbox@pve!netbox"]);
  });

  it("warns of rights on everything, with what would do", () => {
    expect(plan.warnings).toEqual([
      "access.yml:1:17: NetBox for netbox@pve on / reaches all of pve-lab; /vms (VM.Audit, VM.Clone) would do: name them as paths, or a single pool, guest or storage below them.",
    ]);
    expect(planOf(known.replace('"c"', '"c","paths":["/vms"]')).warnings).toEqual([]);
    // What is asked for at / itself is no reason.
    expect(planOf(known.replace(/"VM.Audit","VM.Clone"/, '"Sys.Audit"')).warnings).toEqual([]);
  });

  it("tells every change before it is made", () => {
    expect(printChanges(plan.changes)).toBe(
      [
        "Access: 5 changes",
        "  granted  pve-lab  role NetBox                              privileges VM.Audit VM.Clone",
        "  granted  pve-lab  user netbox@pve",
        "  granted  pve-lab  token netbox@pve!netbox",
        "  granted  pve-lab  NetBox for user netbox@pve on /",
        "  granted  pve-lab  NetBox for token netbox@pve!netbox on /",
      ].join("\n"),
    );
    const role = {
      type: "ProxmoxRole",
      properties: { cluster: "pve-lab", roleid: "NetBox", privileges: ["VM.Audit", "VM.Migrate"], made: true },
    };
    const gone = {
      type: "ProxmoxAcl",
      properties: {
        cluster: "pve-lab",
        path: "/vms",
        type: "user",
        ugid: "x@pve",
        roleid: "NetBox",
        propagate: true,
        made: true,
      },
    };
    const later = planOf(known, { known: { "pve-lab/role/NetBox": role, "pve-lab/acl/vms/NetBox/user/x@pve": gone } });
    expect(later.changes[0]).toEqual({
      where: "pve-lab",
      what: "role NetBox",
      change: "changed",
      from: "privileges VM.Migrate",
      to: "privileges VM.Clone",
    });
    expect(later.changes.at(-1)).toMatchObject({ what: "NetBox for user x@pve on /vms", change: "taken away" });
  });

  it("tells nothing where a refresh found a list empty that was never filled", () => {
    const text = "netbox: { permissions: { own: { objectTypes: [ipam.prefix], actions: [view], users: [robot] } } }";
    const users = [{ id: 2, username: "robot", is_active: true, groups: [] }];
    const planWith = (fields: Record<string, unknown>) => {
      const netbox = { ...emptyNetbox, users: [...emptyNetbox.users, ...users] };
      return planOf(text, {
        netbox,
        known: { "netbox/permission/own": { type: "Permission", properties: { fields } } },
      });
    };
    const [declared] = planWith({}).netboxObjects;
    const { groups, ...read } = declared?.args.fields ?? {};
    expect([declared?.name, groups]).toEqual(["netbox/permission/own", []]);
    expect(planWith(read).changes).toEqual([]);
    expect(planWith({ ...read, groups: ["crew"] }).changes).toMatchObject([{ from: "groups crew", to: "groups none" }]);
  });
});

/** Everything that can be wrong, each with its place and its remedy. */
const mistakes: [what: string, text: string, told: RegExp, facts?: Parameters<typeof planOf>[1]][] = [
  [
    "a privilege that PVE 9 dropped",
    "roles: { R: { privileges: [VM.Monitor] } }",
    /^access\.yml:1:28: VM\.Monitor is no privilege of Proxmox VE 9\.2\.11: PVE 9 has VM\.GuestAgent\.Audit in its place/,
  ],
  [
    "a privilege that is misspelt",
    "roles: { R: { privileges: [VM.Auditt] } }",
    /VM\.Auditt is no privilege of Proxmox VE 9\.2\.11: is VM\.Audit meant\?/,
  ],
  [
    "a privilege that there never was",
    "roles: { R: { privileges: [Everything.Forever] } }",
    /`pveum role list` shows those that there are/,
  ],
  [
    "a realm that there is not",
    "users: { a@nowhere: }",
    /^access\.yml:1:\d+: pve-lab has no realm nowhere \(it has pam, pve, corp\); correct a@nowhere, or add the realm/,
  ],
  [
    "a role that is built in",
    "roles: { Administrator: { privileges: [VM.Audit] } }",
    /Administrator is built in, and can't be changed; grant it as it is, without privileges, or choose another name/,
  ],
  [
    "a role with PVE's own prefix",
    "roles: { pveMine: { privileges: [VM.Audit] } }",
    /can't begin with PVE.*like NetboxMine/,
  ],
  [
    "a role that is nowhere",
    "acl: [{ path: /vms, role: Nope, user: root@pam }]",
    /pve-lab has no role Nope; declare it below roles/,
  ],
  [
    "a user that is nowhere",
    "acl: [{ path: /vms, role: PVEVMUser, user: nobody@pve }]",
    /pve-lab has no user nobody@pve; declare it here/,
  ],
  [
    "a token that is nowhere",
    "acl: [{ path: /vms, role: PVEVMUser, token: 'root@pam!no' }]",
    /pve-lab has no token root@pam!no/,
  ],
  [
    "a group that is nowhere",
    "users: { a@pve: { groups: [crew] } }",
    /pve-lab has no group crew for a@pve; declare it below groups/,
  ],
  [
    "an expiry in the past",
    "token_setup: [{ name: tt, ugid: a@pve, expire: 1000 }]",
    /expire is 1970-01-01 00:16Z, which is in the past; write a later date, 0 for never, or a time like 90d/,
  ],
  [
    "a user's expiry in the past",
    "users: { a@pve: { expire: 2020-01-01 } }",
    /expire is in the past; write a later date, or enable: false to lock a@pve out/,
  ],
  [
    "a token that expires before the next one",
    "token_setup: [{ name: tt, ugid: a@pve, expire: 60d, rotateAfter: 90d }]",
    /a token of 60d would expire before the next one has taken over \(rotateAfter and overlap are 97d together\); lengthen expire/,
  ],
  [
    "an overlap longer than the turns",
    "token_setup: [{ name: tt, ugid: a@pve, rotateAfter: 5d }]",
    /the overlap \(7d\) is as long as rotateAfter \(5d\)/,
  ],
  [
    "two entries for one token that disagree",
    "token_setup: [{ name: tt, ugid: a@pve, comment: x }, { name: tt, ugid: a@pve, comment: y }]",
    /^access\.yml:1:54: token pve-lab\/a@pve!tt is wanted otherwise at access\.yml:1:15; make the two agree, or drop one/,
  ],
  [
    "two entries for one role that disagree",
    "token_setup: [{ name: t1, ugid: a@pve, role: R, privileges: [VM.Audit], paths: [/vms] }, { name: t2, ugid: a@pve, role: R, privileges: [VM.Clone], paths: [/vms] }]",
    /role R is wanted otherwise at access\.yml:1:15/,
  ],
  [
    "a password that there is not",
    "users: { a@pve: { password: nope } }",
    /there is no password nope; set it with `pulumi config set --secret --path 'netbox-proxmox:passwords\["nope"\]'`/,
  ],
  [
    "a password of a realm that keeps its own",
    "users: { a@corp: { generatePassword: true } }",
    /the passwords of realm type ldap are kept elsewhere; leave out a@corp's password here/,
  ],
  [
    "another password, with a token",
    "users: { a@pve: { password: main } }",
    /can't be set on pve-lab with an API token; give netbox-proxmox:proxmox\["pve-lab"\] a user and a password/,
    { clusters: [clusterWith({ users: new Map([["a@pve", seenUser()]]) })] },
  ],
  [
    "a secret for Vault without an address",
    "token_setup: [{ name: tt, ugid: a@pve, sinks: [{ vault: ci/pve }] }]",
    /needs netbox-proxmox:access\.vault\.address, or VAULT_ADDR/,
  ],
  [
    "two secrets for one place",
    "token_setup: [{ name: t1, ugid: a@pve, sinks: [{ file: t.json }] }, { name: t2, ugid: a@pve, sinks: [{ file: t.json }] }]",
    /file:t\.json is to hold the tokens of both pve-lab\/a@pve!t1 and pve-lab\/a@pve!t2; give each its own place/,
  ],
  [
    "a token by the name of another one's turn",
    "token_setup: [{ name: ci, ugid: a@pve }, { name: ci-b, ugid: a@pve }]",
    /^access\.yml:1:\d+: ci-b is one of the two names of pve-lab\/a@pve!ci, which take turns; choose another name/,
  ],
  [
    "a cluster that there is not",
    "users: { a@pve: { clusters: [pve-prod] } }",
    /^access\.yml:1:29: netbox-proxmox:proxmox has no cluster pve-prod \(it has pve-lab\); correct it/,
  ],
  [
    "no cluster at all",
    "programs: { intent: , site: }",
    /^access\.yml:1:\d+: this is for Proxmox VE, and no cluster is configured; set netbox-proxmox:proxmox\["CLUSTER"\]\.url/,
    { clusters: [] },
  ],
  [
    "a part that a program has not",
    "programs: { site: { uses: [magic] } }",
    /the site program has no part magic \(it has snapshots, pools, HA, mappings, startup, privileged containers, netbox-dns, VRFs, policies, journal\); correct it/,
  ],
  [
    "a user of NetBox that is nowhere",
    "netbox: { tokens: [{ name: tt, user: nobody }] }",
    /NetBox has no user nobody; declare it below netbox\.users/,
  ],
  [
    "permissions that NetBox has twice",
    "netbox: { permissions: { twice: { objectTypes: [ipam.prefix], actions: [view] } } }",
    /NetBox has 2 object permissions twice \(https:\/\/nb\/users\/permissions\/\); rename or remove the others/,
    { netbox: { ...emptyNetbox, permissions: [1, 2].map((id) => ({ id, name: "twice" })) } },
  ],
];

describe("a path of the ACL", () => {
  const isPath = (path: string) =>
    "value" in parseAccess(`acl: [{ path: ${path}, role: PVEVMUser, user: root@pam }]`, "access.yml");

  it("is one that Proxmox VE takes", () => {
    const right = [
      "/",
      "/vms",
      "/vms/100",
      "/pool/a/b",
      "/storage/x",
      "/nodes/pve1",
      "/sdn/zones/localnetwork/vmbr0/71",
    ];
    expect(
      [...right, "/access/groups/crew", "/access/realm/pve", "/mapping/pci/gpu"].filter((path) => !isPath(path)),
    ).toEqual([]);
    expect(
      ["/vms/web", "/vms/99", "/vms/100/x", "/disks", "vms", "/storage/a/b", "/access/users"].filter(isPath),
    ).toEqual([]);
  });
});

describe("a mistake", () => {
  it.each(mistakes)("%s is told with its place and its remedy", (_what, text, told, facts) => {
    expect(planOf(text, facts).problems.join("\n")).toMatch(told);
  });

  it.each([
    [
      "a wrong user",
      "users: { nobody: }",
      /access\.yml:1:18: users\.nobody is no key here: write USER@REALM, like netbox@pve/,
    ],
    [
      "a wrong path",
      "acl: [{ path: /nonsense/x, role: R, user: a@pve }]",
      /access\.yml:1:15: acl\.0\.path won't do: write a path of Proxmox VE's ACL: \/, \/vms\/100/,
    ],
    ["nobody who has a role", "acl: [{ path: /vms, role: R }]", /say who has it: one of user, group and token/],
    [
      "an unknown key",
      "token_setup: [{ name: tt, ugid: a@pve, rotate: 90d }]",
      /token_setup\.0\.rotate is no key here; correct or remove it/,
    ],
    ["an unknown program", "programs: { sites: }", /programs/],
    [
      "a wrong time",
      "token_setup: [{ name: tt, ugid: a@pve, rotateAfter: quarterly }]",
      /write minutes, hours or days, like 30m, 12h or 7d/,
    ],
    ["no YAML", "users: [", /access\.yml:1:9: /],
  ])("in the form, %s, is told with line and column", (_what, text, told) => {
    const parsed = parseAccess(text, "access.yml");
    expect("problems" in parsed ? parsed.problems.join("\n") : "").toMatch(told);
  });
});

describe("the credential that runs the stack", () => {
  const acl = [{ path: "/", type: "user" as const, ugid: "admin@pve", roleid: "Own", propagate: true }];
  const roles = new Map([["Own", { privileges: ["Permissions.Modify", "Sys.Audit", "Sys.Modify"], isBuiltIn: false }]]);
  const clusters = [clusterWith({ acl, roles })];

  it.each([
    [
      "its role",
      "roles: { Own: { privileges: [Sys.Audit] } }",
      /admin@pve!stack, with which this stack works on pve-lab, would lose Permissions\.Modify, Sys\.Modify on \//,
    ],
    [
      "its user",
      "users: { admin@pve: { enable: false } }",
      /would lose Permissions\.Modify, Sys\.Audit, Sys\.Modify on \//,
    ],
    ["its place in the ACL", "acl: [{ path: /, role: NoAccess, user: admin@pve }]", /would lose/],
    ["its token's rights", "token_setup: [{ name: stack, ugid: admin@pve, privsep: 1, rotation: 0 }]", undefined],
  ])("is not locked out by %s", (_what, text, told) => {
    const withNone = clusterWith({
      acl,
      roles: new Map([...roles, ["NoAccess", { privileges: [], isBuiltIn: true }]]),
    });
    const { problems } = planOf(text, { clusters: [withNone] });
    // Its own token is another one's turn then: it is there already, and goes on until the overlap is over.
    if (told === undefined) expect(problems).toEqual([]);
    else expect(problems.join("\n")).toMatch(told);
  });

  it("is not locked out by what the file names no more", () => {
    const mine = {
      type: "ProxmoxAcl",
      properties: {
        cluster: "pve-lab",
        path: "/",
        type: "user",
        ugid: "admin@pve",
        roleid: "Own",
        propagate: true,
        made: true,
      },
    };
    const name = "pve-lab/acl/Own/user/admin@pve";
    expect(planOf("users: {}", { clusters, known: { [name]: mine } }).problems.join()).toMatch(/would lose/);
    const theirs = { ...mine, properties: { ...mine.properties, made: false, before: { propagate: true } } };
    expect(planOf("users: {}", { clusters, known: { [name]: theirs } }).problems).toEqual([]);
  });

  it("is not locked out of NetBox either", () => {
    const permission = {
      id: 7,
      name: "own",
      enabled: true,
      object_types: ["users.token"],
      actions: ["view", "add"],
      constraints: null,
      users: [{ id: 2 }],
      groups: [],
    };
    const netbox = {
      ...emptyNetbox,
      users: [{ id: 2, username: "robot", is_active: true, groups: [] }],
      permissions: [permission],
      self: { id: 2, username: "robot", groups: [] },
      isSuperuser: false,
    };
    const own = (text: string) => planOf(`netbox: { permissions: { own: ${text} } }`, { netbox }).problems.join("\n");
    expect(own("{ objectTypes: [users.token], actions: [view], users: [robot] }")).toMatch(
      /robot, as whom this stack works in NetBox, would lose add users\.token; work with another user's token/,
    );
    expect(own("{ objectTypes: [users.token], actions: [view, add], users: [] }")).toMatch(
      /would lose add users\.token, view users\.token/,
    );
    expect(
      own("{ objectTypes: [users.token], actions: [view, add], users: [robot], constraints: { user: 2 } }"),
    ).toMatch(/some of the objects/);
    expect(own("{ objectTypes: [users.token, users.user], actions: [view, add], users: [robot] }")).toBe("");
    expect(planOf("netbox: { users: { robot: { isActive: false } } }", { netbox }).problems.join()).toMatch(
      /would lose its user/,
    );
  });
});

describe("the programs of this project", () => {
  it("get their own roles, users, permissions and tokens, as documented", () => {
    const plan = planOf("programs: { site: { uses: [pools], storages: [local], bridges: [vmbr0] }, intent: }");
    expect(plan.problems).toEqual([]);
    expect(plan.acl.map(({ inputs }) => `${inputs.roleid} ${inputs.ugid} ${inputs.path}`)).toEqual([
      "NetboxSiteRoot netbox-site@pve /",
      "NetboxSiteGuests netbox-site@pve /vms",
      "NetboxSiteStorage netbox-site@pve /storage/local",
      "NetboxSiteNetwork netbox-site@pve /sdn/zones/localnetwork/vmbr0",
      "NetboxSitePool netbox-site@pve /pool",
    ]);
    expect(plan.tokens.map(({ inputs }) => `${inputs.userid}!${inputs.tokenid}`)).toEqual(["netbox-site@pve!site"]);
    expect(plan.netboxTokens.map(({ inputs }) => `${inputs.username} ${inputs.name} v${inputs.version}`)).toEqual([
      "netbox-site site v2",
      "netbox-intent intent v2",
    ]);
    expect(plan.warnings).toEqual([]); // Sys.Audit belongs at /
  });

  it("get the privileges of the release at hand", () => {
    const old = clusterWith({}, { version: "8.4.1" });
    const administrator = old.view.roles.get("Administrator")?.privileges ?? [];
    const privileges = [...administrator.filter((name) => !name.startsWith("VM.GuestAgent")), "VM.Monitor"];
    const roles = new Map([["Administrator", { privileges, isBuiltIn: true }]]);
    const plan = planOf("programs: { discovery: }", { clusters: [clusterWith({ roles }, { version: "8.4.1" })] });
    expect(plan.problems).toEqual([]);
    expect(plan.roles.find(({ inputs }) => inputs.roleid === "NetboxDiscoveryGuests")?.inputs.privileges).toEqual([
      "VM.Audit",
      "VM.Monitor",
    ]);
    const asked = planOf("roles: { R: { privileges: [VM.GuestAgent.Audit] } }", {
      clusters: [clusterWith({ roles }, { version: "8.4.1" })],
    });
    expect(asked.problems.join()).toMatch(
      /VM\.GuestAgent\.Audit is no privilege of Proxmox VE 8\.4\.1: before PVE 9, VM\.Monitor/,
    );
  });
});

describe("a token's age", () => {
  const at = (madeAt: number, more = {}) => ({
    "pve-lab/token/a@pve!tt": {
      type: "ProxmoxToken",
      properties: {
        cluster: "pve-lab",
        userid: "a@pve",
        tokenid: "tt",
        privsep: true,
        expire: 0,
        generation: 0,
        rotation: 0,
        madeAt,
        ...more,
      },
    },
  });
  const clusters = [
    clusterWith({ users: new Map([["a@pve", seenUser({ tokens: new Map([["tt", { expire: 0, privsep: true }]]) })]]) }),
  ];
  const text = "token_setup: [{ name: tt, ugid: a@pve, rotateAfter: 90d }]";
  const day = 86_400;

  it("is warned of before it is due, and when it is", () => {
    expect(planOf(text, { clusters, known: at(now - 10 * day) }).warnings).toEqual([]);
    expect(planOf(text, { clusters, known: at(now - 85 * day) }).warnings).toEqual([
      expect.stringMatching(/^pve-lab\/a@pve!tt is due for rotation in 5 d: the next `up` after .* does it\.$/),
    ]);
    const due = planOf(text, { clusters, known: at(now - 91 * day) });
    expect(due.warnings).toEqual([
      expect.stringMatching(/tt-b takes over from tt in this run, since it is due\. tt goes on until/),
    ]);
    expect(due.tokens.map(({ inputs, isCurrent }) => [inputs.tokenid, isCurrent])).toEqual([
      ["tt", false],
      ["tt-b", true],
    ]);
    expect(due.changes).toContainEqual(expect.objectContaining({ what: "token a@pve!tt-b", change: "rotated" }));
  });

  it("takes a right that names the token along", () => {
    const more = `${text}\nacl: [{ path: /vms, role: PVEVMUser, token: "a@pve!tt" }]`;
    const { acl } = planOf(more, { clusters, known: at(now - 91 * day) });
    expect(acl.map(({ inputs }) => inputs.ugid)).toEqual(["a@pve!tt", "a@pve!tt-b"]);
  });

  it("of one whose secret was lost is no question: the next one takes over", () => {
    const plan = planOf(text, { clusters });
    expect(plan.tokens.map(({ inputs }) => [inputs.tokenid, inputs.adopted ?? false])).toEqual([
      ["tt", true],
      ["tt-b", false],
    ]);
    expect(plan.warnings.join()).toMatch(/since it is there, and its secret is not known here/);
  });
});
