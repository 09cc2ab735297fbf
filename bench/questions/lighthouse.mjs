// Lighthouse scores of the two most used pages, for an account of a thousand keys.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { basic, Keyhold } from "../keyhold.mjs";
import { ALL } from "../machine.mjs";
import { ROOT } from "../paths.mjs";
import { output } from "../programs.mjs";
import { atLeast, points } from "../report.mjs";

export const title = "Lighthouse, desktop";

const PAGES = [["Dashboard", "/"], ["API Control", "/preferences/api-control"]];
const CATEGORIES = [["performance", 100], ["accessibility", 100], ["best-practices", 100]];
const KEYS = 1000;
const SYSTEM = "/usr/bin/chromium";
// The same flags as in the browser tests.
const FLAGS =
  "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
  "--disable-component-update --disable-sync --disable-dev-shm-usage";

export async function measure() {
  const keyhold = await Keyhold.start({ processors: ALL });
  const first = await keyhold.signUp();
  for (let number = 1; number < KEYS; number += 1) await keyhold.createKey(`Key ${number}`);
  await fetch(`${keyhold.url}/verify`, { headers: { authorization: basic(first) } });
  const rows = [];
  const after = [];
  const targets = [];
  for (const [name, path] of PAGES) {
    const { scores, faults } = await look(keyhold, path);
    after.push(...faults.map((fault) => `${name}: ${fault}`));
    rows.push([name, ...scores.map(points)]);
    for (const [index, [category, target]] of CATEGORIES.entries()) {
      targets.push(atLeast(`Lighthouse, ${name}: ${category}`, scores[index], target, points));
    }
  }
  await keyhold.stop();
  return { columns: ["", ...CATEGORIES.map(([name]) => name)], rows, after, targets };
}

/** The scores of one page, out of a hundred, and the audits that lost points. */
async function look(keyhold, path) {
  const headers = join(keyhold.home, "headers.json");
  const result = join(keyhold.home, "lighthouse.json");
  writeFileSync(headers, JSON.stringify(keyhold.session()));
  const args = [
    keyhold.url + path, "--preset=desktop", "--quiet", "--output=json", `--output-path=${result}`,
    `--extra-headers=${headers}`, `--only-categories=${CATEGORIES.map(([name]) => name).join(",")}`,
    `--chrome-flags=${FLAGS}`, "--enable-error-reporting=false",
  ];
  const browser = existsSync(SYSTEM) ? SYSTEM : (await import("@playwright/test")).chromium.executablePath();
  await output(join(ROOT, "bench/node_modules/.bin/lighthouse"), args, {
    cwd: keyhold.home,
    env: { ...process.env, CHROME_PATH: browser },
  });
  const report = JSON.parse(readFileSync(result, "utf8"));
  if (report.runtimeError) throw new Error(report.runtimeError.message);
  const shown = new URL(report.finalDisplayedUrl).pathname;
  if (shown !== path) throw new Error(`${path} led to ${shown}`);
  const categories = CATEGORIES.map(([name]) => report.categories[name]);
  const lacking = categories
    .flatMap(({ auditRefs }) => auditRefs)
    .filter(({ weight }) => weight > 0)
    .map(({ id }) => report.audits[id])
    .filter(({ score }) => score !== null && score < 0.9);
  return {
    scores: categories.map(({ score }) => Math.round(score * 100)),
    faults: lacking.map(({ title, details }) => [title, ...(details?.items ?? []).map(gist)].join("; ")),
  };
}

/** The start of one Lighthouse finding. */
function gist(item) {
  return String(item.description ?? item.node?.snippet ?? item.url ?? "").split("\n")[0].slice(0, 120);
}
