// Speed, memory and start with a million keys, compared with ten.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { fill } from "../fill.mjs";
import { basic, Keyhold } from "../keyhold.mjs";
import { atLeast, atMost, megabytes, microseconds, milliseconds, perSecond, ratio } from "../report.mjs";
import { withTenKeys } from "../ten.mjs";
import { alternate, median } from "../wrk.mjs";

export const title = "Ten keys against 1,000,000, 64 connections";

const KEYS = 1_000_000;
const TURNS = KEYS / 100;

export async function measure() {
  const few = await withTenKeys();
  const good = few.keys.slice(0, -1);
  const wrong = good.map(({ access_key }, index) => ({ ...good[(index + 1) % good.length], access_key }));

  const first = await Keyhold.start();
  const key = await first.signUp();
  await first.stop();
  const filled = fill(first.database, key, KEYS);
  const opened = (access_key) => ({ ...key, access_key });
  const ready = [];
  for (let start = 0; start < 3; start += 1) {
    const keyhold = await Keyhold.start({ home: first.home });
    ready.push(keyhold.ready);
    await keyhold.stop();
  }
  const many = await Keyhold.start({ home: first.home });

  const rows = [];
  const ratios = [];
  const kinds = [
    ["one good key", few.good, many.verify("Keyhold, good key", 200, basic(key))],
    [
      "a wrong secret for a different key each time",
      turns(few.keyhold, "wrong", 401, wrong),
      turns(many, "wrong", 401, filled.other.map(opened)),
    ],
    [
      "a different good key each time",
      turns(few.keyhold, "good", 200, good),
      turns(many, "good", 200, filled.good.map(opened)),
    ],
  ];
  for (const [what, small, large] of kinds) {
    const named = [{ ...small, name: `${what}, 10 keys` }, { ...large, name: `${what}, ${KEYS} keys` }];
    const [ten, million] = await alternate(named, 64, 3);
    rows.push([
      what, perSecond(ten.rate), perSecond(million.rate), ratio(million.rate / ten.rate), milliseconds(ten.p99),
      milliseconds(million.p99), microseconds(ten.cpu), microseconds(million.cpu),
    ]);
    ratios.push(million.rate / ten.rate);
  }
  const [now, most] = [many.memory("VmRSS"), many.memory("VmHWM")];
  await Promise.all([few.keyhold.stop(), many.stop()]);
  return {
    columns: [
      "", "10 keys", "1,000,000 keys", "", "p99 of 10", "of 1,000,000", "processor time per request of 10", "of 1,000,000",
    ],
    rows,
    after: [
      `With 1,000,000 keys: ready ${milliseconds(median(ready))} after the start (median of three); resident after the
       load ${megabytes(now)}, at most ${megabytes(most)}.`.replace(/\s+/g, " "),
    ],
    targets: [
      atLeast("requests/s with 1,000,000 keys, against 10: one good key", ratios[0], 0.9, ratio),
      atLeast("requests/s with 1,000,000 keys, against 10: a wrong secret for any key", ratios[1], 0.9, ratio),
      atMost("ready with 1,000,000 keys", median(ready), 5000, milliseconds),
      atMost("resident with 1,000,000 keys, at most", most, 300e6, megabytes),
    ],
  };
}

/** A target that calls `/verify` with these keys in turn, equally often for few keys as for many, so that wrk's caches are alike. */
function turns(keyhold, name, status, keys) {
  const file = join(keyhold.home, name);
  writeFileSync(file, Array.from({ length: TURNS }, (_, turn) => `${basic(keys[turn % keys.length])}\n`).join(""));
  const first = keyhold.verify(name, status, basic(keys[0]));
  const script = join(import.meta.dirname, "../turns.lua");
  return { ...first, headers: {}, probe: first.headers, script, args: [file] };
}
