// The cost of each kind of answer, with one client and with many.

import { milliseconds, perSecond, ratio } from "../report.mjs";
import { withTenKeys } from "../ten.mjs";
import { alternate } from "../wrk.mjs";

export const title = "Each answer, with ten keys";

export async function measure() {
  const { keyhold, good, expired, unknown, malformed } = await withTenKeys();
  const health = { ...good, name: "/healthz", url: `${keyhold.url}/healthz` };
  const targets = [health, { ...good, name: "good" }, expired, unknown, malformed];
  const rows = [];
  for (const connections of [1, 64, 256]) {
    const results = await alternate(targets, connections, 3);
    for (const [index, { rate, p50, p99 }] of results.entries()) {
      rows.push([
        String(connections), index === 0 ? targets[0].name : `/verify, ${targets[index].name}`, perSecond(rate),
        ratio(rate / results[0].rate), milliseconds(p50), milliseconds(p99),
      ]);
    }
  }
  await keyhold.stop();
  return { columns: ["connections", "", "requests/s", "to /healthz", "p50", "p99"], rows, targets: [] };
}
