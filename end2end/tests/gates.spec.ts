// Numbers decide with people: a release that is bad only under traffic is off it again by itself, and the page says why.

import { DemoLoad } from "../support/demo_load";
import { expect, inAWorld, test } from "../support/test";
import { start } from "../support/rollout_page";

inAWorld({ bake: "3s", monitor: "3s", metrics: true });

/** Above what 1.6.6 stands at a quarter of the traffic, and below it at a tenth. */
const RATE = 200;

test("1.6.6 breaks at 25 %: it is rolled back by itself, the page says why with numbers, and the switch loses nothing", async ({ open, world }) => {
  test.setTimeout(240_000);
  const load = DemoLoad.start(world.application, world.router.port, RATE);
  try {
    const page = await open("release-manager");
    const rollout = await start(page, world.application.name, "1.6.6");
    await rollout.untilGate(0, 10);
    await rollout.ask("Approve 10 %");
    await rollout.until("Baking at 10 %");
    const numbers = rollout.section("Metrics");
    await expect(numbers.getByText("error rate").first(), "the board shows what is watched").toBeVisible();
    await expect(numbers.getByRole("img").first(), "and draws it").toBeVisible();
    // It stands a tenth of the traffic: the metrics let it pass, once there are enough requests.
    await rollout.untilGate(10, 25, 90_000);
    await expect(page.locator(".decide"), "evidence beside the button").toContainText("error rate");
    await rollout.ask("Approve 25 %");
    await rollout.until("Rolled back: all traffic is on blue (1.0.0)", 90_000);

    const main = page.getByRole("main");
    await expect(rollout.phase("Rolled back")).toBeVisible();
    await expect(main, "which metric, its value, its samples, both slots, the limit").toContainText(
      /error rate is [\d.]+ % \(\d+ samples in 30 s; old slot: 0 %, \d+ samples\): over the limit of 0\.1 %/,
    );
    await expect(rollout.traffic).toHaveAccessibleName("Traffic: blue 100 %, green 0 %");
    const journal = await rollout.journal();
    expect(journal.filter((line) => line.includes("saw a breach")).length).toBe(1);
    expect(journal.some((line) => /approved 25 %.*Seen then: successful: error rate is 0 %/.test(line)), journal.join("\n")).toBe(true);
    await page.reload();
    await expect(numbers.getByRole("img").first(), "charts stay when it is over").toBeVisible();
  } finally {
    const report = await load.stop();
    console.log(`      ${JSON.stringify(report)}`);
    expect(report.lost, "requests lost").toBe(0);
    expect(report.failed_by_slot["blue"] ?? 0, "failures on the old release").toBe(0);
    expect(report.failed_by_slot["green"] ?? 0, "1.6.6 did fail").toBeGreaterThan(0);
  }
});

test("1.4.0 is good: the metrics let it pass at every weight, and a silent application is not taken for a good one", async ({ open, world }) => {
  test.setTimeout(300_000);
  const page = await open("release-manager");
  let load: DemoLoad | undefined = DemoLoad.start(world.application, world.router.port, 150);
  try {
    const rollout = await start(page, world.application.name, "1.4.0");
    for (const [from, to] of [[0, 10], [10, 25]] as const) {
      await rollout.untilGate(from, to, 90_000);
      await rollout.ask(`Approve ${to} %`);
    }
    await rollout.untilGate(25, 50, 90_000);
    // Nobody uses the application any more.
    const report = await load.stop();
    load = undefined;
    expect(report.lost + report.failed_5xx, JSON.stringify(report)).toBe(0);
    await rollout.ask("Approve 50 %");
    await rollout.until("Inconclusive at 50 %", 120_000);
    await expect(page.getByText(/goes on without a verdict, or goes back/)).toBeVisible();
    await rollout.ask("Roll back to 1.0.0", "nobody is there");
    await rollout.until("Rolled back: all traffic is on blue (1.0.0)", 60_000);
  } finally {
    await load?.stop();
  }
});
