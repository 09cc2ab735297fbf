import { defineConfig } from "@playwright/test";

import base from "./playwright.config.ts";

/** Pictures of every page, for review and for the README. They test nothing. */
export default defineConfig({
  ...base,
  testDir: ".",
  testMatch: "screenshots.ts",
  workers: 2,
  timeout: 240_000,
  use: { ...base.use, bypassCSP: true },
});
