import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { test as base } from "@playwright/test";

import { Keyhold } from "./keyhold.ts";

export { expect } from "@playwright/test";

/** A debug build, which alone has the style guide. The tests in Rust have built it. */
const DEBUG = resolve(import.meta.dirname, "../..", process.env["KEYHOLD_BINARY"] ?? "target/debug/keyhold");

/** The address of the style guide. */
export const GUIDE = "/style";

/** Tests of the style guide, on a server of a debug build with the site of the release build. */
export const test = base.extend<object, { guide: Keyhold }>({
  guide: [
    async ({}, use) => {
      if (!existsSync(DEBUG)) throw new Error(`build ${DEBUG} first: cargo build --locked -p server`);
      const guide = await Keyhold.start([], {}, undefined, DEBUG);
      await use(guide);
      await guide.stop();
      await guide.remove();
    },
    { scope: "worker" },
  ],

  baseURL: async ({ guide }, use) => use(guide.url),
});
