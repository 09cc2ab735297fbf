// Runs the benchmarks, prints the verdict on each target, and writes docs/benchmarks.md.
//
// `node bench/run.mjs` runs all of them; `node bench/run.mjs constant pages` runs only those, prints their results and
// writes nothing. With `--json` first, the results are one line of JSON.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { CLIENT, describe, SERVER } from "./machine.mjs";
import { ROOT } from "./paths.mjs";
import { stopAll } from "./programs.mjs";
import { document, section, verdicts } from "./report.mjs";
import { SECONDS } from "./wrk.mjs";

/** Files of questions/, in the order in which they run. */
const ALL = ["constant", "answers", "million", "postgres", "nginx", "better-auth", "vault", "management", "pages", "interaction", "lighthouse"];

const json = process.argv[2] === "--json";
const chosen = process.argv.slice(json ? 3 : 2);
const unknown = chosen.filter((name) => !ALL.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(", ")}. There are: ${ALL.join(", ")}.`);
  process.exit(2);
}

const begun = performance.now();
const answers = [];
for (const name of chosen.length > 0 ? chosen : ALL) {
  console.error(`${name}:`);
  answers.push(await runBenchmark(name));
}
console.log(json ? JSON.stringify(answers) : verdicts(answers));

if (json) {
  // For other programs: nothing else is written.
} else if (chosen.length > 0) {
  console.log(`\n${answers.map(section).join("\n")}`);
} else {
  const minutes = ((performance.now() - begun) / 60_000).toFixed(0);
  const commands = [
    `On ${new Date().toISOString().slice(0, 10)} by \`make bench\`, in ${minutes} minutes. Each run was`,
    `\`\`\`sh\ntaskset -c ${CLIENT} wrk --latency -t 1 -c CONNECTIONS -d ${SECONDS}s -H 'Authorization: …' URL\n\`\`\``,
    `after a shorter warm-up run, against a server under \`taskset -c ${SERVER}\`. Figures are medians of the runs.`,
  ];
  writeFileSync(join(ROOT, "docs/benchmarks.md"), document(answers, await describe(), commands));
  console.log("\nFull report: docs/benchmarks.md");
}
process.exit(answers.some(({ error }) => error !== undefined) ? 1 : 0);

/** Runs one benchmark. A failure becomes part of the report, so that the others still run. */
async function runBenchmark(name) {
  let title = name;
  try {
    const question = await import(`./questions/${name}.mjs`);
    title = question.title;
    return { title, ...(await question.measure()) };
  } catch (error) {
    console.error(error);
    return { title, error: error.message };
  } finally {
    stopAll();
  }
}
