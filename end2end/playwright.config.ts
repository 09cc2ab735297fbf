import { defineConfig } from "@playwright/test";

import { launchOptions } from "./harness/chromium.ts";
import type { WorkerOptions } from "./harness/test.ts";

/** The address of a PostgreSQL server. With one, the tests can run on it too. */
const server = process.env["KEYHOLD_TEST_POSTGRES"];

export default defineConfig<object, WorkerOptions>({
  testDir: "./specs",
  outputDir: "./test-results",
  // Each test creates its own account, so tests cannot see each other's data.
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: 2,
  // These end a test that hangs, however busy the machine is. Speed is measured by the benchmarks.
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  projects: [
    // Several nodes need a server.
    { name: "sqlite", testIgnore: "nodes.spec.ts" },
    ...(server === undefined ? [] : [{ name: "postgres", use: { databaseServer: server } }]),
  ],
  use: {
    browserName: "chromium",
    launchOptions,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    trace: "retain-on-failure",
  },
});
