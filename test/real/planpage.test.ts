import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlanReport } from "../../stacks/plan/report";
import { planPageOf } from "../harness/planpage";
import { emptyReport, largeReport, sampleReport, vmChange } from "../harness/reports";
import { realServices } from "../harness/services";

const nasty = '</script><img src=x onerror="window.broken=1"><!--';

/** A plan's page in a real browser, as a person would use it. */
describe("the page of a plan in Chromium", { timeout: 60_000 }, () => {
  let folder: string;
  let browser: Browser;
  let page: Page;
  const said: string[] = [];
  const asked: string[] = [];
  const text = (selector: string) => page.$eval(selector, (each) => each.textContent ?? "");
  const names = () =>
    page.$$eval("article", (all) =>
      all.filter((each) => !each.hidden).map((each) => each.querySelector(".name")?.textContent ?? ""),
    );
  const open = async (report: PlanReport) => {
    const file = join(folder, "plan.html");
    writeFileSync(file, planPageOf(report));
    await page.goto(`file://${file}`);
    await page.waitForSelector("body[data-drawn=all]");
  };
  const seek = async (words: string) => {
    await page.$eval("input[type=search]", (input) => {
      (input as HTMLInputElement).value = "";
    });
    await page.type("input[type=search]", words);
    await page.waitForFunction(() => new Promise((resolve) => setTimeout(() => resolve(true), 200)));
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "planpage-"));
    browser = await puppeteer.launch({
      executablePath: realServices().chromium,
      args: ["--no-sandbox", "--disable-gpu"],
      userDataDir: join(folder, "chromium"),
    });
    page = await browser.newPage();
    await page.setViewport({ width: 1300, height: 900 });
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("request", (request) => asked.push(request.url()));
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("shows guests in their order with effects, reasons and links, and asks nobody for anything", async () => {
    await open(sampleReport);
    expect((await names()).slice(0, 4)).toEqual(["old01", "test01", "db01", "shop01"]);
    expect(await text(".toolbar output")).toBe("29 changes");
    expect(await text("article .effect.bad")).toBe(
      "deletes the VM 104 on pve2 with its disks scsi0 32 GiB, scsi1 8 GiB",
    );
    expect(await page.$eval("article .why a", (each) => (each as HTMLAnchorElement).href)).toBe(
      "https://netbox.example/core/changelog/798/",
    );
    expect(await page.$$eval(".capacity li", (all) => all.length)).toBe(4);
    expect(await page.$$eval("article details", (all) => all.every((each) => each.open))).toBe(true);
    expect(said).toEqual([]);
    expect(asked.filter((url) => !url.startsWith("file:") && !url.startsWith("data:"))).toEqual([]);
    if (process.env.SCREENSHOTS !== undefined) {
      await page.screenshot({ path: join(process.env.SCREENSHOTS, "plan.png"), fullPage: true });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
      await page.screenshot({ path: join(process.env.SCREENSHOTS, "plan-dark.png"), fullPage: true });
      await page.emulateMediaFeatures([]);
    }
  });

  it("finds by text, and chooses by action, effect and system", async () => {
    await seek("ticket 4711");
    expect(await names()).toEqual(["shop01", "web01"]);
    await seek("10.71.0.44");
    expect(await names()).toEqual(["old01"]);
    expect(await text(".toolbar output")).toBe("2 of 29 changes");
    await seek("nobody at all");
    expect(await page.$eval("p.nothing", (each) => (each as HTMLElement).hidden)).toBe(false);
    await seek(" ");
    await page.click(".effects [data-value=migrates]");
    expect(await names()).toEqual(["build01"]);
    expect(await page.$eval(".effects [data-value=migrates]", (each) => each.getAttribute("aria-pressed"))).toBe(
      "true",
    );
    await page.click(".effects [data-value=migrates]");
    await page.click(".systems [data-value=DNS]");
    expect(await names()).toEqual(["old01", "db01", "shop01", "mail01", "web02"]);
    await page.click(".actions [data-value=create]");
    expect(await names()).toEqual(["shop01", "web02"]);
    await page.click(".systems [data-value=DNS]");
    await page.click(".actions [data-value=create]");
    expect(await text(".toolbar output")).toBe("29 changes");
  });

  it("opens and closes what belongs to a guest", async () => {
    const opened = () => page.$$eval("article details", (all) => all.filter((each) => each.open).length);
    const [, collapse] = await page.$$(".toolbar .plain");
    await collapse?.click();
    expect(await opened()).toBe(0);
    await page.click("article summary");
    expect(await opened()).toBe(1);
  });

  it("runs nothing of what NetBox says", async () => {
    const fields = [{ name: "pool", before: nasty, after: "a" }];
    const changes = [vmChange({ id: 1, name: nasty }, { url: "javascript:window.broken=2", fields })];
    await open({ ...emptyReport, changes, problems: [nasty], warnings: [nasty] });
    expect(await page.evaluate("window.broken")).toBeUndefined();
    expect(await names()).toEqual([nasty]);
    expect(await page.$$eval("article a, article img", (all) => all.length)).toBe(0);
  });

  it("is read in the dark and on a telephone without sideways scrolling", async () => {
    await open(sampleReport);
    for (const width of [360, 1300]) {
      await page.setViewport({ width, height: 900 });
      expect(await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")).toBeLessThanOrEqual(0);
    }
    const ground = () => page.$eval("body", (each) => getComputedStyle(each).backgroundColor);
    const light = await ground();
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    expect(await ground()).not.toBe(light);
    await page.emulateMediaFeatures([]);
  });

  it("works with ten thousand changes", async () => {
    const report = largeReport(4400);
    expect(report.changes.length).toBeGreaterThan(10_000);
    await open(report);
    expect(await text(".toolbar output")).toBe(`${report.changes.length} changes`);
    await seek("web1001.lab.example");
    expect(await names()).toEqual(["web1001"]);
  });
});
