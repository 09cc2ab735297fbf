// The protocol of docs/nodes.md in SQL, as vault/src/cluster/ sends it: what the measurement runs, without Keyhold.

/** The longest time between two rounds, in milliseconds. */
export const POLL = 250;

/** Tables as in vault/migrations/, reduced to the columns that a change and a node touch. */
export const TABLES = `
  CREATE TABLE key_changes (seq BIGINT NOT NULL PRIMARY KEY, tag TEXT NOT NULL, at BIGINT NOT NULL, body TEXT NOT NULL);
  INSERT INTO key_changes VALUES (0, '', 0, '[]');
  CREATE TABLE nodes (id TEXT NOT NULL PRIMARY KEY, version TEXT NOT NULL, address TEXT NOT NULL,
    pepper_id TEXT NOT NULL, seen BIGINT NOT NULL, renewals BIGINT NOT NULL, lease_ms BIGINT NOT NULL,
    lease_until BIGINT NOT NULL, joined_at BIGINT NOT NULL, skew_ms BIGINT NOT NULL);
  CREATE TABLE api_keys (access_key TEXT NOT NULL PRIMARY KEY, account_id TEXT NOT NULL, name TEXT NOT NULL,
    description TEXT NOT NULL, digest BYTEA NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT);
  CREATE INDEX api_keys_by_expiration ON api_keys (account_id, expires_at);
  CREATE TABLE audit (id BIGINT NOT NULL PRIMARY KEY, at BIGINT NOT NULL, account_id TEXT NOT NULL,
    action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, expires_at BIGINT, address TEXT NOT NULL);
  CREATE INDEX audit_by_subject ON audit (account_id, subject, id);
  CREATE TABLE key_hours (access_key TEXT NOT NULL, hour BIGINT NOT NULL, calls BIGINT NOT NULL,
    PRIMARY KEY (access_key, hour));
  CREATE TABLE account_hours (account_id TEXT NOT NULL, hour BIGINT NOT NULL, calls BIGINT NOT NULL,
    PRIMARY KEY (account_id, hour));
  CREATE TABLE key_uses (access_key TEXT NOT NULL PRIMARY KEY, used_at BIGINT NOT NULL);
  INSERT INTO api_keys SELECT 'kh_' || lpad(n::text, 16, '0'), 'ac_' || n / 100, 'Key ' || n, '',
      decode(repeat('ab', 32), 'hex'), 0, NULL
    FROM generate_series(0, 99999) n;
  ANALYZE;`;

const CLOCK = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT";

/** Statements as sqlx prepares them, once on each connection. */
export const PREPARED = `
  PREPARE read_log(BIGINT) AS SELECT seq, tag, at, body FROM key_changes WHERE seq >= $1 ORDER BY seq LIMIT 257;
  PREPARE renew(BIGINT, TEXT) AS UPDATE nodes SET seen = $1, renewals = renewals + 1, lease_until = ${CLOCK} + lease_ms,
    skew_ms = 0 WHERE id = $2;
  PREPARE list_nodes AS SELECT n.id, n.seen, n.renewals, n.lease_ms, c.clock
    FROM (SELECT ${CLOCK} AS clock) c LEFT JOIN nodes n ON 1 = 1;
  PREPARE append(TEXT, BIGINT, TEXT, TEXT) AS INSERT INTO key_changes (seq, tag, at, body)
    SELECT n.seq + 1, $1, CASE WHEN n.at > $2 THEN n.at ELSE $2 END, $3 FROM key_changes n
    WHERE n.seq = (SELECT MAX(seq) FROM key_changes) AND EXISTS (SELECT 1 FROM nodes WHERE id = $4) RETURNING seq;
  PREPARE read_key(TEXT) AS SELECT account_id, name, description, expires_at FROM api_keys WHERE access_key = $1;
  PREPARE expire(BIGINT, TEXT) AS UPDATE api_keys SET expires_at = $1 WHERE access_key = $2;
  PREPARE record(BIGINT, TEXT) AS INSERT INTO audit
    SELECT COALESCE(MAX(id), 0) + 1, $1, 'ac_1', 'expire', $2, '', $1, '' FROM audit;
  PREPARE add_account_hour(BIGINT) AS INSERT INTO account_hours VALUES ('ac_1', $1, 1)
    ON CONFLICT (account_id, hour) DO UPDATE SET calls = account_hours.calls + 1;
  PREPARE add_key_hour(TEXT, BIGINT) AS INSERT INTO key_hours VALUES ($1, $2, 1)
    ON CONFLICT (access_key, hour) DO UPDATE SET calls = key_hours.calls + 1;
  PREPARE note_use(TEXT, BIGINT) AS INSERT INTO key_uses VALUES ($1, $2)
    ON CONFLICT (access_key) DO UPDATE SET used_at = $2;`;

/** The write turn, and the latest instant that any node has recorded. */
export const BEGIN =
  "BEGIN; SELECT pg_advisory_xact_lock(1); SELECT MAX(at) FROM audit WHERE id = (SELECT MAX(id) FROM audit)";
export const COMMIT = "SET LOCAL statement_timeout = 0; COMMIT";

/** The body of a log entry: an expiration with a name of typical length. */
export const BODY = JSON.stringify([
  { Amend: { access_key: "kh_0123456789abcdef", name: "Nightly import, staging", expires_at: 1_790_000_000_000 } },
]);

export async function addNodes(connection, ids) {
  for (const id of ids) {
    await connection.query(
      `INSERT INTO nodes VALUES ('${id}', '0.1.0', '10.0.0.1:3000', '0123456789abcdef', 0, 1, 30000, 0, 0, 0)`,
    );
  }
}

/** Expires a key, one request and response for each statement, and returns its sequence. */
export async function change(connection, node, key) {
  await connection.query(BEGIN);
  await connection.query(`EXECUTE read_key('${key}')`);
  await connection.query(`EXECUTE expire(1790000000000, '${key}')`);
  await connection.query(`EXECUTE record(1790000000000, '${key}')`);
  const [[seq]] = await connection.query(`EXECUTE append('0123456789abcdef', 1790000000000, '${BODY}', '${node}')`);
  await connection.query("NOTIFY keyhold_changes");
  await connection.query(COMMIT);
  return Number(seq);
}

/** Writes the usage of one key, as a node does every 0.7 s while it verifies. */
export async function flush(connection, key) {
  await connection.query(BEGIN);
  await connection.query("EXECUTE add_account_hour(1)");
  await connection.query(`EXECUTE add_key_hour('${key}', 1)`);
  await connection.query(`EXECUTE note_use('${key}', 1)`);
  await connection.query(COMMIT);
}

/** A node's loop, without a directory. */
export class Follower {
  seen = 0;
  /** Set while a change of this node waits. */
  waiting = false;
  /** Called with the oldest `seen` of all nodes after each look, and when that look began. */
  looked = () => {};
  #announced = 0;
  #stopped = false;
  #wake = () => {};
  #hints = { changes: false, seen: false };

  static async join(server, id) {
    const follower = new Follower();
    follower.id = id;
    follower.connection = await server.connect();
    await follower.connection.query(PREPARED);
    follower.listener = await server.connect();
    await follower.listener.query("LISTEN keyhold_changes; LISTEN keyhold_seen");
    follower.listener.notified = (channel) => follower.hint(channel === "keyhold_seen" ? "seen" : "changes");
    follower.ended = follower.#run();
    return follower;
  }

  hint(kind) {
    this.#hints[kind] = true;
    this.#wake();
  }

  async leave() {
    this.#stopped = true;
    this.#wake();
    await this.ended;
    this.connection.close();
    this.listener.close();
  }

  async #run() {
    while (!this.#stopped) {
      this.#hints.changes = false;
      await this.#round();
      const next = performance.now() + POLL;
      while (!this.#stopped && !this.#hints.changes && performance.now() < next) {
        if (this.#hints.seen && this.waiting) {
          this.#hints.seen = false;
          await this.#look();
          continue;
        }
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, Math.max(next - performance.now(), 0));
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
  }

  async #round() {
    const entries = await this.connection.query(`EXECUTE read_log(${this.seen})`);
    this.seen = Number(entries.at(-1)[0]);
    await this.connection.query(`EXECUTE renew(${this.seen}, '${this.id}')`);
    if (this.seen > this.#announced) {
      await this.connection.query("NOTIFY keyhold_seen");
      this.#announced = this.seen;
    }
    await this.#look();
  }

  async #look() {
    const asked = performance.now();
    const rows = await this.connection.query("EXECUTE list_nodes");
    this.looked(Math.min(...rows.map((row) => Number(row[1]))), asked);
  }
}
