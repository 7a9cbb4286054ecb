"""Issuers of tokens, as a server meets them."""

from __future__ import annotations

import base64
import contextlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

SECRET = "a secret of more than thirty-two bytes, surely"
ISSUER = "https://auth.example.com"
AUDIENCE = "https://notes.example.com/mcp"


def claims(user: str, org: str = "acme", scope: str = "notes:use", **others: Any) -> dict[str, Any]:
    """What a good token says."""
    now = int(time.time())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": user, "orgId": org, "scope": scope, "iat": now, "exp": now + 300}
    return {name: value for name, value in {**said, **others}.items() if value is not None}


def token(user: str, secret: str = SECRET, **others: Any) -> str:
    """A token that is signed with the secret."""
    return jwt.encode(claims(user, **others), secret, algorithm="HS256")


class Issuer:
    """One with a key set at a URL; its key can change."""

    def __init__(self) -> None:
        self.asked = 0
        self.rotate()

    def rotate(self) -> None:
        """Signs with another key from now on."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = f"key-{id(self.key)}"

    def token(self, user: str, **others: Any) -> str:
        return jwt.encode(claims(user, **others), self.key, algorithm="ES256", headers={"kid": self.name})

    def forged(self, user: str) -> str:
        """A token of somebody who takes the public key for a shared secret."""

        def part(data: bytes) -> bytes:
            return base64.urlsafe_b64encode(data).rstrip(b"=")

        header = {"alg": "HS256", "typ": "JWT", "kid": self.name}
        message = b".".join(part(json.dumps(half).encode()) for half in (header, claims(user)))
        return b".".join([message, part(hmac.digest(self.set(), message, "sha256"))]).decode()

    def set(self) -> bytes:
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        return json.dumps({"keys": [{**public, "kid": self.name, "use": "sig", "alg": "ES256"}]}).encode()

    @contextlib.contextmanager
    def serve(self) -> Iterator[str]:
        """The URL of the set."""
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                body = issuer.set()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/jwks"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
