// Back to where every test begins: 1.0.0 is live on blue, and nothing is at work.

import { expect } from "@playwright/test";
import type { Page } from "@playwright/test";
import { RolloutPage } from "./rollout_page";
import type { World } from "./world";

export async function toRest(page: Page, world: World): Promise<void> {
  const home = `/applications/${world.application.name}`;
  const rollout = new RolloutPage(page);
  await page.goto(home);
  const active = page.getByRole("link", { name: "Open the rollout" });
  if (await active.isVisible()) {
    await active.click();
    await page.waitForURL(/\/rollouts\//);
    await rollout.ask("Abort", "the next test begins");
    await rollout.until(/^\W*(Aborted: |Rolled back: |.* failed: )/);
    await page.goto(home);
  }
  if (await page.getByText(/^1\.1\.0 is live on/).first().isVisible()) {
    await page.getByRole("table").getByRole("link").first().click();
    await page.waitForURL(/\/rollouts\//);
    await rollout.ask("Roll back to 1.0.0", "the next test begins");
    await page.waitForURL((url) => !url.pathname.endsWith(`/${rollout.id}`));
    await rollout.until(/Rolled back: /);
    await page.goto(home);
  }
  await expect(page.getByText("1.0.0 is live on blue").first()).toBeVisible();
}
