// Measures instead of tests: `make bench` runs what is in bench/. It prints tables, and fails only where a figure would be
// wrong and not just slow.

import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

export default defineConfig({
  ...tests,
  testDir: "bench",
  testMatch: "*.bench.ts",
  // Twenty rollouts take their time.
  timeout: 90 * 60_000,
  outputDir: "test-results/bench",
});
