// Measures what the simulation needs to know about PostgreSQL: processor time, log and flush of each statement, and the
// protocol between followers that hold no keys. Writes measured.json.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { resolve } from "node:path";

import { Server } from "./postgres.mjs";
import { addNodes, change, flush, Follower, PREPARED, TABLES } from "./protocol.mjs";

const key = (n) => `kh_${String(n % 100_000).padStart(16, "0")}`;

const MIGRATIONS = resolve(import.meta.dirname, "../../vault/migrations");

export async function measure() {
  const load = loadavg()[0];
  const server = await Server.start();
  try {
    const admin = await server.connect();
    await admin.query(TABLES);
    await admin.query("CHECKPOINT");
    const measured = {
      machine: `${cpus()[0].model.trim()}, ${cpus().length} cores`,
      postgres: server.version,
      date: new Date().toISOString().slice(0, 10),
      load: Number(load.toFixed(1)),
      ...(await statements(server, admin)),
    };
    console.error("statements measured");
    measured.listeners = await listeners(server);
    measured.followers = [];
    for (const nodes of [1, 3, 10]) {
      measured.followers.push(await followers(server, admin, nodes));
      console.error(`${nodes} followers measured`);
    }
    measured.snapshot = await snapshot(server, admin);
    measured.sizes = await sizes(server);
    return measured;
  } finally {
    await server.stop();
  }
}

/** Processor time in microseconds, log in bytes and median time in milliseconds of each statement. */
async function statements(server, admin) {
  const connection = await server.connect();
  await connection.query(PREPARED);
  await addNodes(admin, ["n0"]);
  const cost = (count, run) => costOf(connection, admin, count, run);
  const result = {};
  await change(connection, "n0", key(0));
  result.readLog = await cost(2000, () => connection.query("EXECUTE read_log(1)"));
  result.renew = await cost(1000, () => connection.query("EXECUTE renew(1, 'n0')"));
  await connection.query("SET synchronous_commit = off");
  result.renewUnflushed = await cost(1000, () => connection.query("EXECUTE renew(1, 'n0')"));
  await connection.query("SET synchronous_commit = on");
  result.notify = await cost(500, () => connection.query("NOTIFY keyhold_seen"));
  result.change = await cost(500, (n) => change(connection, "n0", key(n)));
  result.flush = await cost(500, (n) => flush(connection, key(n)));
  const before = await flushes(admin);
  await cost(500, () => connection.query("EXECUTE renew(1, 'n0')"));
  const after = await flushes(admin);
  result.syncMs = (after.time - before.time) / (after.count - before.count);
  result.list = [];
  for (const rows of [1, 10, 100, 1000]) {
    const present = Number((await admin.query("SELECT COUNT(*) FROM nodes"))[0][0]);
    await addNodes(
      admin,
      Array.from({ length: rows - present }, (_, index) => `n${present + index}`),
    );
    await admin.query("VACUUM nodes");
    result.list.push({ rows, ...(await cost(rows > 100 ? 300 : 1000, () => connection.query("EXECUTE list_nodes"))) });
  }
  await admin.query("DELETE FROM nodes; ");
  await admin.query("VACUUM nodes");
  connection.close();
  return result;
}

async function costOf(connection, admin, count, run) {
  for (let n = 0; n < 50; n += 1) await run(n);
  const position = async () => Number((await admin.query("SELECT pg_current_wal_insert_lsn() - '0/0'"))[0][0]);
  const [processor, log] = [connection.processorTime(), await position()];
  const times = [];
  for (let n = 0; n < count; n += 1) {
    const begun = performance.now();
    await run(n);
    times.push(performance.now() - begun);
  }
  return {
    processorUs: round((connection.processorTime() - processor) / count, 1),
    logBytes: Math.round(((await position()) - log) / count),
    medianMs: round(quantile(times, 0.5), 3),
  };
}

async function flushes(admin) {
  await admin.query("SELECT pg_stat_force_next_flush()");
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const [[count, time]] = await admin.query("SELECT wal_sync, wal_sync_time FROM pg_stat_wal");
  return { count: Number(count), time: Number(time) };
}

/** Processor time that a notification takes in the process of each listener, and in the sender's for each listener. */
async function listeners(server) {
  const sender = await server.connect();
  await sender.query("SET synchronous_commit = off");
  const cost = async (count) => {
    const all = [];
    for (let n = 0; n < count; n += 1) {
      const listener = await server.connect();
      await listener.query("LISTEN keyhold_changes; LISTEN keyhold_seen");
      all.push(listener);
    }
    const of = () => all.reduce((sum, one) => sum + one.processorTime(), 0);
    const [receivers, own] = [of(), sender.processorTime()];
    for (let n = 0; n < 500; n += 1) {
      const received = Promise.all(all.map((one) => new Promise((resolve) => (one.notified = resolve))));
      await sender.query("NOTIFY keyhold_seen");
      await received;
    }
    const result = {
      receiver: (of() - receivers) / 500 / Math.max(count, 1),
      sender: (sender.processorTime() - own) / 500,
    };
    for (const one of all) one.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
    return result;
  };
  const [none, many] = [await cost(0), await cost(50)];
  sender.close();
  return { receiverUs: round(many.receiver, 1), senderPerListenerUs: round((many.sender - none.sender) / 50, 2) };
}

/** The time from the beginning of a change until every follower has it, in milliseconds. */
async function followers(server, admin, nodes) {
  const ids = Array.from({ length: nodes }, (_, index) => `n${index}`);
  await addNodes(admin, ids);
  const all = [];
  for (const id of ids) all.push(await Follower.join(server, id));
  const writer = await server.connect();
  await writer.query(PREPARED);
  const own = all[0];
  const [whole, waits] = [[], []];
  for (let n = 0; n < 400; n += 1) {
    const begun = performance.now();
    const seq = await change(writer, own.id, key(n));
    const committed = performance.now();
    own.waiting = true;
    const seen = new Promise((resolve) => {
      own.looked = (least, asked) => asked >= committed && least >= seq && resolve();
    });
    own.hint("changes");
    await seen;
    own.waiting = false;
    whole.push(performance.now() - begun);
    waits.push(performance.now() - committed);
    // Changes are rare: each finds the followers at rest.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const one of all) await one.leave();
  writer.close();
  await admin.query("DELETE FROM nodes");
  await admin.query("VACUUM nodes");
  const of = (times) => Object.fromEntries([0.5, 0.9, 0.99].map((q) => [`p${q * 100}`, round(quantile(times, q), 2)]));
  return { nodes, changes: whole.length, whole: of(whole), wait: of(waits) };
}

/** A look at 10 rows while an old snapshot keeps each of their earlier versions: after that many renewals. */
async function snapshot(server, admin) {
  const ids = Array.from({ length: 10 }, (_, index) => `n${index}`);
  await addNodes(admin, ids);
  const [old, connection] = [await server.connect(), await server.connect()];
  await connection.query(PREPARED);
  await connection.query("SET synchronous_commit = off");
  await old.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  const result = [];
  let renewals = 0;
  for (const until of [0, 2_400, 24_000]) {
    for (; renewals < until; renewals += 1) await connection.query(`EXECUTE renew(1, 'n${renewals % 10}')`);
    const look = await costOf(connection, admin, 200, () => connection.query("EXECUTE list_nodes"));
    const renew = await costOf(connection, admin, 10, () => connection.query("EXECUTE renew(1, 'n0')"));
    result.push({ renewals: until, lookUs: look.processorUs, renewUs: renew.processorUs });
  }
  await old.query("COMMIT");
  old.close();
  connection.close();
  return result;
}

/** Bytes in Keyhold's own schema, indexes included: a key with its audit entry, and an hour of a key in use. */
async function sizes(server) {
  const connection = await server.connect();
  await connection.query("CREATE SCHEMA sizes; SET search_path = sizes");
  for (const file of readdirSync(MIGRATIONS).sort()) {
    await connection.query(readFileSync(resolve(MIGRATIONS, file), "utf8"));
  }
  const total = async () =>
    Number(
      (
        await connection.query(
          `SELECT SUM(pg_total_relation_size(oid)) FROM pg_class
           WHERE relnamespace = 'sizes'::regnamespace AND relkind = 'r'`,
        )
      )[0][0],
    );
  const keys = 100_000;
  await connection.query(`INSERT INTO accounts (id, email, password, time_zone, warning_days, created_at)
    SELECT 'ac_' || lpad(n::text, 16, '0'), n || '@bench.example.com', '-', 'UTC', 14, 0
    FROM generate_series(0, ${keys / 100 - 1}) n`);
  const before = await total();
  await connection.query(`INSERT INTO api_keys
      (access_key, account_id, name, description, folded, digest, pepper_id, created_at, expires_at)
    SELECT 'kh_' || left(md5(n::text), 16), 'ac_' || lpad((n % ${keys / 100})::text, 16, '0'),
      'Nightly import ' || n, '',
      'nightly import ' || n || chr(10) || chr(10) || 'kh_' || left(md5(n::text), 16),
      decode(md5(n::text) || md5('x' || n), 'hex'),
      '0123456789abcdef', 1790000000000 + n, 1800000000000 + n FROM generate_series(0, ${keys - 1}) n;
    INSERT INTO audit (id, at, account_id, action, subject, detail, expires_at, address)
    SELECT 1000 + n, 1790000000000 + n, 'ac_' || lpad((n % ${keys / 100})::text, 16, '0'), 'key_create',
      'kh_' || left(md5(n::text), 16), '',
      1800000000000 + n, '192.0.2.17' FROM generate_series(0, ${keys - 1}) n`);
  const filled = await total();
  await connection.query(`INSERT INTO key_hours SELECT access_key, 497222 + h, 100, 0 FROM
    (SELECT access_key FROM api_keys LIMIT 10000) k, generate_series(0, 9) h`);
  const used = await total();
  const usage = await usageRows(server);
  connection.close();
  return { keyBytes: Math.round((filled - before) / keys), hourBytes: Math.round((used - filled) / 100_000), ...usage };
}

/**
 * Processor time of one key's usage (its hour, last use, and a caller), in statements of 32 rows, as
 * vault/src/usage/write.rs sends them.
 */
async function usageRows(server) {
  const connection = await server.connect();
  await connection.query("SET search_path = sizes; SET synchronous_commit = off");
  const batch = (n) => {
    const keys = Array.from({ length: 32 }, (_, index) => `kh_${md5(n * 32 + index)}`).sort();
    const rows = (row) => keys.map((one) => `('${one}', ${row})`).join(", ");
    return connection.query(`BEGIN;
      INSERT INTO key_hours VALUES ${rows("497240, 1, 0")} ON CONFLICT (access_key, hour) DO UPDATE
        SET accepted = key_hours.accepted + excluded.accepted;
      INSERT INTO last_uses VALUES ${rows("1790000000000")} ON CONFLICT (access_key)
        DO UPDATE SET used_at = excluded.used_at;
      INSERT INTO callers VALUES ${rows("'192.0.2.17', 'curl/8.5.0', 1790000000000, NULL")}
        ON CONFLICT (access_key, address, agent) DO UPDATE SET seen_at = excluded.seen_at;
      COMMIT`);
  };
  for (let n = 0; n < 300; n += 1) await batch(n);
  const before = connection.processorTime();
  for (let n = 0; n < 300; n += 1) await batch(n);
  const usageUs = round((connection.processorTime() - before) / 300 / 32, 1);
  connection.close();
  return { usageUs };
}

const md5 = (n) => createHash("md5").update(String(n)).digest("hex").slice(0, 16);

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}

/** Measures the sizes alone. */
export async function measureSizes() {
  const server = await Server.start();
  try {
    return await sizes(server);
  } finally {
    await server.stop();
  }
}
