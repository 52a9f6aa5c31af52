// A HAProxy for one world.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command";
import { demo } from "./places";
import type { Router } from "./ground";

export class Haproxy implements Router {
  private constructor(private readonly folder: string, readonly port: number) {}

  static async start(folder: string, port: number): Promise<Haproxy> {
    await run(join(demo, "haproxy.sh"), [folder]);
    return new Haproxy(folder, port);
  }

  async stop(): Promise<void> {
    await run(join(demo, "haproxy.sh"), ["stop", this.folder]);
  }

  get settings(): string {
    return [
      "[traffic.haproxy]",
      `socket = "${this.folder}/admin.sock"`,
      `folder = "${this.folder}/crossfade"`,
      `state  = "${this.folder}/state"`,
      `listen = "127.0.0.1:${this.port}"`,
    ].join("\n");
  }

  log(): string {
    const path = join(this.folder, "haproxy.log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }
}
