// The size of a browser's first load, and the time to first byte of API Control for accounts of a thousand and of a hundred
// thousand keys, all those of the page in use every hour.

import { Agent, request } from "node:http";

import { fillAccount } from "../fill.mjs";
import { basic, Keyhold } from "../keyhold.mjs";
import { ALL } from "../machine.mjs";
import { atMost, kilobytes, milliseconds } from "../report.mjs";
import { median } from "../wrk.mjs";

export const title = "The pages";

const KEYS = 1000;
const MANY_KEYS = 100_000;
const REQUESTS = 50;

export async function measure() {
  const keyhold = await Keyhold.start({ processors: ALL });
  const keys = [await keyhold.signUp()];
  while (keys.length < KEYS) keys.push(await keyhold.createKey(`Key ${keys.length}`));
  for (const key of keys) await fetch(`${keyhold.url}/verify`, { headers: { authorization: basic(key) } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const session = { agent, headers: keyhold.session() };

  const loads = [
    ["/sign-in", await firstLoad(keyhold.url, "/sign-in", { agent })],
    ["Dashboard", await firstLoad(keyhold.url, "/", session)],
    ["API Control", await firstLoad(keyhold.url, "/preferences/api-control", session)],
  ];
  await keyhold.stop();
  fillAccount(keyhold.database, keys[0], 0, KEYS);
  const times = await firstBytes(keyhold, session);
  fillAccount(keyhold.database, keys[0], MANY_KEYS - KEYS, KEYS);
  const timesOfMany = await firstBytes(keyhold, session);
  agent.destroy();
  const queries = await queriesOfAPage(keyhold, session);
  // A browser without a session has loaded nothing yet and is redirected to /sign-in.
  const [[, first]] = loads;
  return {
    columns: ["first load, in Brotli", "HTML", "CSS", "JavaScript", "WASM", "total"],
    rows: loads.map(([name, { html, css, js, wasm, total }]) => [name, ...[html, css, js, wasm, total].map(kilobytes)]),
    after: [
      `API Control with ${KEYS} keys in the account: first byte after ${milliseconds(median(times))} (median of ` +
        `${REQUESTS}), at most ${milliseconds(Math.max(...times))}, by ${queries} queries. With ${MANY_KEYS} keys: ` +
        `${milliseconds(median(timesOfMany))}, at most ${milliseconds(Math.max(...timesOfMany))}.`,
    ],
    targets: [
      atMost("first load", first.total, 290_000, kilobytes),
      atMost("first byte of API Control with 1,000 keys", median(times), 20, milliseconds),
      atMost("first byte of API Control with 100,000 keys", median(timesOfMany), 60, milliseconds),
      atMost("queries of API Control", queries, 3, String),
    ],
  };
}

/** The times to the first byte of API Control, in milliseconds. */
async function firstBytes({ home }, { agent, headers }) {
  const keyhold = await Keyhold.start({ home, processors: ALL });
  const times = [];
  for (let round = -5; round < REQUESTS; round += 1) {
    const page = await get(`${keyhold.url}/preferences/api-control`, { agent, headers });
    if (!page.body.includes(`Key ${KEYS - 1}`)) throw new Error("API Control does not show the newest key");
    if (round >= 0) times.push(page.firstByte);
  }
  await keyhold.stop();
  return times;
}

/** The number of queries in the log, divided by the pages; Keyhold's own background queries are less than one per page. */
async function queriesOfAPage({ home }, { headers }) {
  const keyhold = await Keyhold.start({ home, processors: ALL, log: "sqlx::query=debug" });
  const before = keyhold.log.length;
  for (let round = 0; round < REQUESTS; round += 1) await get(`${keyhold.url}/preferences/api-control`, { headers });
  await keyhold.stop();
  const queries = keyhold.log.slice(before).match(/summary="SELECT/g) ?? [];
  return Math.floor(queries.length / REQUESTS);
}

async function firstLoad(url, path, options) {
  const plain = await get(url + path, options);
  if (plain.status !== 200) throw new Error(`${path} answered ${plain.status}`);
  const compressed = await get(url + path, { ...options, encoding: "br" });
  const sizes = { html: compressed.size };
  for (const kind of ["css", "js", "wasm"]) {
    const file = new RegExp(`/pkg/[^"]+\\.${kind}`).exec(plain.body)?.[0];
    if (file === undefined) throw new Error(`${path} names no ${kind}`);
    const answer = await get(url + file, { ...options, encoding: "br" });
    if (answer.encoding !== "br") throw new Error(`${file} came as ${answer.encoding}`);
    sizes[kind] = answer.size;
  }
  return { ...sizes, total: Object.values(sizes).reduce((sum, size) => sum + size) };
}

/** Sends one request and returns its answer, with the body's size on the wire. */
function get(url, { agent, headers = {}, encoding = "identity" }) {
  return new Promise((done, failed) => {
    const begun = performance.now();
    const sent = request(url, { agent, headers: { ...headers, "accept-encoding": encoding } }, (answer) => {
      const firstByte = performance.now() - begun;
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.once("error", failed);
      answer.once("end", () => {
        const body = Buffer.concat(parts);
        done({
          status: answer.statusCode, encoding: answer.headers["content-encoding"], size: body.length, firstByte,
          body: body.toString("latin1"),
        });
      });
    });
    sent.once("error", failed);
    sent.end();
  });
}
