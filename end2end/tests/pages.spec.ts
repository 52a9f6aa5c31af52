// What is true of every page: it fits a phone, can be used without eyes, and its browser has nothing to complain about.

import type { Page } from "@playwright/test";
import { expect, inAWorld, test } from "../support/test";
import { start } from "../support/rollout_page";
import { complaints, loads } from "../support/watch";

inAWorld();

test("every page fits a phone and is made for everybody", async ({ open, world }) => {
  test.setTimeout(120_000);
  const phone = { viewport: { width: 390, height: 844 } };
  const page = await open("release-manager", phone);
  const heard = complaints(page);
  const name = world.application.name;

  const visit = async (what: string, page: Page) =>
    test.step(what, async () => {
      await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
      await expect(page.locator("html")).toHaveAttribute("lang", "en");
      await expect(page).toHaveTitle(/.+ · Crossfade$/);
      await expect(page.getByRole("main")).toHaveCount(1);
      expect(await tooWide(page), `${what} is scrolled sideways`).toEqual([]);
      expect(await nameless(page), `${what} has nameless controls`).toEqual([]);
      expect(await twice(page), `${what} has ids twice`).toEqual([]);
    });

  const stranger = await open(null, phone);
  const strangerHeard = complaints(stranger);
  await stranger.goto("/");
  await visit("sign in", stranger);
  expect(strangerHeard).toEqual([]);

  await page.goto("/");
  await visit("applications", page);
  await page.goto(`/applications/${name}`);
  await visit("an application", page);
  await page.goto("/history");
  await visit("history", page);
  const rollout = await start(page, name, "1.1.0");
  const address = page.url();
  await visit("a rollout that begins", page);
  await rollout.untilGate(0, 10);
  await visit("a rollout at its gate", page);
  for (const folded of await page.locator("summary").all()) if (await folded.isVisible()) await folded.click();
  await visit("a rollout, its last fold open", page);
  await page.goto(`/applications/${name}`);
  await visit("an application at work", page);
  await page.goto(address);
  await rollout.ask("Abort", "w".repeat(300));
  await rollout.until(/^\W*Aborted: /);
  await visit("a rollout that has ended, with a long word in it", page);
  expect(heard, "the console").toEqual([]);

  // A page that is not there is a page, and a complaint of the browser's about its status is no news.
  await page.goto("/no/such/page");
  await visit("not found", page);
  expect((await page.request.get("/no/such/page")).status()).toBe(404);
});

test("the first load of a rollout is small, and scripts and styles are loaded once", async ({ open, world }) => {
  const first = await open("release-manager");
  const rollout = await start(first, world.application.name, "1.1.0");
  await rollout.untilGate(0, 10);

  const page = await open("release-manager");
  const heard = complaints(page);
  const loaded = await loads(page);
  await page.goto(first.url());
  const clock = page.getByText(/^Started by/);
  const then = await clock.textContent();
  await expect(clock, "the island is awake").not.toHaveText(then ?? "");
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  const total = loaded.reduce((sum, { bytes }) => sum + bytes, 0);
  const parts = loaded.map(({ path, bytes }) => `${path.replace(/\.[0-9a-f]{16}\./, ".")} ${kilobytes(bytes)}`);
  console.log(`      a rollout's first load: ${kilobytes(total)} over the wire (${parts.join(", ")})`);
  const files = loaded.map(({ path }) => path).filter((path) => path.startsWith("/pkg/"));
  expect(files.map((path) => path.split(".").at(-1)).sort()).toEqual(["css", "js", "wasm"]);
  expect(heard).toEqual([]);

  for (const path of files) {
    // The bare wire: what unpacks by itself hides how it was packed.
    const answer = await fetch(world.server.url + path, { headers: { "accept-encoding": "br" } });
    expect(answer.headers.get("content-encoding"), path).toBe("br");
    expect(answer.headers.get("cache-control"), path).toMatch(/max-age=31536000.*immutable/);
    const plain = await page.request.get(path, { headers: { "accept-encoding": "identity" } });
    expect(plain.headers()["content-encoding"], path).toBeUndefined();
  }
  const missing = await page.request.get("/pkg/crossfade.0000000000000000.js");
  expect(missing.status()).toBe(404);
  expect(missing.headers()["cache-control"] ?? "", "a page that is missing now may be there later").not.toContain("immutable");
  const document = await page.request.get(first.url());
  expect(document.headers()["cache-control"], "pages show what production does").toBe("no-store");
  expect(document.headers()["content-security-policy"]).toMatch(/script-src 'nonce-[^']+'/);
});

/** What reaches over the right edge; nothing, when the page cannot be scrolled sideways. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > clientWidth + 1)
      .map((element) => `${element.tagName.toLowerCase()}.${element.className}`)
      .slice(0, 5);
  });
}

/** Fields, buttons and links that nobody could call by a name. */
function nameless(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = document.querySelectorAll<HTMLElement>("input:not([type=hidden]), select, textarea, button, a[href], summary");
    return [...controls]
      .filter((control) => {
        const labels = "labels" in control ? [...((control as HTMLInputElement).labels ?? [])] : [];
        const words = [...labels, control].map((element) => element.textContent ?? "").join("") + (control.ariaLabel ?? "");
        const field = /^(INPUT|SELECT|TEXTAREA)$/.test(control.tagName);
        return field ? labels.length === 0 && !control.ariaLabel : words.trim() === "";
      })
      .map((control) => control.outerHTML.slice(0, 100));
  });
}

function twice(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    return ids.filter((id, index) => ids.indexOf(id) !== index);
  });
}
