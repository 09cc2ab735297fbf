// Formats of figures, verdicts on targets, and the report.

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const perSecond = (rate) => grouped.format(rate);
export const ratio = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ×`;
export const megabytes = (bytes) => `${grouped.format(bytes / 1e6)} MB`;
export const kilobytes = (bytes) => `${(bytes / 1e3).toFixed(1)} kB`;
export const points = (score) => String(score);

export const microseconds = (value) => `${value.toFixed(value < 10 ? 2 : 1)} µs`;

export function milliseconds(value) {
  if (value < 1000) return `${value < 100 ? value.toFixed(2) : value.toFixed(0)} ms`;
  return `${(value / 1000).toFixed(2)} s`;
}

export function atLeast(what, value, target, format) {
  return { what, measured: format(value), target: `≥ ${format(target)}`, met: value >= target };
}

export function atMost(what, value, target, format) {
  return { what, measured: format(value), target: `≤ ${format(target)}`, met: value <= target };
}

/** The targets of all benchmarks; one that could not run has an `error` instead. */
export function verdicts(answers) {
  const rows = answers.flatMap(({ title, error, targets }) =>
    error === undefined
      ? targets.map(({ what, measured, target, met }) => [what, measured, target, met ? "met" : "**missed**"])
      : [[title, "", "", `**could not run**: ${error}`]],
  );
  return table(["", "measured", "target", ""], rows);
}

export function section({ title, error, columns, rows, after = [] }) {
  if (error !== undefined) return `## ${title}\n\nCould not run: ${error}\n`;
  return [`## ${title}`, rows.length > 0 ? table(columns, rows) : "", ...after].filter(Boolean).join("\n\n") + "\n";
}

/** A Markdown table. Columns after the first are right-aligned. */
export function table(columns, rows) {
  const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  const line = (cells) => `| ${cells.map(cell).join(" | ")} |`;
  const rule = columns.map((_, index) => (index === 0 ? "---" : "--:"));
  return [line(columns), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** The whole of docs/benchmarks.md. */
export function document(answers, machine, commands) {
  return `# Benchmarks

Written by \`make bench\`; do not edit. [bench/README.md](../bench/README.md) explains the figures and where the time
goes.

${verdicts(answers)}

${answers.map(section).join("\n")}
## Measured on

${table(["", ""], machine).replace("--:", "---")}

${commands.join("\n\n")}
`;
}
