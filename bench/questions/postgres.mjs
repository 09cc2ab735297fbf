// Verification with PostgreSQL as the database compared with SQLite, the writing of usage included.

import { Server as Postgres } from "../scale/postgres.mjs";
import { SERVER } from "../machine.mjs";
import { atLeast, atMost, microseconds, milliseconds, perSecond, ratio } from "../report.mjs";
import { withTenKeys } from "../ten.mjs";
import { paired } from "../wrk.mjs";

export const title = "PostgreSQL against SQLite, a good key, 64 connections, nine alternating pairs of runs";

const PAIRS = 9;

export async function measure() {
  // On the same processors as Keyhold, where SQLite writes too.
  const postgres = await Postgres.start(SERVER);
  try {
    const sqlite = await withTenKeys();
    const server = await withTenKeys({ database: `postgres://keyhold@127.0.0.1:${postgres.port}/postgres` });
    const targets = [
      { ...sqlite.good, name: "SQLite" },
      { ...server.good, name: "PostgreSQL" },
    ];
    const { results, ratios } = await paired(targets, 64, PAIRS);
    await Promise.all([sqlite.keyhold.stop(), server.keyhold.stop()]);
    return {
      columns: ["", "requests/s", "", "p50", "p99", "", "processor time per request"],
      rows: results.map(({ rate, p50, p99, cpu }, index) => [
        targets[index].name, perSecond(rate), ratio(index === 0 ? 1 : ratios.rate), milliseconds(p50), milliseconds(p99),
        ratio(index === 0 ? 1 : ratios.p99), microseconds(cpu),
      ]),
      after: [`PostgreSQL ${postgres.version.split(" ")[0]}. Ratios are medians of those of the pairs.`],
      targets: [
        atLeast("requests/s of a good key on PostgreSQL, against SQLite", ratios.rate, 0.95, ratio),
        atMost("p99 of a good key on PostgreSQL, against SQLite", ratios.p99, 1.2, ratio),
      ],
    };
  } finally {
    await postgres.stop();
  }
}
