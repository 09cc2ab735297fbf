// The management API: how long a program takes for a thousand accounts with a key each, a page of 200 keys among a hundred
// thousand, and lists with few hits, at the end of what is searched.

import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";

import { fill, fillRare } from "../fill.mjs";
import { Keyhold } from "../keyhold.mjs";
import { ALL } from "../machine.mjs";
import { atMost, milliseconds } from "../report.mjs";
import { median } from "../wrk.mjs";

export const title = "The management API";

const ACCOUNTS = 1000;
const AT_ONCE = 8;
const KEYS = 100_000;
const PAGES = 50;
const ENTRIES = 500_000;
const TIMES = 20;
/** Filters that an index or the memory answers. */
const FEW = [
  ["/keys?status=expired", 3],
  ["/keys?status=expiring_soon", 0],
  ["/keys?expires_before=2020-01-01T00:00:00Z", 0],
  ["/keys?owner=ext:org_1", 1],
  ["/keys?owner=ext:org_1&status=expired", 0],
  ["/audit?action=account.deleted", 3],
  // One more is that of the first operator's token.
  ["/audit?actor=system", 4],
  ["/audit?account=ext:org_1", 50],
  ["/audit?since=2100-01-01T00:00:00Z", 0],
];
/** Filters that read a table: their time grows with it. */
const READING = [
  ["/keys?q=rare", 3],
  ["/keys?q=no-such-word", 0],
  ["/keys?unused_since=2020-01-01T00:00:00Z", 50],
  ["/accounts?q=no-such-word", 0],
];

export async function measure() {
  const keyhold = await Keyhold.start({ processors: ALL });
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const key = await keyhold.signUp();
  const begun = performance.now();
  let next = 0;
  const program = async () => {
    while (next < ACCOUNTS) {
      const id = `org_${(next += 1)}`;
      await call(keyhold, agent, "POST", "/accounts", { external_id: id }, 201);
      await call(keyhold, agent, "POST", `/accounts/ext:${id}/keys`, { name: "first", expiry: "90d" }, 201);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, program));
  const making = performance.now() - begun;
  const account = await call(keyhold, agent, "GET", "/accounts/ext:org_1", undefined, 200);
  await keyhold.stop();

  fill(keyhold.database, key, KEYS);
  fillRare(keyhold.database, account.id, ENTRIES);
  const filled = await Keyhold.start({ home: keyhold.home, processors: ALL });
  const first = await pages(filled, agent, "/keys?limit=200");
  const expired = await pages(filled, agent, "/keys?limit=200&status=active");
  const few = [];
  for (const [path, hits] of FEW) few.push([path, median(await times(filled, agent, path, hits))]);
  const reading = [];
  for (const [path, hits] of READING) reading.push([path, median(await times(filled, agent, path, hits))]);
  await filled.stop();
  agent.destroy();
  const slowest = Math.max(...few.map(([, time]) => time));
  return {
    columns: ["", "time"],
    rows: [
      [`${ACCOUNTS} accounts with a key each, ${AT_ONCE} requests at once`, milliseconds(making)],
      [`a page of 200 keys, one after another through ${KEYS} (median of ${PAGES})`, milliseconds(median(first))],
      ["the same, of active keys only", milliseconds(median(expired))],
      ...few.map(([path, time]) => [`${path}, with ${ENTRIES} entries in the trail (median of ${TIMES})`, milliseconds(time)]),
      ...reading.map(([path, time]) => [`${path}, which reads a table (median of ${TIMES})`, milliseconds(time)]),
    ],
    targets: [
      atMost("1,000 accounts with a key each by the API", making, 60_000, milliseconds),
      atMost("a page of 200 keys with 100,000 keys", median(first), 20, milliseconds),
      atMost("a page with few hits, by owner, status, date, action, maker, account or instant", slowest, 20, milliseconds),
    ],
  };
}

/** The times of pages that follow each other, in milliseconds. */
async function pages(keyhold, agent, path) {
  const times = [];
  let address = path;
  for (let page = -5; page < PAGES; page += 1) {
    const begun = performance.now();
    const { data, next } = await call(keyhold, agent, "GET", address, undefined, 200);
    if (page >= 0) times.push(performance.now() - begun);
    if (data.length !== 200) throw new Error(`${address} has ${data.length} keys`);
    address = `${path}&after=${next}`;
  }
  return times;
}

/** The times of the same page, in milliseconds. */
async function times(keyhold, agent, path, hits) {
  const found = [];
  for (let number = -3; number < TIMES; number += 1) {
    const begun = performance.now();
    const { data } = await call(keyhold, agent, "GET", path, undefined, 200);
    if (number >= 0) found.push(performance.now() - begun);
    if (data.length < hits || (hits < 50 && data.length !== hits)) throw new Error(`${path} has ${data.length} entries`);
  }
  return found;
}

/** Sends one request with the first token and returns the answer's JSON. */
function call({ url, home }, agent, method, path, body, status) {
  const token = readFileSync(join(home, "operator-token"), "utf8").trim();
  return new Promise((done, failed) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const sent = request(`${url}/admin/v1${path}`, { agent, method, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.once("error", failed);
      answer.once("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        if (answer.statusCode === status) done(JSON.parse(text));
        else failed(new Error(`${path} answered ${answer.statusCode}: ${text}`));
      });
    });
    sent.once("error", failed);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
