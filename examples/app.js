// A company's own app, which signs its customers in to Keyhold, with express: npm ci && node examples/app.js

import { readFileSync } from "node:fs";
import express from "express";

const PORT = Number(process.env.PORT ?? 4000);
const KEYHOLD = process.env.KEYHOLD_URL ?? "http://127.0.0.1:3000";
const TOKEN = readFileSync(process.env.KEYHOLD_TOKEN_FILE ?? "data/operator-token", "utf8").trim();

/** Your own session says who is signed in. Here everyone is Ada of Globex. */
function customer(request) {
  return { company: "org_123", name: "Globex", person: "user_7", email: "ada@globex.example" };
}

/** Asks Keyhold for a link that signs this customer in, once. Keyhold makes the account, or updates it. */
async function portalLink(who, page) {
  const wanted = {
    account: { external_id: who.company, name: who.name, notice_emails: [who.email] },
    actor: { external_id: who.person, label: who.email },
    return_url: `http://127.0.0.1:${PORT}/`,
  };
  if (page) wanted.page = page;
  const answer = await fetch(`${KEYHOLD}/admin/v1/portal-sessions`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(wanted),
  });
  // The page comes from the address, where anyone can write one. Keyhold accepts only its own pages.
  if (answer.status === 422 && page) return portalLink(who, "");
  if (!answer.ok) throw new Error(`Keyhold answers ${answer.status}: ${await answer.text()}`);
  return (await answer.json()).url;
}

const app = express();
app.get("/", (request, response) => {
  response.send('<!doctype html><title>Acme app</title><h1>Acme app</h1><a href="/keys">API keys</a>');
});
app.get("/keys", async (request, response) => {
  const { return_to: page } = request.query;
  const link = await portalLink(customer(request), typeof page === "string" ? page : "");
  response.set("Cache-Control", "no-store").redirect(303, link);
});
app.listen(PORT, "127.0.0.1");
