// `test` as the files beside it use it: a world a file, and people who open browsers in it.

import { test as base } from "@playwright/test";
import type { BrowserContextOptions, Page } from "@playwright/test";
import type { Pace } from "./application";
import type { Ground } from "./ground";
import { Load } from "./load/load";
import { toRest } from "./rest";
import { World } from "./world";
import type { Role } from "./world";

export { expect } from "@playwright/test";

/** Opens a browser of their own for somebody; `null` has not signed in. */
export type Open = (role: Role | null, options?: BrowserContextOptions) => Promise<Page>;

let world: World | undefined;

/** Makes a world before the file's tests, and ends it after them, whatever came of them. */
export function inAWorld(pace?: Pace, ground?: Ground): void {
  test.beforeAll(async ({}, info) => {
    info.setTimeout(240_000);
    world = await World.begin(pace, ground);
  });
  // A test finds 1.0.0 live on blue, and nothing at work.
  test.beforeEach(async ({ open }) => toRest(await open("admin"), here()));
  test.afterEach(async ({}, info) => {
    if (info.status === info.expectedStatus || !world) return;
    await info.attach("server.log", { body: world.server.log(), contentType: "text/plain" });
    await info.attach("router.log", { body: world.router.log(), contentType: "text/plain" });
  });
  test.afterAll(async ({}, info) => {
    info.setTimeout(90_000);
    await world?.end();
    world = undefined;
  });
}

function here(): World {
  if (!world) throw new Error("call inAWorld() at the top of the file");
  return world;
}

export const test = base.extend<{ world: World; load: Load; open: Open }>({
  world: async ({}, use) => use(here()),
  // People use the application from the beginning of the test to its end.
  load: async ({}, use) => {
    const load = new Load(here().application, here().router.port);
    await use(load);
    await load.stop();
  },
  open: async ({ browser }, use) => {
    const contexts: { close(): Promise<void> }[] = [];
    await use(async (role, options = {}) => {
      const storageState = role ? await here().cookies(browser, role) : undefined;
      const context = await browser.newContext({ baseURL: here().server.url, storageState, ...options });
      contexts.push(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },
});
