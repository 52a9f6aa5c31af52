// Everything works without a line of script.

import { expect, inAWorld, test } from "../support/test";
import { RolloutPage, start } from "../support/rollout_page";

inAWorld();
const noScripts = { javaScriptEnabled: false };

test("a wrong password is said beside its field, and the name stays", async ({ open }) => {
  const page = await open(null, noScripts);
  await page.goto("/history");
  await expect(page, "strangers sign in first").toHaveURL(/\/sign-in/);
  await page.getByLabel("Name").fill("deployer");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  const field = page.getByLabel("Password");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveAccessibleDescription(/That name and password do not go together\./);
  await expect(page.getByLabel("Name")).toHaveValue("deployer");
  await field.fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page, "back to where they wanted to go").toHaveURL(/\/history$/);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.goto("/history");
  await expect(page).toHaveURL(/\/sign-in/);
});

test("a version that is none is said beside its field, and stays as it was typed", async ({ open, world }) => {
  const page = await open("release-manager", noScripts);
  await page.goto(`/applications/${world.application.name}`);
  const field = page.getByLabel("Version");
  const start = page.getByRole("button", { name: "Start", exact: true });
  await start.click();
  await expect(page, "the browser itself asks for it").toHaveURL(/\/applications\//);
  for (const [typed, said] of [["1.1.0 beta?", /a version is 1 to 128 letters/], ["1.0.0", /1\.0\.0 is live on blue already/]] as const) {
    await field.fill(typed);
    await start.click();
    await expect(field).toHaveValue(typed);
    await expect(field).toHaveAttribute("aria-invalid", "true");
    await expect(field).toHaveAccessibleDescription(said);
  }
  await page.reload();
  await expect(field, "it is said once").toHaveAttribute("aria-invalid", "false");
});

test("a rollout is started, approved, rejected with a reason, and found in the history", async ({ open, world }) => {
  const page = await open("release-manager", noScripts);
  const rollout = await start(page, world.application.name, "1.1.0");
  const id = rollout.id;

  // Without scripts the page is as it was when it was loaded: people look again, and while steps are at work it does
  // so by itself.
  await expect(page.getByText(/Scripts are off/)).toBeVisible();
  await lookAgainUntil(rollout, /Waiting for approval: 0 % → 10 %/);
  await expect(rollout.step("Smoke test")).toContainText("4 smoke tests passed");
  await rollout.ask("Approve 10 %", "looks fine");
  await expect(rollout.section("Decisions")).toContainText(/release-manager\s+approved\s+10 %\s+looks fine/);

  await lookAgainUntil(rollout, /Waiting for approval: 10 % → 25 %/);
  await expect(rollout.traffic).toHaveAccessibleName("Traffic: blue 90 %, green 10 %");
  await rollout.ask("Reject");
  await expect(rollout.headline, "the browser asks for a reason").toContainText("Waiting for approval: 10 % → 25 %");

  // And so does the server, whatever the browser sends.
  const reason = (await rollout.form("Reject")).getByRole("textbox");
  await expect(reason).toHaveAttribute("required");
  const form = await page.request.post("/api/ask", {
    form: { rollout: String(id), kind: "reject", stage: "1", text: "  " },
    headers: { accept: "text/html" },
    maxRedirects: 0, // what is said is said once: to whoever follows
  });
  expect(form.status()).toBe(302);
  await page.reload();
  await expect(reason).toHaveAccessibleDescription(/Say why it is rejected: the next person will want to know\./);
  await expect(rollout.headline, "nothing came of it").toContainText("Waiting for approval: 10 % → 25 %");

  await rollout.ask("Reject", "the error rate has doubled");
  await lookAgainUntil(rollout, /Rolled back: all traffic is on blue \(1\.0\.0\)/);
  await expect(page.getByText("release-manager rejected it: the error rate has doubled").first()).toBeVisible();
  await expect(rollout.traffic).toHaveAccessibleName("Traffic: blue 100 %, green 0 %");

  await test.step("history", async () => {
    await page.getByRole("link", { name: "History" }).click();
    const rows = page.getByRole("row").filter({ has: page.getByRole("cell") });
    for (const text of ["1.0.0 → 1.1.0", "Rolled back", "release-manager"]) {
      await expect(rows.filter({ hasText: `#${id}` })).toContainText(text);
    }
    const all = await rows.count();
    await page.getByLabel("Version").fill("1.1.0");
    await page.getByLabel("Outcome").selectOption("rolled-back");
    await page.getByRole("button", { name: "Show" }).click();
    await expect(page).toHaveURL(/version=1\.1\.0/);
    await expect(page.getByLabel("Version"), "the form shows what was asked").toHaveValue("1.1.0");
    await expect(rows.filter({ hasText: `#${id}` })).toHaveCount(1);
    expect(await rows.count()).toBeLessThan(all);
    await page.getByLabel("From (UTC)").fill("2099-01-01");
    await page.getByRole("button", { name: "Show" }).click();
    await expect(page.getByText("No rollout fits.")).toBeVisible();
    await page.getByRole("link", { name: "Clear" }).click();
    await expect(rows).toHaveCount(all);
  });
});

async function lookAgainUntil(rollout: RolloutPage, headline: RegExp): Promise<void> {
  await expect(async () => {
    await rollout.page.reload();
    await expect(rollout.headline).toContainText(headline, { timeout: 100 });
  }).toPass({ timeout: 60_000, intervals: [500] });
}
