// A world of its own for a file of tests, and nothing in it is pretended: a server, a router, services, people.
// 1.0.0 is live on blue when it begins.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import type { Browser, BrowserContextOptions } from "@playwright/test";
import { writeApplication, writeForHaproxy, writeProcesses } from "./application";
import type { Application, Pace } from "./application";
import { run } from "./command";
import { removeAll } from "./docker";
import { Embedded } from "./embedded";
import type { Ground, Router } from "./ground";
import { Haproxy } from "./haproxy";
import { Nginx } from "./nginx";
import { demo, program } from "./places";
import { freePort } from "./ports";
import { Server } from "./server";

export const roles = ["viewer", "deployer", "release-manager", "admin"] as const;
export type Role = (typeof roles)[number];
export const password = "correct horse battery";

type Cookies = NonNullable<BrowserContextOptions["storageState"]>;

export class World {
  private readonly signedIn = new Map<Role, Cookies>();

  private constructor(
    private readonly folder: string,
    readonly application: Application,
    readonly router: Router,
    readonly server: Server,
    /** Takes away what runs. */
    private readonly sweep: () => Promise<unknown>,
  ) {}

  static async begin(pace: Pace = { bake: "2s", monitor: "2s" }, ground: Ground = "docker + nginx"): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), "crossfade-e2e-"));
    const name = `hop-e2e-${randomBytes(4).toString("hex")}`;
    const [files, database] = [join(folder, "application"), join(folder, "data/crossfade.db")];
    const server = new Server(database, await freePort(), join(folder, "server.log"));
    let world: World;
    if (ground === "process + embedded") {
      const [releases, place] = [join(folder, "releases"), join(folder, "proxy")];
      await run(join(demo, "local.sh"), ["releases", program, releases]);
      const proxy = await Embedded.start(place, await freePort());
      const application = writeProcesses(files, name, releases, Embedded.control(place), pace);
      const sweep = () => run(program, ["--data", database, "processes", "stop"]);
      world = new World(folder, application, proxy, server, sweep);
    } else if (ground === "docker + haproxy") {
      const haproxy = await Haproxy.start(join(folder, "haproxy"), await freePort());
      const application = writeForHaproxy(files, name, haproxy.settings, pace);
      world = new World(folder, application, haproxy, server, () => removeAll(name));
    } else {
      const nginx = await Nginx.start(join(folder, "nginx"), await freePort());
      const application = writeApplication(files, name, nginx.folder, nginx.port, pace);
      world = new World(folder, application, nginx, server, () => removeAll(name));
    }
    try {
      for (const role of roles) await run(program, ["--data", database, "user", "add", role, "--role", role], password);
      await run(program, ["--data", database, "application", "add", world.application.file, "--release", "1.0.0"]);
      await server.start();
    } catch (error) {
      await world.end();
      throw error;
    }
    return world;
  }

  /** For tests that meddle with it. */
  get nginx(): Nginx {
    if (!(this.router instanceof Nginx)) throw new Error("there is no nginx in this world");
    return this.router;
  }

  /** All of it goes, also when a part of it cannot. */
  async end(): Promise<void> {
    const parts = [() => this.server.stop(), () => this.router.stop(), this.sweep];
    const problems: unknown[] = [];
    for (const part of parts) await part().catch((problem) => problems.push(problem));
    if (problems.length > 0) throw new AggregateError(problems, "something of the world is left");
    rmSync(this.folder, { recursive: true });
  }

  /** The cookies of somebody who has signed in. Signing in is slow on purpose: once a role is enough. */
  async cookies(browser: Browser, role: Role): Promise<Cookies> {
    const known = this.signedIn.get(role);
    if (known) return known;
    const context = await browser.newContext({ baseURL: this.server.url });
    const page = await context.newPage();
    await page.goto("/sign-in");
    await page.getByLabel("Name").fill(role);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "Applications" }).waitFor();
    const cookies = await context.storageState();
    await context.close();
    this.signedIn.set(role, cookies);
    return cookies;
  }
}
