// The page stays true, whatever happens to the server behind it.

import { expect, inAWorld, test } from "../support/test";
import { start } from "../support/rollout_page";

inAWorld({ bake: "8s", monitor: "2s" });

test("the server is killed in the middle of a bake: the page says so, mends itself, and the rollout goes on", async ({ open, world }) => {
  test.setTimeout(120_000);
  const page = await open("release-manager");
  const rollout = await start(page, world.application.name, "1.1.0");
  await rollout.untilGate(0, 10);
  await rollout.ask("Approve 10 %", "before the storm");
  await rollout.until("Baking at 10 %");
  const unchanged = await rollout.mark();
  const before = await rollout.journal();

  await world.server.kill();
  const lost = page.getByText("The connection is lost.");
  await expect(lost).toBeVisible();
  await world.server.start();
  await expect(lost).toBeHidden({ timeout: 30_000 });
  await expect(rollout.traffic, "nginx kept the weight").toHaveAccessibleName("Traffic: blue 90 %, green 10 %");
  await rollout.untilGate(10, 25);
  expect(await unchanged(), "it mended without loading the page again").toBe(true);

  // Nothing is missing and nothing is there twice: what came in pieces is what the server gives whole.
  const pieced = await rollout.journal();
  const lines = await rollout.section("Steps").locator("pre").allTextContents();
  await page.reload();
  await expect(rollout.headline).toBeVisible();
  expect(pieced).toEqual(await rollout.journal());
  expect(lines).toEqual(await rollout.section("Steps").locator("pre").allTextContents());
  expect(pieced.slice(0, before.length)).toEqual(before);
  expect(new Set(pieced).size).toBe(pieced.length);

  await rollout.ask("Approve 25 %", "after the storm");
  await rollout.until("Baking at 25 %");
});

test("what somebody types stays while the page lives on", async ({ open, world }) => {
  const [page, other] = [await open("release-manager"), await open("deployer")];
  const rollout = await start(page, world.application.name, "1.1.0");
  await rollout.untilGate(0, 10);
  await other.goto(page.url());
  const comment = (await rollout.form("Approve 10 %")).getByRole("textbox");
  await comment.fill("I have looked at the");
  await comment.focus();

  // Another person's note is an event for this page, and every second its clock ticks.
  const clock = page.getByText(/^Started by/);
  const then = await clock.textContent();
  await other.locator("summary").filter({ hasText: "Add note" }).click();
  await other.getByLabel("Note").fill("the graphs look good");
  await other.getByRole("button", { name: "Add note" }).click();
  await expect(rollout.section("Decisions")).toContainText("the graphs look good");
  await expect(clock).not.toHaveText(then ?? "");
  await expect(comment).toHaveValue("I have looked at the");
  await expect(comment).toBeFocused();
  await page.keyboard.type(" graphs");
  await expect(comment).toHaveValue("I have looked at the graphs");
  await rollout.button("Approve 10 %").click();
  await expect(rollout.section("Decisions")).toContainText("I have looked at the graphs");
});

