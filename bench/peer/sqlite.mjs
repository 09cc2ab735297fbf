// SQLite for Node 20, which has none built in. fill.mjs uses it too.

export { default as Database } from "better-sqlite3";
