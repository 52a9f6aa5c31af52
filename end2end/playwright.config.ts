import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

// The system's browser; where there is none, Playwright's own. See setup.sh.
const chromium = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"]
  .find((path) => path && existsSync(path));

export default defineConfig({
  testDir: "tests",
  // One after the other: tests share a machine's ports and its Docker. Never again: a test that passes at the second
  // try has found something.
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 10_000 },
  forbidOnly: !!process.env.CI,
  reporter: "list",
  outputDir: "test-results",
  use: {
    // Tests start the server themselves.
    baseURL: process.env.CROSSFADE_URL ?? "http://127.0.0.1:8791",
    browserName: "chromium",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: chromium,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
