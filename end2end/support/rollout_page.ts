// The page of a rollout, by what a person sees on it.

import { expect } from "@playwright/test";
import type { Locator, Page } from "@playwright/test";

export class RolloutPage {
  constructor(readonly page: Page) {}

  get id(): number {
    return Number(/\/rollouts\/(\d+)/.exec(this.page.url())?.[1]);
  }

  get headline(): Locator {
    return this.page.getByRole("heading", { level: 1 });
  }

  /** The router's own word. */
  get traffic(): Locator {
    return this.page.getByRole("img", { name: /^Traffic:/ });
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** The form of a button, unfolded. */
  async form(name: string): Promise<Locator> {
    const button = this.button(name);
    // What is folded may fold again when the rollout goes on.
    await expect(async () => {
      if (await button.isVisible()) return;
      await this.page.locator("summary").filter({ hasText: new RegExp(`^\\s*${name}`) }).click({ timeout: 500 });
      await expect(button).toBeVisible({ timeout: 500 });
    }).toPass();
    return this.page.locator("form").filter({ has: button });
  }

  async ask(name: string, words?: string): Promise<void> {
    const form = await this.form(name);
    if (words !== undefined) await form.getByRole("textbox").fill(words);
    await this.button(name).click();
  }

  async untilGate(from: number, to: number, patience = 60_000): Promise<void> {
    await this.until(`Waiting for approval: ${from} % → ${to} %`, patience);
  }

  /** Until the headline says so. */
  async until(headline: string | RegExp, patience = 60_000): Promise<void> {
    await expect(this.headline).toContainText(headline, { timeout: patience });
  }

  /** The word for its phase. */
  phase(word: string): Locator {
    return this.page.getByText(new RegExp(`^\\W*${word}\\s*$`)).first();
  }

  /** One step, by its name. */
  step(name: string): Locator {
    const title = this.page.getByText(name, { exact: true });
    return this.section("Steps").getByRole("listitem").filter({ has: title });
  }

  /** A step's log lines, folded or not. */
  lines(step: string): Locator {
    return this.step(step).locator("pre");
  }

  section(heading: string): Locator {
    return this.page.locator("section").filter({ has: this.page.getByRole("heading", { name: heading, includeHidden: true }) });
  }

  /** Everything that happened, oldest first, as it stands on the page. */
  async journal(): Promise<string[]> {
    const lines = await this.section("Journal").locator("li").allTextContents();
    return lines.map((line) => line.replace(/\s+/g, " ").trim()).reverse();
  }

  /** Tells later whether this is still the very same document: nothing was loaded anew. */
  async mark(): Promise<() => Promise<boolean>> {
    const mark = Math.random();
    await this.page.evaluate((mark) => Object.assign(window, { mark }), mark);
    return () => this.page.evaluate((mark) => Reflect.get(window, "mark") === mark, mark);
  }
}

/** Opens the application and starts a rollout, as a person does. */
export async function start(page: Page, application: string, version: string): Promise<RolloutPage> {
  await page.goto(`/applications/${application}`);
  await page.getByLabel("Version").fill(version);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForURL(/\/rollouts\/\d+$/);
  return new RolloutPage(page);
}
