import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import type { Page } from "@playwright/test";

const PACKAGES = resolve(import.meta.dirname, "../../node_modules");
const FONTS = [
  ["--sans", "Inter", "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"],
  ["--mono", "JetBrains Mono", "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2"],
] as const;

/**
 * Has the pages use fonts from packages in place of the system's, so that pictures are the same on every machine, and
 * look as they do where the system's font is a good one. The context must bypass the content security policy.
 */
export async function ownFonts(page: Page): Promise<void> {
  const rules = FONTS.map(([token, family, file]) => {
    const font = readFileSync(resolve(PACKAGES, file)).toString("base64");
    const source = `url(data:font/woff2;base64,${font}) format("woff2")`;
    return `@font-face { font-family: "${family}"; font-weight: 100 900; src: ${source} } :root { ${token}: "${family}" }`;
  });
  await page.route(/\/pkg\/keyhold\.[0-9a-f]+\.css$/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()) + rules.join("\n") });
  });
}
