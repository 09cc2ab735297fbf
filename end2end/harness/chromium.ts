import { existsSync } from "node:fs";

import type { LaunchOptions } from "@playwright/test";

const SYSTEM = "/usr/bin/chromium";

/** The system's Chromium if there is one, else Playwright's own. */
export const launchOptions: LaunchOptions = {
  ...(existsSync(SYSTEM) ? { executablePath: SYSTEM } : {}),
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
  ],
};
