// The server under test: one process, which can be killed and started again on the same port.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { environment } from "./command";
import { program, site } from "./places";

export class Server {
  private process: ChildProcess | undefined;

  constructor(private readonly database: string, private readonly port: number, private readonly logFile: string) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const log = openSync(this.logFile, "a");
    const args = ["--data", this.database, "serve", "--listen", `127.0.0.1:${this.port}`, "--site", site];
    const child = spawn(program, args, { env: { ...environment, NO_COLOR: "1" }, stdio: ["ignore", log, log] });
    closeSync(log);
    this.process = child;
    const end = Date.now() + 20_000;
    while (!(await this.answers())) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`the server does not start:\n${this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** kill -9: it gets no chance to say or save anything. */
  kill = (): Promise<void> => this.end("SIGKILL");

  stop = (): Promise<void> => this.end("SIGTERM");

  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, "utf8") : "";
  }

  private async answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/healthz`)).ok;
    } catch {
      return false;
    }
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    // Whoever does not go when asked is made to.
    const patience = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await gone;
    clearTimeout(patience);
  }
}
