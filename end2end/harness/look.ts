import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/**
 * Brings colours to where they are going. With less motion each takes 1 ms to change, and an inherited one begins when that
 * of its parent has ended, so there are as many steps as elements within each other.
 */
function settled(page: Page): Promise<void> {
  return page.evaluate(() => {
    const isMoving = (animation: Animation) => animation.playState !== "finished" && animation.effect?.getComputedTiming().endTime !== Infinity;
    for (let step = 0; step < 50; step += 1) {
      const moving = document.getAnimations().filter(isMoving);
      if (moving.length === 0) return;
      for (const animation of moving) animation.finish();
    }
  });
}

/** axe's findings, one per line. An open menu may cover other targets (`covered`). */
export async function violations(page: Page, covered = false): Promise<string[]> {
  await settled(page);
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    // In the page itself, and not in one more page for each run, which only pages with frames need.
    .setLegacyMode(true)
    .disableRules(covered ? ["target-size"] : [])
    .analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} (${node.any.concat(node.all)[0]?.message ?? ""})`),
  );
}

/**
 * axe's findings about contrast alone, one per line. axe stays in the page, and describes nothing but violations, so that
 * many looks of one page take little time.
 */
export async function contrastFaults(page: Page): Promise<string[]> {
  const rules = ["color-contrast"];
  const isThere = await page.evaluate(() => "axe" in window);
  await settled(page);
  if (!isThere) await new AxeBuilder({ page }).setLegacyMode(true).withRules(rules).analyze();
  return page.evaluate(async (rules) => {
    type Found = { violations: { nodes: { html: string; any: { message: string }[] }[] }[] };
    const { axe } = window as unknown as { axe: { run(of: Document, options: object): Promise<Found> } };
    const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
    return violations.flatMap(({ nodes }) => nodes.map((node) => `${node.html.slice(0, 120)} ${node.any[0]?.message}`));
  }, rules);
}

/** The number of pixels by which a page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));
}

/**
 * The boxes whose heights are not whole pixels, and the texts whose size or height of a line is not. Widths follow the
 * text, and places within a line its baseline, so neither is checked. Text is at least 13 px high.
 */
export function uneven(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const boxes = ".button, .pill, .chip, .card, .note, .tile, .toast, .filters a, input, select, textarea, h1, h2, h3, p, tr, nav a";
    const found = new Set<string>();
    const whole = (pixels: number) => Math.abs(pixels - Math.round(pixels)) < 0.02;
    const report = (element: Element, what: string) => {
      found.add(`${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}: ${what}`);
    };
    for (const element of document.body.querySelectorAll(boxes)) {
      const { width, height } = element.getBoundingClientRect();
      // What is for screen readers alone has a box of one pixel.
      if (width > 1 && !whole(height)) report(element, `${height} px high`);
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      if (element === null || !texts.currentNode.textContent?.trim() || !element.checkVisibility()) continue;
      const { fontSize, lineHeight } = getComputedStyle(element);
      const size = Number.parseFloat(fontSize);
      if (size < 13 || !whole(size)) report(element, `text of ${fontSize}`);
      if (!whole(Number.parseFloat(lineHeight))) report(element, `a line of ${lineHeight}`);
    }
    return [...found];
  });
}

/** The ratio of contrast between two colours, each a custom property such as `--ink` (WCAG 2.2, relative luminance). */
export function contrasts(page: Page, pairs: [string, string][]): Promise<number[]> {
  return page.evaluate((pairs) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
    const style = getComputedStyle(document.documentElement);
    const luminance = (token: string): number => {
      canvas.fillStyle = "#0f0";
      canvas.fillStyle = style.getPropertyValue(token);
      canvas.fillRect(0, 0, 1, 1);
      const channels = [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((byte) => {
        const share = byte / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * channels[0]! + 0.7152 * channels[1]! + 0.0722 * channels[2]!;
    };
    return pairs.map(([one, other]) => {
      const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
      return (light + 0.05) / (dark + 0.05);
    });
  }, pairs);
}
