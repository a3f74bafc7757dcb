"""The keys that an identity provider publishes: its discovery document, and the key set that this names.

Whoever runs the provider chooses the second address, so both are dialled as a webhook is: no private address but those
that the settings trust, no redirect, little time, few bytes.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import aiohttp
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OKPKey, RSAKey
from yarl import URL

from catalog.errors import Invalid, Unavailable
from ingest import guard
from ingest.guard import Allowed
from ingest.urls import canonical

SECONDS: Final = 5.0
"""For both documents together: somebody waits for the answer."""

_DISCOVERY: Final = "/.well-known/openid-configuration"
_LONGEST: Final = 256 * 1024
_MOST_KEYS: Final = 50
_LEAST_MODULUS: Final = 342
"""Characters of 2048 bits in base64: an RSA key of fewer can be broken."""


class ProviderAway(Unavailable):
    """An identity provider's keys cannot be had now. `why` is for whoever runs this, not for whoever asked."""

    code = "identity_provider_away"

    def __init__(self, why: str) -> None:
        super().__init__("the keys of the identity provider cannot be read now: send the same again later")
        self.why = why


def issuer(text: str, allow: Allowed) -> str:
    """An issuer as it may be configured: the same text, for it is compared letter by letter. Raises Invalid."""
    try:
        found = _secure(text, allow)
    except ProviderAway as error:
        raise Invalid(f"{text[:100]!r}: {error.why}") from None
    if found.query_string or found.fragment:
        raise Invalid(f"{text[:100]!r} cannot be an issuer: leave out what follows ? or #")
    return text


def keys(of: str, allow: Allowed) -> KeySet:
    """The public keys under which the issuer `of` signs now, without what is none. Raises ProviderAway."""
    return asyncio.run(_keys(of, allow))


async def _keys(of: str, allow: Allowed) -> KeySet:
    dial = guard.Dial(allow)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=dial.socket),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        headers={"Accept-Encoding": "identity", "Accept": "application/json", "User-Agent": "Sluis"},
        timeout=aiohttp.ClientTimeout(total=SECONDS),
    ) as session:
        with dial.refusals() as refusals:
            try:
                async with asyncio.timeout(SECONDS):
                    told = await _document(session, _secure(of.rstrip("/") + _DISCOVERY, allow))
                    if told.get("issuer") != of:
                        raise ProviderAway(f"its discovery document is of another issuer: {told.get('issuer')!r:.100}")
                    listed = await _document(session, _secure(str(told.get("jwks_uri", "")), allow))
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                raise ProviderAway("; ".join(refusals) or f"it could not be read: {type(error).__name__}") from error
    found = KeySet(list(_usable(listed.get("keys"))))
    if not found:
        raise ProviderAway("its key set has no public key that a token could be signed with")
    return found


async def _document(session: aiohttp.ClientSession, address: URL) -> dict[str, Any]:
    async with session.get(address, allow_redirects=False) as response:
        if response.status != 200:
            raise ProviderAway(f"{address.path} answered {response.status}")
        body = b""
        async for part in response.content.iter_chunked(_LONGEST):
            body += part
            if len(body) > _LONGEST:
                raise ProviderAway(f"{address.path} is longer than {_LONGEST // 1024} kB")
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ProviderAway(f"{address.path} is not JSON") from None
    if not isinstance(told, dict):
        raise ProviderAway(f"{address.path} is not a JSON object")
    return told


def _secure(text: str, allow: Allowed) -> URL:
    """An address that nobody on the way can answer for: https, or http on a trusted address and port."""
    try:
        canonical(text)
        found = URL(text)
    except ValueError:
        raise ProviderAway("it is not a web address") from None
    except Invalid as error:
        raise ProviderAway(str(error)) from None
    if found.user or found.password:
        raise ProviderAway("an address with a user's name in it is not read")
    if found.scheme != "https" and (found.host, found.port) not in allow:
        raise ProviderAway("it is not https: http is only for addresses in SLUIS_TRUSTED_HOSTS")
    return found


def _usable(listed: object) -> Iterable[RSAKey | ECKey | OKPKey]:
    """Keys to check signatures with. One that nobody understands keeps back no other."""
    for told in listed[:_MOST_KEYS] if isinstance(listed, list) else ():
        if not isinstance(told, dict) or told.get("use", "sig") != "sig":
            continue
        if told.get("kty") == "RSA" and len(str(told.get("n", ""))) < _LEAST_MODULUS:
            continue
        with suppress(JoseError, ValueError, TypeError):
            key = JWKRegistry.import_key(told)
            if isinstance(key, RSAKey | ECKey | OKPKey):
                yield key
