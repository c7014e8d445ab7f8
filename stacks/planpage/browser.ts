import type { PlanPageBar, PlanPageChoice, PlanPageData, PlanPageGroup, PlanPageRow } from "../plan/report/pagetypes";

// Runs in the browser: draws a plan's changes, and shows those that somebody looks for.
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

const link = (url: string | undefined, text: string): Child =>
  url !== undefined && /^https?:\/\//.test(url)
    ? element("a", { href: url, rel: "noreferrer", target: "_blank" }, text)
    : text;

/** Addresses in a sentence become links. */
const linked = (text: string): Child[] =>
  text.split(/(https?:\/\/[^\s<>()"']+[^\s<>()"'.,;:])/).map((part, n) => (n % 2 === 1 ? link(part, part) : part));

const data: PlanPageData = JSON.parse(document.getElementById("data")?.textContent ?? "{}");

// ---- the changes

/** A change with what it is found by. */
interface Drawn {
  row: PlanPageRow;
  node: HTMLElement;
  words: string;
}

interface DrawnGroup {
  node: HTMLElement;
  lead: Drawn | undefined;
  rows: Drawn[];
  /** The part that opens and closes. */
  details: HTMLDetailsElement | undefined;
  /** What it is found by besides: the guest's name. */
  words: string;
}

const actionNames: Record<PlanPageRow["action"], string> = {
  create: "create",
  adopt: "adopt",
  update: "change",
  replace: "make anew",
  delete: "delete",
};

const wordsOf = ({ title, parts, more, effects, reasons, system, action }: PlanPageRow): string =>
  [title, ...parts, ...more, ...effects.map(({ text }) => text), ...reasons.map(({ text }) => text), system, action]
    .join("\n")
    .toLowerCase();

function lineOf(row: PlanPageRow): HTMLElement {
  const { sign, action, title, url, parts, effects, reasons } = row;
  const name = element("span", { class: "name" }, link(url, title));
  const told = effects.map(({ text, isDestructive }) =>
    element("span", { class: isDestructive ? "effect bad" : "effect" }, text),
  );
  const isGone = action === "delete" || action === "replace";
  const said = parts.length === 0 ? [] : [element("span", { class: "said" }, parts.join(", "))];
  const why = reasons.map(({ text, url: page }) => element("span", { class: "why" }, link(page, text)));
  return element(
    "div",
    { class: "line", "data-action": action },
    element(
      "span",
      { class: "sign", role: "img", "aria-label": actionNames[action], title: actionNames[action] },
      sign.replace("-", "−"),
    ),
    element(
      "div",
      { class: "text" },
      name,
      ...(isGone ? [...told, ...said] : [...said, ...told]),
      ...(why.length === 0 ? [] : [element("div", { class: "reasons" }, ...why)]),
    ),
    element("span", { class: "system" }, row.system),
  );
}

function drawnRow(row: PlanPageRow): Drawn {
  const node = lineOf(row);
  if (row.more.length > 0) node.querySelector(".text")?.append(element("div", { class: "more" }, row.more.join(", ")));
  return { row, node, words: wordsOf(row) };
}

function drawnGroup({ name, url, lead: first, rows: members }: PlanPageGroup): DrawnGroup {
  const lead = first === undefined ? undefined : drawnRow(first);
  const rows = members.map(drawnRow);
  const head =
    lead?.node ??
    element(
      "div",
      { class: "line" },
      element("span", { class: "sign" }),
      element("span", { class: "name" }, link(url, name ?? "")),
    );
  const words = (name ?? "").toLowerCase();
  if (rows.length === 0) return { node: element("article", {}, head), lead, rows, details: undefined, words };
  const title = `${rows.length} ${rows.length === 1 ? "change" : "changes"} with it`;
  const details = element(
    "details",
    {},
    element("summary", {}, element("span", {}, title)),
    element("div", { class: "rows" }, ...rows.map(({ node }) => node)),
  );
  return { node: element("article", {}, head, details), lead, rows, details, words };
}

// ---- choosing

const chosen: Record<"actions" | "effects" | "systems", Set<string>> = {
  actions: new Set(),
  effects: new Set(),
  systems: new Set(),
};
let wanted: string[] = [];
const groups: DrawnGroup[] = [];
const shownCount = element("output", { class: "quiet", "aria-live": "polite" });

const isChosen = (among: Set<string>, values: string[]): boolean =>
  among.size === 0 || values.some((each) => among.has(each));

function matches({ row, words }: Drawn, also: string): boolean {
  return (
    isChosen(chosen.actions, [row.action]) &&
    isChosen(
      chosen.effects,
      row.effects.map(({ effect }) => effect),
    ) &&
    isChosen(chosen.systems, [row.system]) &&
    wanted.every((word) => words.includes(word) || also.includes(word))
  );
}

const isFiltered = (): boolean => wanted.length > 0 || Object.values(chosen).some(({ size }) => size > 0);

let total = 0;

/** What is found is shown; a guest's own line stays with what is found under it. */
function choose(): void {
  let found = 0;
  for (const { node, lead, rows, details, words } of groups) {
    const isLead = lead !== undefined && matches(lead, words);
    const hits = rows.filter((each) => matches(each, words));
    found += hits.length + (isLead ? 1 : 0);
    node.hidden = !isLead && hits.length === 0;
    lead?.node.classList.toggle("dim", !isLead && hits.length > 0);
    for (const each of rows) each.node.hidden = !hits.includes(each);
    if (details === undefined) continue;
    details.hidden = hits.length === 0;
    if (isFiltered() && hits.length > 0 && !isLead) details.open = true;
  }
  shownCount.textContent = isFiltered()
    ? `${found} of ${total} changes`
    : `${total} ${total === 1 ? "change" : "changes"}`;
  nothing.hidden = found > 0 || total === 0;
}

const nothing = element("p", { class: "quiet nothing" }, "No change is like that.");

function choices(title: string, kind: keyof typeof chosen, all: PlanPageChoice[]): HTMLElement[] {
  if (all.length < (kind === "systems" ? 2 : 1)) return [];
  const buttons = all.map(({ value, text }) => {
    const button = element(
      "button",
      { type: "button", class: "chip", "aria-pressed": "false", "data-value": value },
      text,
    );
    button.addEventListener("click", () => {
      const isOn = !chosen[kind].delete(value);
      if (isOn) chosen[kind].add(value);
      button.setAttribute("aria-pressed", String(isOn));
      choose();
    });
    return button;
  });
  return [element("div", { class: `chips ${kind}`, role: "group", "aria-label": title }, ...buttons)];
}

function toolbar(): HTMLElement {
  const input = element("input", {
    type: "search",
    placeholder: "guest, address, property, person, ticket …",
    "aria-label": "search the changes",
  });
  let waiting: number | undefined;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    // With thousands of changes not after each letter.
    waiting = window.setTimeout(
      () => {
        wanted = input.value
          .toLowerCase()
          .split(/\s+/)
          .filter((word) => word !== "");
        choose();
      },
      total > 2000 ? 150 : 0,
    );
  });
  const toggle = (text: string, open: boolean) => {
    const button = element("button", { type: "button", class: "plain" }, text);
    button.addEventListener("click", () => {
      for (const { details } of groups) if (details !== undefined) details.open = open;
    });
    return button;
  };
  const hasParts = data.groups.some(({ rows }) => rows.length > 0);
  return element(
    "div",
    { class: "toolbar", role: "search" },
    input,
    shownCount,
    ...(hasParts ? [toggle("expand all", true), toggle("collapse all", false)] : []),
    ...choices(
      "by system",
      "systems",
      data.systems.map((system) => ({ value: system, text: system })),
    ),
  );
}

// ---- what stands around them

const barShape = (name: string, attributes: Record<string, string | number>): SVGElement => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
};

function barOf({ text, before, after, isWarned }: PlanPageBar): HTMLElement {
  const [was, is] = [before, after].map((share) => Math.max(0, Math.min(1, share)) * 100);
  const track = barShape("svg", {
    class: "bar",
    viewBox: "0 0 100 6",
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  const level = isWarned || after >= 0.9 ? "full" : after >= 0.8 ? "high" : "fine";
  track.append(
    barShape("rect", { class: "track", width: 100, height: 6 }),
    barShape("rect", { class: `level ${level} added`, width: Math.max(was ?? 0, is ?? 0), height: 6 }),
    barShape("rect", { class: `level ${level}`, width: Math.min(was ?? 0, is ?? 0), height: 6 }),
  );
  return element("li", isWarned ? { class: "warned" } : {}, element("span", {}, text), track);
}

function capacity(): HTMLElement[] {
  if (data.bars.length === 0) return [];
  return [
    element(
      "section",
      { class: "capacity" },
      element("h2", {}, "Capacity after it"),
      element("ul", {}, ...data.bars.map(barOf)),
    ),
  ];
}

const sections = (isFirst: boolean): HTMLElement[] =>
  data.sections
    .filter(({ id }) => (id === "problems" || id === "refusals") === isFirst)
    .map(({ title, tone, lines }) =>
      element(
        "section",
        { class: `note ${tone}` },
        element("h2", {}, title),
        element(
          "ul",
          {},
          ...lines.map(({ text, url }) =>
            element("li", {}, ...linked(text), ...(url === undefined ? [] : [" ", link(url, "in NetBox")])),
          ),
        ),
      ),
    );

const list = element("section", { class: "changes", "aria-label": "changes" });

/** A screenful at once, and the rest while nobody waits for it. */
function draw(from = 0): void {
  const part = data.groups.slice(from, from + 250).map(drawnGroup);
  groups.push(...part);
  list.append(...part.map(({ node }) => node));
  if (isFiltered() || from === 0) choose();
  const next = from + part.length;
  if (next < data.groups.length) setTimeout(() => draw(next));
  else {
    choose();
    document.body.dataset.drawn = "all";
  }
}

total = data.groups.reduce((sum, { lead, rows }) => sum + rows.length + (lead === undefined ? 0 : 1), 0);
document
  .getElementById("page")
  ?.append(
    element(
      "header",
      { class: "top" },
      element("h1", {}, data.title),
      element("span", { class: "quiet" }, data.madeAt),
    ),
    ...data.remarks.map(({ text, url }) =>
      element("p", { class: "note warn" }, text, ...(url === undefined ? [] : [" ", link(url, "in NetBox")])),
    ),
    element(
      "div",
      { class: "summary" },
      ...choices("by action", "actions", data.actions),
      ...choices("by effect", "effects", data.effects),
    ),
    ...(total === 0 ? [element("p", { class: "nothing" }, data.summary, ".")] : []),
    ...sections(true),
    ...(total === 0 ? [] : [toolbar()]),
    list,
    nothing,
    ...capacity(),
    ...sections(false),
    element("footer", { class: "quiet" }, data.rest),
  );
draw();
// Many are laid out as they come into sight; few are read at once.
if (data.groups.length > 250) document.body.dataset.many = "";
if (total <= 40) for (const { details } of groups) if (details !== undefined) details.open = true;
