// An embedded proxy for one world.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { environment } from "./command";
import type { Router } from "./ground";
import { program } from "./places";

export class Embedded implements Router {
  private constructor(private readonly child: ChildProcess, private readonly folder: string, readonly port: number) {}

  static async start(folder: string, port: number): Promise<Embedded> {
    mkdirSync(folder, { recursive: true });
    const log = openSync(join(folder, "log"), "a");
    const control = Embedded.control(folder);
    const args = ["proxy", "--listen", `127.0.0.1:${port}`, "--control", control, "--state", join(folder, "state")];
    const child = spawn(program, args, { env: { ...environment, NO_COLOR: "1" }, stdio: ["ignore", log, log] });
    closeSync(log);
    const proxy = new Embedded(child, folder, port);
    const end = Date.now() + 20_000;
    while (!existsSync(control)) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`the proxy does not start:\n${proxy.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return proxy;
  }

  static control(folder: string): string {
    return join(folder, "control.sock");
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.child.once("exit", () => resolve()));
    this.child.kill("SIGTERM");
    const patience = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
    await gone;
    clearTimeout(patience);
  }

  log(): string {
    const path = join(this.folder, "log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }
}
