import { ownFonts } from "./harness/fonts.ts";
import { expect, GUIDE, test } from "./harness/guide.ts";

for (const scheme of ["light", "dark", "forced"] as const) {
  for (const width of [1280, 360]) {
    test(`the style guide: ${scheme}, ${width} px`, async ({ page }) => {
      await ownFonts(page);
      await page.emulateMedia({
        colorScheme: scheme === "light" ? "light" : "dark",
        forcedColors: scheme === "forced" ? "active" : "none",
        reducedMotion: "reduce",
      });
      await page.setViewportSize({ width, height: 800 });
      await page.goto(GUIDE);
      await page.evaluate(() => document.fonts.ready);
      await expect(page).toHaveScreenshot(`style-${scheme}-${width}.png`, { fullPage: true });
    });
  }
}
