import { defineConfig } from "@playwright/test";

import base from "./playwright.config.ts";

/** Not tests: pictures of every page, to look at and for the README. */
export default defineConfig({
  ...base,
  testDir: ".",
  testMatch: "screenshots.ts",
  workers: 1,
  timeout: 120_000,
});
