import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labEnvironment } from "../../tools/labstack";
import { runOps } from "../harness/cli";
import { addRecords, inventorySeed } from "../harness/inventory";
import { realServices } from "../harness/services";
import { TestSystems } from "../harness/systems";

const nasty = '</script><img src=x onerror="window.broken=1"><!--';

/** The inventory's page in a real browser, as a person would use it. */
describe("graph.html in Chromium", { timeout: 60_000 }, () => {
  let systems: TestSystems;
  let browser: Browser;
  let page: Page;
  let file: string;
  const said: string[] = [];
  const asked: string[] = [];
  const text = (selector: string) => page.$eval(selector, (each) => each.textContent ?? "");
  const texts = (selector: string) => page.$$eval(selector, (all) => all.map((each) => each.textContent ?? ""));
  const bright = () => texts(".guest:not(.dim) .name");
  const seek = async (words: string) => {
    await page.$eval("input[type=search]", (input) => {
      (input as HTMLInputElement).value = "";
    });
    await page.type("input[type=search]", words);
  };

  beforeAll(async () => {
    systems = await TestSystems.open(inventorySeed(), { statistics: 0 }, "lab");
    await addRecords(systems);
    const { reach } = await systems.stack({}, "page", { env: labEnvironment(systems.endpoints) });
    // PVE takes no such name itself; the page is not to depend on that.
    const cluster = systems.lab.proxmox.get("pve-lab")?.cluster;
    cluster?.guests.get(204)?.config.set("hostname", nasty);
    const folder = join(systems.folder, "graph");
    const { code, err } = await runOps(["graph", "--out", folder, ...reach.args], reach.env);
    expect([code, err]).toEqual([0, ""]);
    file = join(folder, "graph.html");
    browser = await puppeteer.launch({
      executablePath: realServices().chromium,
      args: ["--no-sandbox", "--disable-gpu"],
      userDataDir: join(systems.folder, "chromium"),
    });
    page = await browser.newPage();
    await page.setViewport({ width: 1400, height: 900 });
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(`file://${file}`);
  });
  afterAll(async () => {
    await browser.close();
    await systems.close();
  });

  it("draws the cluster with its capacity, and asks nobody for anything", async () => {
    expect(await texts(".cluster-head h2")).toEqual(["pve-lab"]);
    expect(await texts(".node h3")).toEqual(["pve1", "pve2"]);
    expect(await texts(".storage h3")).toEqual(["ceph", "local", "local", "local-lvm", "local-lvm"]);
    expect((await texts(".guest .name")).sort()).toEqual([nasty, "ct1", "debian", "late-one", "web1"].sort());
    expect(await page.$eval(".storage .level", (each) => Number(each.getAttribute("width")))).toBeCloseTo(11.26, 1);
    expect(await text(".toolbar output")).toBe("5 guests");
    expect(said).toEqual([]);
    expect(asked.filter((url) => !url.startsWith("file:") && !url.startsWith("data:"))).toEqual([]);
    expect(await page.evaluate("window.broken")).toBeUndefined();
  });

  it("finds guests by name, address, alias, MAC, bridge, tag and storage", async () => {
    for (const [words, found] of [
      ["web1", ["web1"]],
      ["10.71.8.32", ["ct1"]],
      ["www.lab.example", ["web1"]],
      ["bc:24:11:00:00:32", ["ct1"]],
      ["front pve1", ["web1"]],
      ["vlan72", ["ct1"]],
      ["lxc small", ["ct1"]],
      ["drift", ["late-one"]],
      ["203", ["late-one"]],
      ["nothing at all", []],
    ] as const) {
      await seek(words);
      expect([words, await bright()]).toEqual([words, [...found]]);
    }
    expect(await text(".toolbar output")).toBe("0 of 5 guests");
    await seek(" ");
  });

  it("colours by status, and by what differs from NetBox", async () => {
    const tones = () =>
      page.$$eval(".guest", (all) =>
        all.map((each) => `${(each as HTMLElement).title.split(" ")[0]} ${(each as HTMLElement).dataset.tone}`),
      );
    expect(await tones()).toEqual(expect.arrayContaining(["web1 running", "ct1 running", "late-one stopped"]));
    expect(await texts(".legend .key")).toEqual(["stopped 3", "running 2"]);
    await page.click("input[value=drift]");
    expect(await tones()).toEqual(
      expect.arrayContaining(["web1 same", "ct1 same", "late-one differs", "debian undocumented"]),
    );
    const colours = await page.$$eval(".legend i", (all) => all.map((each) => getComputedStyle(each).backgroundColor));
    expect(new Set(colours).size).toBe(3);
    await page.click("input[value=status]");
  });

  it("shows one guest with all that hangs on it, and where its disks lie", async () => {
    await seek("www.lab.example");
    await page.keyboard.press("Enter");
    const shown = await text(".details");
    for (const each of [
      "web1",
      "pve-lab / pve1",
      "2 × 2",
      "2 GiB",
      "scsi0: 10 GiB on ceph",
      "scsi1: 2 GiB on local-lvm, not backed up",
      "net0: vmbr0, VLAN 71",
      "10.71.0.31/24",
      "www.lab.example",
      "10.71.0.0/24 · servers (71)",
    ])
      expect(shown).toContain(each);
    expect(await page.$eval(".details a", (each) => (each as HTMLAnchorElement).href)).toMatch(
      /\/virtualization\/virtual-machines\/\d+\/$/,
    );
    expect(await texts(".storage.held h3")).toEqual(["ceph", "local-lvm"]);
    expect(await page.$$eval(".lines path", (all) => all.length)).toBe(2);
    // Each line ends at the card of its storage.
    const ends = await page.$$eval(".lines circle", (all) => all.map((each) => each.getBoundingClientRect().top));
    const cards = await page.$$eval(".storage.held", (all) => all.map((each) => each.getBoundingClientRect().top));
    for (const [n, end] of ends.sort().entries()) expect(Math.abs(end + 4 - (cards.sort()[n] ?? 0))).toBeLessThan(2);
    if (process.env.SCREENSHOTS !== undefined) {
      await page.screenshot({ path: join(process.env.SCREENSHOTS, "guest.png") });
      await page.click("input[value=drift]");
      await seek(" ");
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
      await page.screenshot({ path: join(process.env.SCREENSHOTS, "drift-dark.png"), fullPage: true });
      await page.emulateMediaFeatures([]);
    }
    await page.keyboard.press("Escape");
    expect(await page.$eval(".details", (each) => (each as HTMLElement).hidden)).toBe(true);
  });

  it("says what NetBox has and Proxmox VE doesn't", async () => {
    await page.click(".note.missing summary");
    expect(await text(".note.missing")).toContain("lost1 (pve-lab, active)");
    expect(await text(".note.missing")).not.toContain("soon1");
  });
});
