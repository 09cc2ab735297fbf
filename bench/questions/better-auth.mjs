// The lead over better-auth, the usual choice for a service in Node.

import { join } from "node:path";

import { SERVER } from "../machine.mjs";
import { folder, ROOT } from "../paths.mjs";
import { Server } from "../programs.mjs";
import { atLeast, milliseconds, perSecond, ratio } from "../report.mjs";
import { withTenKeys } from "../ten.mjs";
import { alternate } from "../wrk.mjs";

export const title = "Against better-auth's verifyApiKey, 64 connections";

export async function measure() {
  const { keyhold, good } = await withTenKeys();
  const script = join(ROOT, "bench/peer/server.mjs");
  const server = new Server(SERVER, process.execPath, [script, join(folder("peer"), "peer.db")]);
  const printed = await server.until(({ log }) => /^\{.*\}$/m.exec(log)?.[0]);
  const { port, key } = JSON.parse(printed);
  const peer = {
    name: "better-auth, verifyApiKey",
    server,
    url: `http://127.0.0.1:${port}/`,
    headers: { "x-api-key": key },
    status: 200,
  };
  const measured = [peer, good];
  const results = await alternate(measured, 64, 3);
  await Promise.all([server.stop(), keyhold.stop()]);
  return {
    columns: ["", "requests/s", "", "p50", "p99"],
    rows: results.map(({ rate, p50, p99 }, index) => [
      measured[index].name, perSecond(rate), ratio(rate / results[0].rate), milliseconds(p50), milliseconds(p99),
    ]),
    targets: [
      atLeast("requests/s of a good key, against better-auth", results[1].rate / results[0].rate, 40, ratio),
    ],
  };
}
