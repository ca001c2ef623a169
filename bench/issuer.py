"""An identity provider on loopback: the measured server verifies real tokens."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from bench.rows import Seller

AUDIENCE = "https://api.partnercenter.microsoft.com"


class Issuer:
    """Publishes one key, and signs tokens with it."""

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"})
        self._key.ensure_kid()
        published = json.dumps({"keys": [self._key.as_dict(private=False)]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = published if self.path == "/keys" else discovery
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        discovery = json.dumps({"jwks_uri": f"{self.url}/keys"}).encode()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def token(self, seller: Seller) -> str:
        """Return a token of a partner's user, valid for a day, with as many claims as the identity platform's tokens."""
        now = int(time.time())
        claims = {
            "aud": AUDIENCE,
            "iss": self.url,
            "tid": seller.partner,
            "oid": seller.user,
            "upn": seller.user_name,
            "name": "Made up",
            "scp": "user_impersonation",
            "appid": seller.partner,
            "amr": ["pwd", "mfa"],
            "sub": seller.user,
            "ver": "1.0",
            "iat": now - 10,
            "nbf": now - 10,
            "exp": now + 86_400,
        }
        return jwt.encode({"alg": "RS256", "kid": self._key.kid}, claims, self._key)

    def close(self) -> None:
        """Stop publishing."""
        self._server.shutdown()
        self._server.server_close()
