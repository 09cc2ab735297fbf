import { defineConfig } from "@playwright/test";

import { launchOptions } from "./harness/chromium.ts";

export default defineConfig({
  testDir: "./specs",
  outputDir: "./test-results",
  // A test makes its own account, so nothing that one leaves behind can be seen by another.
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
