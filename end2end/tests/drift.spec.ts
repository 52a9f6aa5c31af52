// Somebody sets a weight by hand, edits the file, stops nginx: it is noticed, shown and put right.

import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, inAWorld, test } from "../support/test";
import { RolloutPage, start } from "../support/rollout_page";
import { Nginx } from "../support/nginx";
import type { World } from "../support/world";

inAWorld({ bake: "2s", monitor: "2s" });

// Noticed within 10 s; a busy machine may take longer.
const noticed = { timeout: 45_000 };

/** As a person does who knows where the dial is. */
function setByHand(world: World, green: number): void {
  const dial = join(world.nginx.folder, "dial", world.application.name);
  const folder = join(dial, `to-green-${green}`);
  mkdirSync(folder, { recursive: true });
  for (let session = 0; session < green; session++) writeFileSync(join(folder, `${session}`), "");
  rmSync(join(dial, "current"));
  symlinkSync(`to-green-${green}`, join(dial, "current"));
}

const box = (page: Page) => page.getByRole("region", { name: "Drift" });

async function putRight(page: Page, reason: string): Promise<void> {
  await box(page).locator("summary").filter({ hasText: "Put right" }).click();
  await box(page).getByLabel("Reason").first().fill(reason);
  await box(page).getByRole("button", { name: "Put right", exact: true }).click();
}

test("a weight set by hand during a gate is shown on every open page, put right, and the rollout goes on", async ({ open, world }) => {
  test.setTimeout(240_000);
  const [page, list, application] = [await open("release-manager"), await open("viewer"), await open("release-manager")];
  const rollout = await start(page, world.application.name, "1.1.0");
  await list.goto("/");
  await application.goto(`/applications/${world.application.name}`);
  await rollout.untilGate(0, 10);
  await rollout.ask("Approve 10 %");
  await rollout.untilGate(10, 25);
  for (const where of [page, list, application]) await expect(box(where)).toHaveCount(0);
  const unchanged = await rollout.mark();

  const began = Date.now();
  setByHand(world, 100);
  await expect(box(page)).toBeVisible(noticed);
  console.log(`      shown ${Date.now() - began} ms after it was set by hand`);
  for (const where of [list, application]) await expect(box(where)).toBeVisible(noticed);
  await expect(box(page)).toContainText("it was left at green 10 %, blue 90 %");
  await expect(box(page)).toContainText("nothing is shifted over this, nothing goes back because of it");
  await expect(box(page).getByText("Adopt"), "never more than was approved").toHaveCount(0);
  await expect(rollout.button("Approve 25 %")).toHaveCount(0);
  await expect(page.getByText("Not before the router is put right")).toBeVisible();
  await expect(box(list).getByText("To put it right: this needs the role release-manager.")).toBeVisible();
  await expect(box(list).getByRole("button")).toHaveCount(0);
  expect(await unchanged(), "without loading the page again").toBe(true);
  await expect(rollout.traffic).toHaveAccessibleName("Traffic: blue 0 %, green 100 %", { timeout: 15_000 });

  await putRight(page, "a slip of the hand");
  await expect(page.getByText("release-manager had the router put right.")).toBeVisible();
  for (const where of [page, list, application]) await expect(box(where)).toHaveCount(0, noticed);
  await expect(rollout.traffic).toHaveAccessibleName("Traffic: blue 90 %, green 10 %");
  await rollout.ask("Approve 25 %");
  await rollout.untilGate(25, 50);
  const journal = await rollout.journal();
  expect(journal.filter((line) => line.includes("has the router put right: a slip of the hand"))).toHaveLength(1);

  await test.step("a lower weight is adopted: the rollout is held there, and what is above begins anew", async () => {
    setByHand(world, 10);
    await expect(box(page)).toBeVisible(noticed);
    await box(page).locator("summary").filter({ hasText: "Adopt 10 %" }).click();
    await box(page).getByLabel("Reason").last().fill("the phones rang");
    await box(page).getByRole("button", { name: "Adopt 10 %", exact: true }).click();
    await rollout.until("Held at 10 %");
    await expect(box(page)).toHaveCount(0, noticed);
    await rollout.ask("Resume");
    await rollout.untilGate(10, 25);
    await expect(rollout.traffic).toHaveAccessibleName("Traffic: blue 90 %, green 10 %");
  });

  await test.step("nginx is stopped: nothing goes back, and the shift is tried again", async () => {
    await world.nginx.stop();
    // Before it is noticed: the shift itself finds out.
    await rollout.ask("Approve 25 %");
    await expect(rollout.headline).toContainText(/Not shifted to 25 %: left at 10 %|Held at 10 %|Waiting for approval: 10 % → 25 %/, noticed);
    await expect(box(page)).toContainText("nginx does not run", noticed);
    await Nginx.start(world.nginx.folder, world.nginx.port);
    await expect(box(page)).toHaveCount(0, noticed);
    const journal = await rollout.journal();
    expect(journal.filter((line) => line.includes("turned back"))).toEqual([]);
    await expect(async () => {
      if (/Waiting for approval: 25 % → 50 %/.test((await rollout.headline.textContent()) ?? "")) return;
      for (const name of ["Retry shift", "Resume", "Approve 25 %"]) {
        if (await rollout.button(name).isVisible()) await rollout.button(name).click();
      }
      await expect(rollout.headline).toContainText("Waiting for approval: 25 % → 50 %", { timeout: 3_000 });
    }).toPass({ timeout: 60_000 });
  });
});

test("a file edited by hand is put right without scripts, and what was edited is kept", async ({ open, world }) => {
  test.setTimeout(150_000);
  const page = await open("release-manager", { javaScriptEnabled: false });
  const name = world.application.name;
  const folder = join(world.nginx.folder, "conf.d");
  const file = join(folder, `crossfade-${name}.conf`);
  const ours = readFileSync(file, "utf8");
  writeFileSync(file, ours.replace("keepalive 32", "keepalive 64"));
  await expect(async () => {
    await page.goto(`/applications/${name}`);
    await expect(box(page)).toContainText("was edited by hand since Crossfade wrote it", { timeout: 100 });
  }).toPass({ ...noticed, intervals: [500] });
  await expect(box(page)).toContainText("no rollout gets past its preflight");

  await putRight(page, "");
  await expect(page, "the browser asks for a reason").toHaveURL(new RegExp(`/applications/${name}$`));
  expect(readFileSync(file, "utf8")).toContain("keepalive 64");
  await box(page).getByLabel("Reason").first().fill("it belongs into a file of its own");
  await box(page).getByRole("button", { name: "Put right", exact: true }).click();
  const done = page.getByRole("status");
  await expect(done).toContainText("what was edited by hand is kept in");
  await expect(box(page)).toHaveCount(0);
  expect(readFileSync(file, "utf8")).toBe(ours);
  const [kept = "none", ...more] = readdirSync(folder).filter((entry) => entry.includes(".edited-"));
  expect(more).toEqual([]);
  await expect(done).toContainText(kept);
  expect(readFileSync(join(folder, kept), "utf8")).toContain("keepalive 64");
  await expect(page.getByText("put the router right: it belongs into a file of its own")).toBeVisible();
  await page.reload();
  await expect(done, "it is said once").toHaveCount(0);
});
