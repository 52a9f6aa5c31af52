// How soon is a release that misbehaves only under traffic off it again, and how many requests did it harm? And is a good
// one ever rolled back?

import { DemoLoad } from "../support/demo_load";
import type { Report } from "../support/demo_load";
import { expect, inAWorld, test } from "../support/test";
import { RolloutPage, start } from "../support/rollout_page";

inAWorld({ bake: "3s", monitor: "3s", metrics: true });

/** Requests a second, four in five of them to the api. */
const RATE = Number(process.env.RATE ?? 160);
const GOOD_RUNS = Number(process.env.RUNS ?? 20);

/** Version, fault, and the last stage at which it must have shown. */
const BAD: [string, string, number][] = [
  ["1.6.1", "5 % of requests fail", 10],
  ["1.6.2", "p95 is 900 ms", 10],
  // 64 KiB a request: at 10 % that is less than a megabyte in a second, so a short bake may not be enough.
  ["1.6.3", "memory grows", 25],
  ["1.6.4", "queue depth grows", 10],
  ["1.6.5", "errors only on POST", 10],
  ["1.6.6", "fails only above 20 %", 25],
];

interface Run {
  /** The last weight that was approved. */
  stage: number;
  /** From that approval to the decision to go back. */
  seconds: number;
  /** How it ended. */
  headline: string;
  why: string;
}

/** Approves whatever is asked, as fast as it is asked, until the rollout ends or asks for more than an approval. */
async function through(rollout: RolloutPage): Promise<Run> {
  let stage = 0;
  let approved = Date.now();
  for (;;) {
    const headline = (await rollout.headline.textContent()) ?? "";
    const asked = /Waiting for approval: \d+ % → (\d+) %/.exec(headline);
    if (asked) {
      const button = rollout.button(`Approve ${asked[1]} %`);
      // What is waited for may have changed meanwhile: then the next look says so.
      const clicked = await button.click({ timeout: 2_000 }).then(() => true, () => false);
      if (clicked) {
        stage = Number(asked[1]);
        approved = Date.now();
        await expect(rollout.headline).not.toHaveText(headline, { timeout: 10_000 }).catch(() => {});
      }
    } else if (/^(Going back|Keeping the logs|Rolled back|Held|Inconclusive|Failed)|is live on/.test(headline)) {
      const seconds = (Date.now() - approved) / 1000;
      const why = (await rollout.page.getByText(/ is [^:]*\(\d+ samples/).first().textContent({ timeout: 2_000 }).catch(() => "")) ?? "";
      return { stage, seconds, headline, why };
    }
    await rollout.page.waitForTimeout(50);
  }
}

test("releases that misbehave only under traffic", async ({ open, world }) => {
  const rows: string[] = [];
  const page = await open("admin");
  for (const [version, what, latest] of BAD) {
    const load = DemoLoad.start(world.application, world.router.port, RATE);
    const rollout = await start(page, world.application.name, version);
    const run = await through(rollout);
    await rollout.until("Rolled back: all traffic is on blue (1.0.0)", 60_000).catch(() => {});
    const report: Report = await load.stop();
    const harmed = report.failed_by_slot["green"] ?? 0;
    rows.push(`  ${what.padEnd(24)} ${version}  ${String(run.stage).padStart(4)} %  ${run.seconds.toFixed(1).padStart(6)} s  ${String(harmed).padStart(6)} of ${String(report.by_slot["green"] ?? 0).padEnd(6)}  ${run.why.replace(/\s+/g, " ").trim().slice(0, 110)}`);
    console.log(rows.at(-1));
    expect(report.lost, `${version}: requests lost in the switch`).toBe(0);
    expect(run.stage, `${version}: the stage at which it showed`).toBeLessThanOrEqual(latest);
    expect(run.headline, version).toMatch(/^(Going back|Keeping the logs|Rolled back)/);
    await rollout.until("Rolled back", 60_000);
  }
  console.log(`\n  ${"release".padEnd(24)}        stage   verdict  failed of green's requests  why\n${rows.join("\n")}\n  at ${RATE} requests a second\n`);
});

test("a good release is never rolled back", async ({ open, world }) => {
  const page = await open("admin");
  const load = DemoLoad.start(world.application, world.router.port, RATE);
  let good = 0;
  const bad: string[] = [];
  for (let run = 1; run <= GOOD_RUNS; run += 1) {
    const version = run % 2 === 1 ? "1.4.0" : "1.5.0";
    const rollout = await start(page, world.application.name, version);
    const { headline, why } = await through(rollout);
    if (headline.includes("is live on")) good += 1;
    else bad.push(`run ${run}, ${version}: ${headline} ${why}`);
    console.log(`  run ${run} of ${GOOD_RUNS}: ${headline}`);
  }
  const report = await load.stop();
  console.log(`\n  ${good} of ${GOOD_RUNS} rollouts of good releases went through\n  ${JSON.stringify(report)}\n`);
  expect(bad).toEqual([]);
  expect(report.lost, "requests lost").toBe(0);
});
