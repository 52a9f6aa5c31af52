// The demo's own load generator, as a program of its own: a browser that is busy does not slow it down.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Application } from "./application";
import { environment } from "./command";
import { demo } from "./places";

/** What it saw; see demo/load.mjs. */
export interface Report {
  sent: number;
  ok: number;
  failed_5xx: number;
  other: number;
  lost: number;
  by_slot: Record<string, number>;
  failed_by_slot: Record<string, number>;
}

export class DemoLoad {
  private readonly done: Promise<Report>;

  private constructor(private readonly child: ChildProcess) {
    let printed = "";
    child.stdout?.on("data", (data) => (printed += data));
    this.done = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        if (code === 0) resolve(JSON.parse(printed));
        else reject(new Error(`demo/load.mjs ended with ${code}: ${printed}`));
      });
    });
  }

  /** So many requests a second to the application, until it is stopped. */
  static start(application: Application, port: number, rate: number): DemoLoad {
    const { web, api } = application.hosts;
    const to = ["--url", `http://127.0.0.1:${port}`, "--web", web, "--api", api];
    const much = ["--rate", String(rate), "--seconds", "3600"];
    const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
    return new DemoLoad(spawn(process.execPath, [join(demo, "load.mjs"), ...to, ...much], { env: environment, stdio }));
  }

  stop(): Promise<Report> {
    this.child.kill("SIGTERM");
    return this.done;
  }
}
