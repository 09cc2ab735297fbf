// better-auth's `verifyApiKey` behind Node's own HTTP server, the thinnest wrapper that a service could use.
//
// `node server.mjs FILE` creates the database, an account and a key, prints `{"port", "key"}` and answers 200 or 401.

import { createServer } from "node:http";

import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";

import { Database } from "./sqlite.mjs";

const database = new Database(process.argv[2]);
database.pragma("journal_mode = WAL");
const auth = betterAuth({
  database,
  baseURL: "http://127.0.0.1",
  secret: "a secret for one measurement, 32+",
  emailAndPassword: { enabled: true },
  plugins: [apiKey({ rateLimit: { enabled: false } })],
  telemetry: { enabled: false },
});
await (await getMigrations(auth.options)).runMigrations();

const { user } = await auth.api.signUpEmail({
  body: { email: "ada@example.com", name: "Ada", password: "correct horse battery staple" },
});
const { key } = await auth.api.createApiKey({ body: { name: "bench", userId: user.id } });

const server = createServer(async (request, response) => {
  const { valid } = await auth.api.verifyApiKey({ body: { key: request.headers["x-api-key"] ?? "" } });
  response.writeHead(valid ? 200 : 401).end();
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port, key })));
