// SQLite for Node, which has none of its own in version 20. The filler uses it too.

export { default as Database } from "better-sqlite3";
