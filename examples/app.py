"""A company's own app, which signs its customers in to Keyhold. It needs Python 3 alone: python3 examples/app.py"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

PORT = int(os.environ.get("PORT", "4000"))
KEYHOLD = os.environ.get("KEYHOLD_URL", "http://127.0.0.1:3000")
TOKEN = Path(os.environ.get("KEYHOLD_TOKEN_FILE", "data/operator-token")).read_text().strip()


def customer(request):
    """Your own session says who is signed in. Here everyone is Ada of Globex."""
    return {"company": "org_123", "name": "Globex", "person": "user_7", "email": "ada@globex.example"}


def portal_link(who, page):
    """Asks Keyhold for a link that signs this customer in, once. Keyhold makes the account, or updates it."""
    wanted = {
        "account": {"external_id": who["company"], "name": who["name"], "notice_emails": [who["email"]]},
        "actor": {"external_id": who["person"], "label": who["email"]},
        "return_url": f"http://127.0.0.1:{PORT}/",
    }
    if page:
        wanted["page"] = page
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    try:
        with urlopen(Request(f"{KEYHOLD}/admin/v1/portal-sessions", json.dumps(wanted).encode(), headers)) as answer:
            return json.load(answer)["url"]
    except HTTPError as refused:
        # The page comes from the address, where anyone can write one. Keyhold accepts only its own pages.
        if refused.code == 422 and page:
            return portal_link(who, "")
        raise


class App(BaseHTTPRequestHandler):
    def do_GET(self):
        address = urlsplit(self.path)
        if address.path == "/keys":
            page = parse_qs(address.query).get("return_to", [""])[0]
            self.send_response(303)
            self.send_header("Location", portal_link(customer(self), page))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            return
        self.send_response(200 if address.path == "/" else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b'<!doctype html><title>Acme app</title><h1>Acme app</h1><a href="/keys">API keys</a>')


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), App).serve_forever()
