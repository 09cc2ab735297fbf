// Ten keys: the data set of most benchmarks.

import { basic, Keyhold } from "./keyhold.mjs";

/** A Keyhold with one account of ten keys, the last one expired, and the targets for it. */
export async function withTenKeys(options) {
  const keyhold = await Keyhold.start(options);
  const keys = [await keyhold.signUp()];
  while (keys.length < 10) keys.push(await keyhold.createKey(`Key ${keys.length}`));
  const expired = keys.at(-1);
  await keyhold.expireKey(expired);
  const good = keys[0];
  return {
    keyhold,
    keys,
    good: keyhold.verify("Keyhold, good key", 200, basic(good)),
    expired: keyhold.verify("expired", 401, basic(expired)),
    unknown: keyhold.verify("unknown", 401, basic({ ...good, access_key: "kh_0000000000000000" })),
    // Changes one character, so that the checksum is wrong.
    malformed: keyhold.verify("malformed", 401, basic({ ...good, secret_key: twist(good.secret_key) })),
  };
}

function twist(secret) {
  return secret.slice(0, -1) + (secret.endsWith("0") ? "1" : "0");
}
