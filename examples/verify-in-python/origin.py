"""An origin that names its client: python3 origin.py 3000 [.countersign/origin.env]"""
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from verifier import Refused, Verifier

port, *files = sys.argv[1:]
lines = [line.partition("=") for file in files for line in Path(file).read_text().splitlines()]
environment = {**os.environ, **{name: value for name, _, value in lines}}
given = json.loads(environment["COUNTERSIGN_KEYS"])
keys = given if isinstance(given, list) else given.get("keys", [given])
verifier = Verifier(keys, environment["COUNTERSIGN_HOSTS"].split(","))


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        # Not self.path, which merges slashes. Not a dictionary of headers, which hides repeated lines.
        target = self.requestline.split(" ")[1]
        try:
            client = verifier.verify(self.command, target, self.headers.items())
        except Refused as refusal:
            print(json.dumps({"refused": str(refusal)}), flush=True)
            self.answer(403, {"refused": True})
        else:
            print(json.dumps({"client": client}), flush=True)
            self.answer(200, {"client": client})

    do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = do_GET

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "private, no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(port)), Origin).serve_forever()
