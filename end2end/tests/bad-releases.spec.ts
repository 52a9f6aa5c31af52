// Releases that are no good never reach anybody, and the page says why.

import { expect, inAWorld, test } from "../support/test";
import { running } from "../support/docker";
import type { Load } from "../support/load/load";
import { start } from "../support/rollout_page";
import type { RolloutPage } from "../support/rollout_page";
import type { World } from "../support/world";

inAWorld();

test("1.2.0 never gets healthy: it says which check, what it answered, and what its log says", async ({ open, world, load }) => {
  test.setTimeout(180_000);
  const page = await open("deployer");
  const blue = await running(world.application.name, "blue");
  const rollout = await start(page, world.application.name, "1.2.0");
  await rollout.until("Failed: health check", 90_000);

  const failed = rollout.step("Health check");
  // Two checks ask the API, side by side: whichever has its five answers first ends the other.
  await expect(failed, "the check, its tries, what was expected, and what came").toContainText(
    /api (\/api\/v1)?\/health did not become healthy in 5 attempts, 1 s apart\. The last answer: status 503, expected 2xx/,
  );
  await expect(failed).toContainText("OBJECT_STORAGE_URL is not set");
  await expect(rollout.lines("Health check")).toContainText("api /health: attempt 4 of 5: status 503, expected 2xx");
  await expect(page.getByText("green (1.2.0) has no traffic. Retry the step, or abort to stop it.")).toBeVisible();
  await expect(rollout.step("Smoke test"), "nothing comes after it").toContainText("pending");
  await expect(rollout.button("Retry health check")).toBeVisible();

  await abort(rollout);
  await expect(rollout.headline).toHaveText("Health check failed: green (1.2.0) got no traffic, blue (1.0.0) was untouched");
  await nobodyMet("1.2.0", world, load, blue);
  await expect(rollout.section("Steps"), "what the container itself said last").toContainText(
    "not healthy: cannot read call recordings: OBJECT_STORAGE_URL is not set",
  );
});

test("1.3.0 fails a smoke test: it says which one, what was expected, and what came", async ({ open, world, load }) => {
  test.setTimeout(180_000);
  const page = await open("deployer");
  const blue = await running(world.application.name, "blue");
  const rollout = await start(page, world.application.name, "1.3.0");
  await rollout.until("Failed: smoke test", 90_000);

  const failed = rollout.step("Smoke test");
  await expect(failed).toContainText(/smoke test 1 of 4, authentication: .*expected.*200/);
  await expect(failed).toContainText(/request: POST http:.*\/api\/v1\/auth\/login/);
  await expect(failed).toContainText(/answer: status [45]\d\d, /);
  await expect(rollout.step("Health check")).toContainText("succeeded");
  await expect(page.getByRole("main"), "secrets are masked").not.toContainText("test123");
  await expect(rollout.button("Retry smoke test")).toBeVisible();

  await abort(rollout);
  await expect(rollout.headline).toHaveText("Smoke test failed: green (1.3.0) got no traffic, blue (1.0.0) was untouched");
  await nobodyMet("1.3.0", world, load, blue);
});

async function abort(rollout: RolloutPage): Promise<void> {
  await expect(rollout.traffic).toHaveAccessibleName("Traffic: blue 100 %, green 0 %");
  await rollout.ask("Abort", "it is no good");
  await rollout.until(/ failed: green/);
  await expect(rollout.phase("Failed")).toBeVisible();
  await expect(rollout.page.getByText("deployer aborted it: it is no good").first()).toBeVisible();
  await expect(rollout.button("Abort"), "it is over").toHaveCount(0);
}

/** Every request was answered by 1.0.0; its containers are the same as before; those of the new release are gone. */
async function nobodyMet(version: string, world: World, load: Load, blue: string[]): Promise<void> {
  // Containers get their 15 s to end, after the rollout has.
  const green = () => running(world.application.name, "green");
  await expect.poll(green, { message: "green is stopped", timeout: 45_000 }).toEqual([]);
  const tally = await load.stop();
  console.log(`      while ${version} was tried: ${tally}`);
  expect(tally.answered).toBeGreaterThan(1_000);
  expect(tally.failed, tally.toString()).toBe(0);
  expect([...tally.places.keys()]).toEqual(["blue 1.0.0"]);
  expect(blue.length).toBeGreaterThan(0);
  expect(await running(world.application.name, "blue"), "blue was left alone").toEqual(blue);
}
