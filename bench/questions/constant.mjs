// Verification of a good key compared with the cheapest possible answer.

import { SERVER } from "../machine.mjs";
import { CONSTANT } from "../paths.mjs";
import { freePort, Server } from "../programs.mjs";
import { atLeast, atMost, microseconds, milliseconds, perSecond, ratio } from "../report.mjs";
import { withTenKeys } from "../ten.mjs";
import { alternate } from "../wrk.mjs";

export const title = "A good key against axum's constant answer, 64 connections, five alternating runs";

export async function measure() {
  const address = `127.0.0.1:${await freePort()}`;
  const axum = new Server(SERVER, CONSTANT, [address]);
  await axum.answers(`http://${address}/`);
  const { keyhold, good } = await withTenKeys();
  // The same request, so that the difference lies in the servers alone.
  const constant = { ...good, name: "axum, constant answer", server: axum, url: `http://${address}/` };
  const results = await alternate([constant, good], 64, 5);
  await Promise.all([axum.stop(), keyhold.stop()]);
  const [bare, verified] = results;
  return {
    columns: ["", "requests/s", "", "p50", "p99", "", "processor time per request"],
    rows: [constant, good].map(({ name }, index) => {
      const { rate, p50, p99, cpu } = results[index];
      return [
        name, perSecond(rate), ratio(rate / bare.rate), milliseconds(p50), milliseconds(p99), ratio(p99 / bare.p99),
        microseconds(cpu),
      ];
    }),
    targets: [
      atLeast("requests/s of a good key, against axum's constant answer", verified.rate / bare.rate, 0.9, ratio),
      atMost("p99 of a good key, against axum's constant answer", verified.p99 / bare.p99, 1.3, ratio),
    ],
  };
}
