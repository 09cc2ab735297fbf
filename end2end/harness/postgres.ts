import { randomBytes } from "node:crypto";

import { Client } from "pg";

/** A database of its own on a PostgreSQL server. */
export class PostgresDatabase {
  readonly url: string;
  readonly #server: string;
  readonly #name: string;

  private constructor(server: string, name: string) {
    this.#server = server;
    this.#name = name;
    const url = new URL(server);
    url.pathname = `/${name}`;
    this.url = url.href;
  }

  /** Creates an empty database. `server` is the address of one that exists already. */
  static async create(server: string): Promise<PostgresDatabase> {
    const name = `keyhold_${randomBytes(8).toString("hex")}`;
    await connected(server, (client) => client.query(`CREATE DATABASE ${name}`));
    return new PostgresDatabase(server, name);
  }

  async drop(): Promise<void> {
    await connected(this.#server, (client) => client.query(`DROP DATABASE ${this.#name} WITH (FORCE)`));
  }

  /** Whether no node makes a change, or waits to make one. */
  async turnIsFree(): Promise<boolean> {
    const locks = `SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND d.datname = current_database()`;
    return connected(this.url, async (client) => (await client.query(locks)).rows.length === 0);
  }

  /** All rows of all tables, as text. */
  async text(): Promise<string> {
    return connected(this.url, async (client) => {
      const tables = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
      const parts: string[] = [];
      for (const { tablename } of tables.rows) {
        const rows = await client.query(`SELECT t::text AS line FROM "${tablename}" t`);
        parts.push(...rows.rows.map((row) => row.line));
      }
      return parts.join("\n");
    });
  }
}

async function connected<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const url = new URL(address);
  // A socket's folder is encoded in the place of the host.
  const client = new Client({
    host: decodeURIComponent(url.hostname),
    port: Number(url.port),
    user: url.username,
    database: url.pathname.slice(1),
  });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
