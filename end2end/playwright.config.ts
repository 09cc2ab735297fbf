import { defineConfig } from "@playwright/test";

import { launchOptions } from "./harness/chromium.ts";

export default defineConfig({
  testDir: "./specs",
  outputDir: "./test-results",
  // Each test creates its own account, so tests cannot see each other's data.
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: 2,
  timeout: 30_000,
  expect: { timeout: 7_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    launchOptions,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    trace: "retain-on-failure",
  },
});
