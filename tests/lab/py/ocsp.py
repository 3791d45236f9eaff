"""OCSP over HTTP on loopback: every request is answered by `openssl ocsp` from the CA's index."""

import base64
import os
import subprocess
import tempfile
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LAB = os.environ.get("LAB_DIR", "/tmp/maillab")


def answer(request):
    with tempfile.TemporaryDirectory() as d:
        with open(f"{d}/q", "wb") as f:
            f.write(request)
        subprocess.run(
            [
                "openssl",
                "ocsp",
                "-index",
                f"{LAB}/ca/issuing/index.txt",
                "-CA",
                f"{LAB}/ca/issuing/ca.crt",
                "-rsigner",
                f"{LAB}/ca/ocsp.crt",
                "-rkey",
                f"{LAB}/ca/ocsp.key",
                "-rmd",
                "sha256",
                "-ndays",
                "365",
                "-reqin",
                f"{d}/q",
                "-respout",
                f"{d}/a",
            ],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        with open(f"{d}/a", "rb") as f:
            return f.read()


class H(BaseHTTPRequestHandler):
    def reply(self, request):
        try:
            data = answer(request)
        except Exception:
            data = b"\x30\x03\x0a\x01\x01"  # OCSPResponse: malformedRequest
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        self.reply(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_GET(self):
        try:
            self.reply(base64.b64decode(urllib.parse.unquote(self.path.lstrip("/"))))
        except ValueError:
            self.reply(b"")


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("P_OCSP", "2581"))), H).serve_forever()
