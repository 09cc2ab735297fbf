import { defineConfig } from "@playwright/test";

import { launchOptions } from "./harness/chromium.ts";

/**
 * Pictures of the style guide, compared with those in `end2end/pictures/`. They depend on the version of Chromium and on
 * the machine's way of drawing text, so `make visual` compares them and `make test` does not: there
 * `specs/style.spec.ts` checks what a picture would show in numbers.
 */
export default defineConfig({
  testDir: ".",
  testMatch: "visual.ts",
  outputDir: "./test-results",
  snapshotPathTemplate: "{testDir}/pictures/{arg}{ext}",
  forbidOnly: true,
  workers: 2,
  fullyParallel: true,
  timeout: 60_000,
  expect: { timeout: 20_000, toHaveScreenshot: { maxDiffPixelRatio: 0.002, threshold: 0.15, animations: "disabled", caret: "hide" } },
  reporter: [["list"]],
  use: { browserName: "chromium", launchOptions, locale: "en-GB", timezoneId: "UTC", bypassCSP: true },
});
