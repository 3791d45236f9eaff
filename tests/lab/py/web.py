"""The lab's small web server: CRLs and CA certificates, OAuth2 /token, /introspect.

GET  /issuing.crl ...            files of $LAB_DIR/ca/www
POST /token                      grant_type=password|refresh_token|client_credentials
     (client_id and client_secret in the form or as HTTP Basic)
     answers {"access_token": JWT (HS256), "expires_in": ...}; with expires_in=N in the form
     the token lives N seconds (negative: already expired)
GET or POST /introspect[/TOKEN]  {"active": true, "username": ...} for the opaque token and for JWTs
From the shell: web.py mint USER [SECONDS] prints a JWT.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LAB = os.environ.get("LAB_DIR", "/tmp/maillab")
E = os.environ.get


def b64(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def secret():
    return open(f"{LAB}/oauth/hs256.secret", "rb").read()


def mint(user, seconds=3600, scope="mail"):
    now = int(time.time())
    head = b64(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
    body = b64(
        json.dumps(
            {
                "sub": user,
                "username": user,
                "email": f"{user}@lab.test",
                "iat": now - 5,
                "nbf": now - 7200,
                "exp": now + seconds,
                "iss": "lab",
                "aud": "mail",
                "scope": scope,
                "client_id": "mailjobs",
            }
        ).encode()
    )
    sig = hmac.new(secret(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{b64(sig)}"


def inspect(token):
    if token == E("OAUTH_OPAQUE_TOKEN", "opaque-token-alice"):
        return {"active": True, "username": "alice", "scope": "mail", "exp": int(time.time()) + 600}
    try:
        head, body, sig = token.split(".")
        good = b64(hmac.new(secret(), f"{head}.{body}".encode(), hashlib.sha256).digest())
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if hmac.compare_digest(good, sig) and claims["exp"] > time.time():
            return {"active": True, **claims}
    except Exception:
        pass
    return {"active": False}


class H(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, code, data, ctype="application/json", **head):
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Type", ctype)
        self.send_header("Content-Length", str(len(data)))
        for k, v in head.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def form(self):
        n = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(n).decode() if n else ""
        u = urllib.parse.urlsplit(self.path)
        q = dict(urllib.parse.parse_qsl(u.query))
        q.update(urllib.parse.parse_qsl(raw))
        return u.path, q

    def do_GET(self):
        path, q = self.form()
        if path.startswith("/introspect"):
            token = q.get("token") or urllib.parse.unquote(path[len("/introspect") :].lstrip("/"))
            if not token:
                token = (self.headers.get("Authorization") or "").partition(" ")[2]
            return self.send(200, inspect(token))
        if path == "/token":
            return self.send(405, {"error": "invalid_request"})
        name = os.path.basename(path)
        f = f"{LAB}/ca/www/{name}"
        if name and os.path.isfile(f):
            kind = "application/pkix-crl" if name.endswith(".crl") else "application/pkix-cert"
            return self.send(200, open(f, "rb").read(), kind)
        self.send(404, {"error": "not found"})

    do_HEAD = do_GET

    def do_POST(self):
        if self.path.startswith("/introspect"):
            return self.do_GET()
        path, q = self.form()
        if path != "/token":
            return self.send(404, {"error": "not found"})
        cid, sec = q.get("client_id"), q.get("client_secret")
        a = self.headers.get("Authorization") or ""
        if a.startswith("Basic "):
            cid, _, sec = base64.b64decode(a[6:]).decode().partition(":")
        if (cid, sec) != (E("OAUTH_CLIENT_ID", "mailjobs"), E("OAUTH_CLIENT_SECRET", "mailjobs-secret")):
            return self.send(401, {"error": "invalid_client"}, WWW_Authenticate="Basic")
        g, user = q.get("grant_type"), None
        if g == "refresh_token" and q.get("refresh_token") == E("OAUTH_REFRESH_TOKEN", "lab-refresh-alice"):
            user = "alice"
        elif g == "password" and q.get("username") == E("LAB_USER", "alice") and q.get("password") == E("LAB_PASS"):
            user = "alice"
        elif g == "client_credentials":
            user = "alice"
        elif g not in ("refresh_token", "password"):
            return self.send(400, {"error": "unsupported_grant_type"})
        if user is None:
            return self.send(400, {"error": "invalid_grant"})
        life = int(q.get("expires_in", 3600))
        out = {"access_token": mint(user, life), "token_type": "Bearer", "expires_in": life, "scope": "mail"}
        if g != "client_credentials":
            out["refresh_token"] = E("OAUTH_REFRESH_TOKEN", "lab-refresh-alice")
        self.send(200, out, Cache_Control="no-store")


if __name__ == "__main__":
    if sys.argv[1:2] == ["mint"]:
        print(mint(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 3600))
    else:
        ThreadingHTTPServer(("127.0.0.1", int(E("P_WEB", "2580"))), H).serve_forever()
