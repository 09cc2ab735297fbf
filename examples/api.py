"""An API that a gateway guards with Keyhold. It needs Python 3 alone: python3 examples/api.py

It checks no key: the gateway lets accepted calls through alone, and says whose they are. So it listens where only the
gateway reaches it.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

PORT = int(os.environ.get("PORT", "9000"))


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        # Your own id of the account. One that signed up by itself has none.
        caller = unquote(self.headers.get("X-Keyhold-External-Id", "")) or None
        key = unquote(self.headers.get("X-Keyhold-Key-Name", "")) or None
        answer = json.dumps({"caller": caller, "key": key}).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


if __name__ == "__main__":
    ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), PORT), Api).serve_forever()
