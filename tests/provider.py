"""An identity provider, played in a thread: discovery and keys over real HTTP, and tokens that it signs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.make import NOW

DISCOVERY = "/realm/.well-known/openid-configuration"
JWKS = "/keys"

_RSA = {name: RSAKey.generate_key(2048, {"kid": name, "use": "sig"}) for name in ("one", "two", "foreign")}
_EC = ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"})


class Provider:
    """What it publishes can be changed while it runs; `asked` lists every path that was asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.issuer = f"http://127.0.0.1:{port}/realm"
        self.asked: list[str] = []
        self.status, self.slow = 200, 0.0
        self.keys: dict[str, RSAKey | ECKey] = {"one": _RSA["one"]}
        self.discovery: dict[str, Any] = {"issuer": self.issuer, "jwks_uri": f"http://127.0.0.1:{port}{JWKS}"}
        self.jwks: Any = None
        self.raw: bytes | None = None

    @property
    def allow(self) -> frozenset[tuple[str, int]]:
        """What settings must trust for it to be dialled."""
        return frozenset({("127.0.0.1", self.port)})

    def rotate(self, *names: str) -> None:
        """Publish these keys and no others."""
        known = _RSA | {"curve": _EC}
        self.keys = {name: known[name] for name in names}

    def document(self, path: str) -> bytes | None:
        """What is said at a path."""
        if self.raw is not None:
            return self.raw
        if path == JWKS:
            published = {"keys": [key.as_dict(private=False) for key in self.keys.values()]}
            return json.dumps(published if self.jwks is None else self.jwks).encode()
        return json.dumps(self.discovery).encode() if path == DISCOVERY else None

    def claims(self, **more: Any) -> dict[str, Any]:
        """What a token of an application says, a minute after it was made."""
        now = int(NOW.timestamp())
        said = {"iss": self.issuer, "aud": "sluis", "iat": now - 60, "exp": now + 240, "sub": "somebody", "azp": "app"}
        return {name: value for name, value in (said | more).items() if value is not None}

    def token(self, claims: dict[str, Any] | None = None, *, key: str = "one", **header: Any) -> str:
        """A token signed with the key of that name, published or not."""
        signed_by = (_RSA | {"curve": _EC})[key]
        said = {"alg": "ES256" if key == "curve" else "RS256", "kid": key, "typ": "JWT"} | header
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(
            said, self.claims() if claims is None else claims, signed_by, [said["alg"]], default_type=None
        )


@contextmanager
def running() -> Iterator[Provider]:
    """A provider that answers on a free port of this machine while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            sleep(provider.slow)
            found = provider.document(self.path)
            self.send_response(provider.status if found is not None else 404)
            self.send_header("Location", f"http://127.0.0.1:{provider.port}{JWKS}")
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(server.server_port)
    Thread(target=server.serve_forever, daemon=True).start()
    yield provider
    server.shutdown()
    server.server_close()
