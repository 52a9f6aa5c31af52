// Who may decide what, and what comes of it.

import { expect, inAWorld, test } from "../support/test";
import { RolloutPage, start } from "../support/rollout_page";

// Long enough to be held in the middle.
inAWorld({ bake: "6s", monitor: "2s" });

test("a viewer sees all and has no buttons; a deployer starts and stops, and is told who approves", async ({ open, world }) => {
  const [deployer, viewer] = [await open("deployer"), await open("viewer")];
  await viewer.goto(`/applications/${world.application.name}`);
  await expect(viewer.getByText("This needs the role deployer. Ask someone who has it.")).toBeVisible();
  await expect(viewer.getByRole("button", { name: "Start", exact: true })).toHaveCount(0);

  const rollout = await start(deployer, world.application.name, "1.1.0");
  await viewer.goto(deployer.url());
  const seen = new RolloutPage(viewer);
  await rollout.untilGate(0, 10);
  await seen.untilGate(0, 10);
  for (const page of [deployer, viewer]) await expect(page.getByText("A release-manager must approve.")).toBeVisible();

  await expect(deployer.getByText("This stage is decided by the role release-manager.")).toBeVisible();
  await expect(rollout.button("Approve 10 %")).toHaveCount(0);
  for (const name of ["Hold", "Abort", "Add note"]) await rollout.form(name);
  await expect(viewer.locator("main form"), "nothing can be sent").toHaveCount(0);
  await expect(viewer.getByRole("button"), "but to sign out").toHaveText(["Sign out"]);

  // A hidden button protects nothing: the server itself refuses.
  const ask = (kind: string) =>
    viewer.request.post("/api/ask", {
      form: { rollout: String(rollout.id), kind, stage: "0", text: "let me" },
      headers: { accept: "text/html" },
      maxRedirects: 0,
    });
  for (const kind of ["approve", "abort", "hold", "add-note"]) expect((await ask(kind)).status()).toBe(302);
  await viewer.reload();
  await expect(viewer.getByRole("alert")).toContainText("This needs the role deployer. Ask someone who has it.");
  await seen.untilGate(0, 10);

  await rollout.ask("Hold", "a colleague looks first");
  await expect(deployer.getByText("deployer held it: a colleague looks first.")).toBeVisible();
  await rollout.ask("Resume");
  await rollout.untilGate(0, 10);
  await rollout.ask("Abort", "not today");
  for (const page of [rollout, seen]) await page.until("Aborted: green (1.1.0) got no traffic, blue (1.0.0) was untouched");
  expect(await seen.journal(), "both saw the same").toEqual(await rollout.journal());
});

test("hold stops the clock of a bake, and resume lets it go on; abort brings everything back", async ({ open, world }) => {
  test.setTimeout(120_000);
  const page = await open("release-manager");
  const rollout = await start(page, world.application.name, "1.1.0");
  await rollout.untilGate(0, 10);
  await rollout.ask("Approve 10 %");
  await rollout.until("Baking at 10 %");
  await rollout.ask("Hold", "lunch");
  await rollout.until("Held at 10 %");
  const held = Date.now();
  // The clock under test: longer than all of the bake.
  await page.waitForTimeout(7_000);
  await expect(rollout.headline).toHaveText(/Held at 10 %/);
  await expect(rollout.traffic, "the weight stays").toHaveAccessibleName("Traffic: blue 90 %, green 10 %");
  await rollout.ask("Resume");
  const resumed = Date.now();
  await rollout.until("Baking at 10 %");
  await rollout.untilGate(10, 25);
  const rest = Date.now() - resumed;
  console.log(`      held for ${resumed - held} ms; the rest of 6 s of bake took ${rest} ms`);
  expect(rest, "the rest of it was baked, too").toBeGreaterThan(1_500);

  await rollout.ask("Approve 25 %");
  await rollout.until("Baking at 25 %");
  await rollout.ask("Abort", "the phones ring");
  await rollout.until("Aborted: all traffic is on blue (1.0.0)");
  await expect(page.getByText("release-manager aborted it: the phones ring").first()).toBeVisible();
  await expect(rollout.traffic).toHaveAccessibleName("Traffic: blue 100 %, green 0 %");
  await expect(rollout.step("Shift back")).toContainText("the router confirmed");
});

test("two people at one gate: the other's page follows by itself, and an old page approves nothing else", async ({ open, world }) => {
  test.setTimeout(120_000);
  const [ann, ben] = [await open("release-manager"), await open("admin")];
  const rollout = await start(ann, world.application.name, "1.1.0");
  await ben.goto(ann.url());
  const bens = new RolloutPage(ben);
  await rollout.untilGate(0, 10);
  await bens.untilGate(0, 10);
  const unchanged = await bens.mark();
  // A page that somebody left open where scripts are off: it never hears of anything.
  const old = await open("admin", { javaScriptEnabled: false });
  await old.goto(ann.url());

  await rollout.ask("Approve 10 %", "ann says yes");
  await bens.untilGate(10, 25);
  await expect(bens.section("Decisions")).toContainText("ann says yes");
  await expect(bens.button("Approve 25 %")).toBeVisible();
  await expect(bens.traffic).toHaveAccessibleName("Traffic: blue 90 %, green 10 %");
  expect(await unchanged(), "without loading the page again").toBe(true);
  expect(await bens.journal()).toEqual(await new RolloutPage(ann).journal());

  await old.getByRole("button", { name: "Approve 10 %" }).click();
  await expect(old.getByRole("alert")).toContainText("The rollout has moved on: it now waits at 25 %. Look again.");
  await rollout.untilGate(10, 25);
  await expect(rollout.section("Decisions").getByRole("listitem"), "it is one approval still").toHaveCount(1);

  await ben.bringToFront();
  await bens.ask("Promote full", "the fix is urgent");
  await bens.until("1.1.0 is live on green");
  await rollout.until("1.1.0 is live on green");
  await expect(rollout.traffic).toHaveAccessibleName("Traffic: blue 0 %, green 100 %");
  const journal = await rollout.journal();
  expect(journal.filter((line) => line.includes("asks for an approval"))).toHaveLength(2);
  expect(journal.filter((line) => line.includes("admin promoted in full: the fix is urgent"))).toHaveLength(1);
  expect(journal).toEqual(await bens.journal());
});
