import type { PageCluster, PageData, PageGuest, PageNode, PageStorage, Usage } from "../desired/page";

// Runs in the browser: draws the clusters, searches them, and shows one guest with what hangs on it.
// Texts come from other people's systems, and only ever become text nodes.

type Child = Node | string;

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function shape(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

const link = (url: string, text: string): Child =>
  /^https?:\/\//.test(url) ? element("a", { href: url, rel: "noreferrer", target: "_blank" }, text) : text;

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const shown = value / 1024 ** power;
  return `${shown >= 100 || Number.isInteger(shown) ? Math.round(shown) : shown.toFixed(1)} ${units[power]}`;
}

const percent = (part: number): string => `${Math.round(part * 100)} %`;

// ---- what a guest's colour says

type View = "status" | "drift";

interface Tone {
  name: string;
  says: string;
}

const statusTones: Record<string, string> = {
  running: "it runs",
  stopped: "it is switched off",
  paused: "it is paused",
  unknown: "its node doesn't answer",
};

function statusTone({ status }: PageGuest): Tone {
  const says = statusTones[status];
  return says === undefined ? { name: "unknown", says: status } : { name: status, says };
}

function driftTone({ netbox, status }: PageGuest): Tone {
  // What guests are made from is no guest: nobody documents it.
  if (netbox === null && status === "template") return { name: "template", says: "a template" };
  if (netbox === null) return { name: "undocumented", says: "NetBox doesn't have it" };
  if (netbox.drift.length > 0) return { name: "differs", says: "NetBox says otherwise" };
  return { name: "same", says: "NetBox says the same" };
}

const toneOf = (view: View, guest: PageGuest): Tone => (view === "drift" ? driftTone(guest) : statusTone(guest));

// ---- capacity

function bar(label: string, part: number | null, detail: string): HTMLElement {
  const known = part ?? 0;
  const level = known >= 0.9 ? "full" : known >= 0.8 ? "high" : "fine";
  const track = shape("svg", {
    class: "bar",
    viewBox: "0 0 100 6",
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  track.append(
    shape("rect", { class: "track", width: 100, height: 6 }),
    shape("rect", { class: `level ${level}`, width: Math.min(100, known * 100), height: 6 }),
  );
  return element(
    "div",
    { class: "capacity", title: `${label}: ${detail}` },
    element("span", { class: "what" }, label),
    track,
    element("span", { class: "share" }, part === null ? "?" : percent(part)),
  );
}

const share = ({ used, total }: Usage): number | null =>
  used === null || total === null || total === 0 ? null : used / total;

const usageBar = (label: string, usage: Usage): HTMLElement =>
  bar(
    label,
    share(usage),
    usage.used === null || usage.total === null ? "unknown" : `${bytes(usage.used)} of ${bytes(usage.total)}`,
  );

const cpuBar = (cpu: number | null, cpus: number | null): HTMLElement =>
  bar("CPU", cpu, cpu === null ? "unknown" : `${percent(cpu)} of ${cpus ?? 0} CPUs`);

/** Of several at once; what isn't known of one is left out. */
function together(all: Usage[]): Usage {
  const known = all.filter(({ used, total }) => used !== null && total !== null);
  const sum = (key: keyof Usage) => known.reduce((before, usage) => before + (usage[key] ?? 0), 0);
  return known.length === 0 ? { used: null, total: null } : { used: sum("used"), total: sum("total") };
}

// ---- the drawing

/** A guest with its tile, and all that it can be found by. */
interface Drawn {
  guest: PageGuest;
  cluster: PageCluster;
  node: PageNode;
  tile: HTMLButtonElement;
  words: string;
}

const drawn: Drawn[] = [];
const storageCards = new Map<string, HTMLElement>();
/** More than these on a node are drawn as squares. */
const mostNamed = 60;

function wordsOf(guest: PageGuest, node: PageNode, cluster: PageCluster): string {
  const { vmid, name, type, status, tags, disks, nics, netbox, addresses } = guest;
  return [
    ...[String(vmid), name, type === "lxc" ? "ct container lxc" : "vm qemu", status, ...tags, node.name, cluster.name],
    ...disks.map(({ storage }) => storage),
    ...nics.flatMap(({ bridge, mac, tag }) => [bridge, mac, tag === null ? "" : `vlan${tag}`]),
    ...(netbox === null
      ? status === "template"
        ? []
        : ["undocumented"]
      : [netbox.name, netbox.status, netbox.drift.length > 0 ? "drift" : ""]),
    ...addresses.flatMap(({ address, names, prefix, vlan }) => [address, ...names, prefix ?? "", vlan ?? ""]),
  ]
    .join("\n")
    .toLowerCase();
}

function tileOf(guest: PageGuest, node: PageNode, cluster: PageCluster, named: boolean): HTMLButtonElement {
  const title = `${guest.name} (${guest.vmid}), ${guest.status}`;
  const tile = element("button", { type: "button", class: named ? "guest" : "guest square", title });
  if (named)
    tile.append(element("span", { class: "name" }, guest.name), element("span", { class: "vmid" }, String(guest.vmid)));
  else tile.setAttribute("aria-label", title);
  if (guest.type === "lxc") tile.classList.add("container");
  const made: Drawn = { guest, cluster, node, tile, words: wordsOf(guest, node, cluster) };
  tile.addEventListener("click", () => choose(made));
  drawn.push(made);
  return tile;
}

function nodeCard(node: PageNode, cluster: PageCluster): HTMLElement {
  const named = node.guests.length <= mostNamed;
  const guests = element("div", { class: named ? "guests" : "guests squares" });
  guests.append(...node.guests.map((guest) => tileOf(guest, node, cluster, named)));
  const head = element(
    "header",
    {},
    element("h3", {}, node.name),
    element(
      "span",
      { class: "quiet" },
      [node.ip ?? "", `${node.guests.length} guests`].filter((each) => each !== "").join(" · "),
    ),
  );
  if (node.status !== "online") head.append(element("span", { class: "badge bad" }, node.status));
  return element(
    "section",
    { class: "card node" },
    head,
    cpuBar(node.cpu, node.cpus),
    usageBar("memory", node.memory),
    usageBar("disk", node.disk),
    guests,
  );
}

function storageCard(storage: PageStorage): HTMLElement {
  const where = storage.shared ? "shared" : storage.nodes.join(", ") || "nowhere at hand";
  const card = element(
    "section",
    { class: "card storage", title: storage.content.join(", ") },
    element(
      "header",
      {},
      element("h3", {}, storage.name),
      element("span", { class: "quiet" }, [storage.type, where].filter((each) => each !== "").join(" · ")),
    ),
    usageBar("used", storage.usage),
  );
  storageCards.set(storage.id, card);
  return card;
}

function clusterSection(cluster: PageCluster): HTMLElement {
  const { nodes, storages } = cluster;
  const cpus = nodes.reduce((sum, node) => sum + (node.cpus ?? 0), 0);
  const busy = nodes.reduce((sum, node) => sum + (node.cpu ?? 0) * (node.cpus ?? 0), 0);
  const head = element(
    "header",
    { class: "cluster-head" },
    element("h2", {}, cluster.name),
    element("span", { class: "quiet" }, `Proxmox VE ${cluster.version}`),
    element("span", { class: cluster.quorate ? "badge good" : "badge bad" }, cluster.quorate ? "quorate" : "no quorum"),
  );
  const sums = element(
    "div",
    { class: "sums" },
    cpuBar(cpus === 0 ? null : busy / cpus, cpus),
    usageBar("memory", together(nodes.map(({ memory }) => memory))),
    usageBar("storage", together(storages.map(({ usage }) => usage))),
  );
  return element(
    "section",
    { class: "cluster" },
    head,
    sums,
    element("div", { class: "nodes" }, ...nodes.map((node) => nodeCard(node, cluster))),
    element("div", { class: "storages" }, ...storages.map(storageCard)),
  );
}

// ---- one guest

let chosen: Drawn | undefined;
const lines = shape("svg", { class: "lines", "aria-hidden": "true" });
const details = element("aside", { class: "details", "aria-live": "polite" });

const row = (name: string, ...value: Child[]): HTMLElement[] => [element("dt", {}, name), element("dd", {}, ...value)];

function choose(made: Drawn | undefined): void {
  chosen?.tile.classList.remove("chosen");
  for (const card of storageCards.values()) card.classList.remove("held");
  chosen = made;
  details.hidden = made === undefined;
  document.body.classList.toggle("open", made !== undefined);
  if (made !== undefined) {
    made.tile.classList.add("chosen");
    for (const { storageId } of made.guest.disks) storageCards.get(storageId ?? "")?.classList.add("held");
    describe(made);
  }
  drawLines();
}

function describe({ guest, node, cluster }: Drawn): void {
  const close = element("button", { type: "button", class: "close", title: "close" }, "×");
  close.addEventListener("click", () => choose(undefined));
  const facts = element("dl", {});
  facts.append(
    ...row("where", `${cluster.name} / ${node.name}`),
    ...row("VMID", String(guest.vmid)),
    ...row("kind", guest.type === "lxc" ? "container" : "virtual machine"),
    ...row("status", guest.status),
    ...row("CPUs", guest.sockets > 1 ? `${guest.sockets} × ${guest.cores}` : String(guest.cores)),
    ...row("memory", bytes(guest.memory)),
    ...(guest.tags.length === 0 ? [] : row("tags", ...guest.tags.map((tag) => element("span", { class: "tag" }, tag)))),
  );
  const disks = guest.disks.map(({ slot, size, storage, backup }) =>
    element("li", {}, `${slot}: ${bytes(size)} on ${storage}${backup ? "" : ", not backed up"}`),
  );
  const nics = guest.nics.map(({ net, bridge, mac, model, tag }) =>
    element(
      "li",
      {},
      `${net}: ${bridge}${tag === null ? "" : `, VLAN ${tag}`}`,
      element("div", { class: "quiet" }, `${model} ${mac}`),
    ),
  );
  const addresses = guest.addresses.map(({ address, names, prefix, vlan, url }) =>
    element(
      "li",
      {},
      link(url, address),
      ...names.map((name) => element("div", {}, name)),
      element("div", { class: "quiet" }, [prefix ?? "", vlan ?? ""].filter((each) => each !== "").join(" · ")),
    ),
  );
  details.replaceChildren(
    close,
    element("h2", {}, guest.name),
    ...netboxParts(guest),
    facts,
    ...part("Disks", disks),
    ...part("Network", nics),
    ...part("Addresses", addresses),
  );
}

const part = (title: string, items: HTMLElement[]): HTMLElement[] =>
  items.length === 0 ? [] : [element("h3", {}, title), element("ul", {}, ...items)];

function netboxParts({ netbox, status }: PageGuest): HTMLElement[] {
  if (!data.hasNetbox || (netbox === null && status === "template")) return [];
  if (netbox === null) return [element("p", { class: "note differs" }, "NetBox doesn't have it.")];
  const says = element("p", {}, "NetBox: ", link(netbox.url, netbox.name), `, ${netbox.status}`);
  if (netbox.drift.length === 0) return [says];
  const list = element("ul", {}, ...netbox.drift.map((each) => element("li", {}, each)));
  return [says, element("div", { class: "note differs" }, "Differs from NetBox:", list)];
}

/** From the chosen guest to the storages that its disks lie on. */
function drawLines(): void {
  lines.replaceChildren();
  if (chosen === undefined) return;
  const page = lines.getBoundingClientRect();
  const from = chosen.tile.getBoundingClientRect();
  const start = { x: from.left + from.width / 2 - page.left, y: from.bottom - page.top };
  for (const id of new Set(chosen.guest.disks.map(({ storageId }) => storageId))) {
    const card = storageCards.get(id ?? "");
    if (card === undefined) continue;
    const to = card.getBoundingClientRect();
    const end = { x: to.left + to.width / 2 - page.left, y: to.top - page.top };
    const middle = (start.y + end.y) / 2;
    lines.append(
      shape("path", { d: `M ${start.x} ${start.y} C ${start.x} ${middle}, ${end.x} ${middle}, ${end.x} ${end.y}` }),
      shape("circle", { cx: end.x, cy: end.y, r: 4 }),
    );
  }
}

// ---- search and colours

let view: View = "status";
const count = element("output", { class: "quiet" });
const legend = element("div", { class: "legend" });

function search(text: string): void {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  let found = 0;
  for (const { tile, words: own } of drawn) {
    const matches = words.every((word) => own.includes(word));
    tile.classList.toggle("dim", !matches);
    if (matches) found++;
  }
  count.textContent = words.length === 0 ? `${drawn.length} guests` : `${found} of ${drawn.length} guests`;
}

function paint(next: View): void {
  view = next;
  const counts = new Map<string, { tone: Tone; count: number }>();
  for (const { guest, tile } of drawn) {
    const tone = toneOf(view, guest);
    tile.dataset.tone = tone.name;
    const before = counts.get(tone.name)?.count ?? 0;
    counts.set(tone.name, { tone, count: before + 1 });
  }
  const entries = [...counts.values()].sort((a, b) => b.count - a.count);
  legend.replaceChildren(
    ...entries.map(({ tone, count: many }) =>
      element(
        "span",
        { class: "key", "data-tone": tone.name, title: tone.says },
        element("i", {}),
        `${tone.name} ${many}`,
      ),
    ),
  );
}

function toolbar(): HTMLElement {
  const input = element("input", {
    type: "search",
    placeholder: "name, VMID, address, MAC, bridge, tag …",
    "aria-label": "search guests",
  });
  input.addEventListener("input", () => search(input.value));
  input.addEventListener("keydown", ({ key }) => {
    if (key === "Enter") show(drawn.find(({ tile }) => !tile.classList.contains("dim")));
    if (key === "Escape") choose(undefined);
  });
  const choices = (data.hasNetbox ? (["status", "drift"] as const) : (["status"] as const)).map((name) => {
    const radio = element("input", { type: "radio", name: "view", value: name });
    radio.checked = name === view;
    radio.addEventListener("change", () => paint(name));
    return element("label", {}, radio, name);
  });
  return element(
    "div",
    { class: "toolbar" },
    input,
    count,
    element("fieldset", {}, element("legend", {}, "colours"), ...choices),
    legend,
  );
}

function show(made: Drawn | undefined): void {
  made?.tile.scrollIntoView({ block: "center" });
  choose(made);
}

function missingNote(): HTMLElement[] {
  const { missing } = data;
  if (missing.length === 0) return [];
  const items = missing.map(({ name, cluster, status, url }) =>
    element("li", {}, link(url, name), ` (${cluster}, ${status})`),
  );
  const title = `${missing.length} ${missing.length === 1 ? "guest that NetBox has is" : "guests that NetBox has are"} not on Proxmox VE`;
  return [element("details", { class: "note missing" }, element("summary", {}, title), element("ul", {}, ...items))];
}

const data: PageData = JSON.parse(document.getElementById("data")?.textContent ?? "{}");
document
  .getElementById("page")
  ?.append(
    element(
      "header",
      { class: "top" },
      element("h1", {}, "Inventory"),
      element("span", { class: "quiet" }, `as it was at ${data.readAt}`),
    ),
    toolbar(),
    ...data.problems.map((problem) => element("p", { class: "note problem" }, problem)),
    ...missingNote(),
    ...data.clusters.map(clusterSection),
    details,
    lines,
  );
details.hidden = true;
paint("status");
search("");
window.addEventListener("resize", drawLines);
