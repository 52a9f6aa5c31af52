// What Crossfade is for: a release manager brings 1.1.0 to everybody, stage by stage, while people use the
// application; then takes it back. Nobody who uses the application notices.

import { expect, test } from "./test";
import { RolloutPage } from "./rollout_page";
import { password } from "./world";

// At 5,000 requests, a share that is exact by itself misses by 2 points once in 200 measurements (at 50 %, 2 points are
// 2.8 standard deviations); at 20,000 they are 5.7, and it never does.
const ENOUGH = 20_000;
const TOLERANCE = 2;

/** Tells it, in the world of the file that asks. */
/** `enough` requests are measured at each weight, and their share is within `tolerance` points of it. */
export function story(enough = ENOUGH, tolerance = TOLERANCE): void {
  test("a release goes to everybody, stage by stage, and back", async ({ open, world, load }) => {
    test.setTimeout(360_000); // 140,000 requests are measured
    const { application } = world;
    const page = await open(null);
    const rollout = new RolloutPage(page);
    const shares: string[] = [];

    /** The share that users see, against the weight that the page shows. */
    const measured = async (weight: number) => {
      await expect(rollout.traffic).toHaveAccessibleName(`Traffic: blue ${100 - weight} %, green ${weight} %`);
      const tally = await load.measure(enough);
      shares.push(`${weight} %: ${tally.share("green").toFixed(2)} % of ${tally.answered}`);
      expect(tally.answered).toBeGreaterThanOrEqual(enough);
      expect(Math.abs(tally.share("green") - weight), shares.at(-1)).toBeLessThan(tolerance);
      if (weight === 0 || weight === 100) expect([...tally.places.keys()], "not one went elsewhere").toHaveLength(1);
      expect(load.all.failed, load.all.toString()).toBe(0);
    };

    await test.step("sign in, and find the application", async () => {
      await page.goto("/");
      await page.getByLabel("Name").fill("release-manager");
      await page.getByLabel("Password").fill(password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("link", { name: application.name }).click();
      await expect(page.getByText("1.0.0 is live on blue").first()).toBeVisible();
    });

    await test.step("start 1.1.0, and watch its steps without loading the page again", async () => {
      await page.getByLabel("Version").fill("1.1.0");
      await page.getByRole("button", { name: "Start", exact: true }).click();
      await page.waitForURL(/\/rollouts\/\d+$/);
      const unchanged = await rollout.mark();
      await expect(rollout.headline).toContainText("Preparing green (1.1.0)", { timeout: 30_000 });
      await expect(rollout.lines("Prepare")).toContainText("api", { timeout: 30_000 });
      await expect(rollout.lines("Migrate")).toContainText("pnpm db:migrate:deploy", { timeout: 30_000 });
      await expect(rollout.lines("Health check")).toContainText("web /api/health: attempt 1 of 5", { timeout: 30_000 });
      await expect(rollout.lines("Smoke test")).toContainText("1 of 4, authentication: passed with 200", { timeout: 30_000 });
      await rollout.untilGate(0, 10);
      for (const name of ["Preflight", "Prepare", "Migrate", "Health check", "Smoke test"]) {
        await expect(rollout.step(name)).toContainText("succeeded");
      }
      expect(await unchanged(), "the page was never loaded again").toBe(true);
      await measured(0);
    });

    const stages = [10, 25, 50, 75, 100];
    for (const [index, weight] of stages.entries()) {
      await test.step(`approve ${weight} %`, async () => {
        const before = stages[index - 1] ?? 0;
        await rollout.untilGate(before, weight);
        await rollout.ask(`Approve ${weight} %`, `${weight} is fine`);
        await expect(rollout.section("Decisions")).toContainText(`${weight} is fine`);
        const unchanged = await rollout.mark();
        const next = stages[index + 1];
        if (next === undefined) return;
        await rollout.untilGate(weight, next);
        await expect(rollout.step(`Shift to ${weight} %`)).toContainText(`the router confirmed`);
        await expect(rollout.step(`Bake at ${weight} %`)).toContainText("succeeded");
        expect(await unchanged(), "approval to next gate without loading the page again").toBe(true);
        await measured(weight);
      });
    }

    await test.step("1.1.0 is live on green, and 1.0.0 is kept warm", async () => {
      await rollout.until("1.1.0 is live on green");
      await expect(rollout.phase("Succeeded")).toBeVisible();
      await expect(rollout.step("Monitor")).toContainText("succeeded");
      await expect(page.getByText(/blue \(1\.0\.0\) is kept warm for another 5\d min/)).toBeVisible();
      await measured(100);
      expect(load.all.backwards, "no session went back while the weight rose").toEqual([]);
    });

    const forward = rollout.id;
    await test.step("roll back: everybody is on blue again", async () => {
      load.forwardOnly = false;
      await rollout.ask("Roll back to 1.0.0");
      await page.waitForURL((url) => url.pathname !== `/rollouts/${forward}`);
      await rollout.until(/Rolled back: all traffic is on blue \(1\.0\.0\)/);
      await measured(0);
    });

    const all = await load.stop();
    console.log(`      shares on green: ${shares.join("; ")}\n      under load throughout: ${all}`);
    expect(all.failed, all.toString()).toBe(0);
    expect([...all.places.keys()].sort(), "each slot answers with its own release").toEqual(["blue 1.0.0", "green 1.1.0"]);

    await test.step("the history has both, and blue is live", async () => {
      await page.getByRole("link", { name: "History" }).click();
      const row = (id: number) => page.getByRole("row").filter({ has: page.getByRole("link", { name: `#${id}`, exact: true }) });
      for (const text of ["1.0.0 → 1.1.0", "Succeeded", "release-manager"]) await expect(row(forward)).toContainText(text);
      for (const text of ["roll back of 1.1.0", "Rolled back", "release-manager"]) await expect(row(forward + 1)).toContainText(text);
      await page.getByRole("link", { name: application.name }).first().click();
      await expect(page.getByText("1.0.0 is live on blue").first()).toBeVisible();
      await expect(page.getByRole("heading", { name: /blue · live, 1\.0\.0/ })).toBeVisible();
    });
  });
}
