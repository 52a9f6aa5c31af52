// An nginx for one world.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command";
import type { Router } from "./ground";
import { demo } from "./places";

export class Nginx implements Router {
  private constructor(readonly folder: string, readonly port: number) {}

  static async start(folder: string, port: number): Promise<Nginx> {
    await run(join(demo, "nginx.sh"), [folder]);
    return new Nginx(folder, port);
  }

  async stop(): Promise<void> {
    await run(join(demo, "nginx.sh"), ["stop", this.folder]);
  }

  /** What it complained about. */
  log(): string {
    const path = join(this.folder, "logs/error.log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }
}
