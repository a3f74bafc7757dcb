"""Who a token is of: checked from the outside in, and nothing in it is believed before its signature is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import CompactSignature, JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from catalog import providers
from catalog.errors import Unauthorised
from catalog.keys import Scope
from catalog.providers import Application, Provider

LONGEST: Final = 16_384
"""Characters of a token. Real ones have one to four thousand."""

Keys = Callable[[str, str, datetime], KeySet]
"""The keys of an issuer, among which one of this name may be, as `keyring.Keyring.keys` gives them."""

_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_BEARER: Final = {"typ": "bearer", "token_use": "access"}
_OF_OTHER_TOKENS: Final = ("nonce", "at_hash", "c_hash", "s_hash", "events")
_BOUND: Final = "cnf"
_CLIENT: Final = ("client_id", "azp", "appid", "cid")
_LONGEST_CLIENT: Final = 200


class BadToken(Unauthorised):
    """A token that opens nothing. `why` is for whoever runs this; who sent it hears the same words whatever it is."""

    code = "bad_token"

    def __init__(self, why: str) -> None:
        super().__init__(
            "this token is not accepted here: the server's log says why, and 'sluis oidc check' tells its operator"
        )
        self.why = why


class TokenExpired(BadToken):
    """A token of ours whose time is over; told only of one whose signature is right."""

    code = "token_expired"

    def __init__(self) -> None:
        super().__init__("it has expired")
        self.args = ("this token has expired: ask the identity provider for another one",)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a token says of itself. Not to be believed yet."""

    signed: CompactSignature
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def audiences(self) -> list[Any]:
        """Whom it says that it is for."""
        told = self.claims.get("aud")
        return told if isinstance(told, list) else [told]


class _Registry(JWSRegistry):
    """Room for a chain of certificates in the header, which some providers send; it is not looked at."""

    max_header_length = LONGEST


def look(text: str) -> Seen | None:
    """What is written in a token, whoever wrote it; None for what is none, such as a key. Raises BadToken."""
    if "." not in text:
        return None
    if len(text) > LONGEST:
        raise BadToken(f"it is longer than {LONGEST} characters")
    try:
        signed = jws.extract_compact(text.encode("ascii"), registry=_Registry())
        claims = orjson.loads(signed.payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise BadToken("it is not a signed JWT: encrypted and opaque tokens cannot be read here") from None
    header: object = signed.headers() if isinstance(claims, dict) else None
    if not isinstance(header, dict):
        raise BadToken("its header or its payload is not a JSON object")
    return Seen(signed, header, claims)


def issuer(seen: Seen) -> str:
    """Whom it says that it is from. Raises BadToken."""
    told = seen.claims.get("iss")
    if not isinstance(told, str) or not told.isprintable():
        raise BadToken("it has no issuer (iss)")
    return told


def verify(seen: Seen, known: Sequence[Provider], keys: Keys, now: datetime) -> Application:
    """The caller that a token stands for, by one of the providers that are `known` for its issuer.

    Raises BadToken, TokenExpired, and ProviderAway where the provider's keys cannot be had.
    """
    provider = _meant(seen, known)
    _require_signature(seen, provider, keys, now)
    _require_time_and_place(seen, provider, now)
    _require_access_token(seen)
    return providers.application(provider, _client(seen.claims), granted(provider, seen.claims))


def granted(provider: Provider, claims: Mapping[str, Any]) -> frozenset[Scope]:
    """The scopes that the words in the provider's claim are mapped to. Nothing that is not mapped gives any."""
    given = [provider.scopes.get(word, frozenset()) for word in _words(claims, provider.scope_claim)]
    return frozenset[Scope]().union(*given)


def _meant(seen: Seen, known: Sequence[Provider]) -> Provider:
    """The one provider of which both issuer and audience fit, letter by letter."""
    said = issuer(seen)
    fitting = [one for one in known if one.issuer == said and one.audience in seen.audiences]
    if not fitting:
        raise BadToken("no identity provider is configured with its issuer (iss) and audience (aud)")
    if len(fitting) > 1:
        raise BadToken("several of its audiences (aud) are configured: which one is meant, it does not say")
    return fitting[0]


def _require_signature(seen: Seen, provider: Provider, keys: Keys, now: datetime) -> None:
    """By a key of the provider, with an algorithm that was allowed; what the header says of other keys is not read."""
    header, kid = seen.header, seen.header.get("kid")
    if header.get("alg") not in list(provider.algorithms):
        raise BadToken("it is signed with an algorithm (alg) that this provider is not allowed")
    if "crit" in header or "b64" in header:
        raise BadToken("its header asks for an extension (crit, b64) that is not known here")
    if not isinstance(kid, str):
        raise BadToken("it does not say by which key it is signed (kid)")
    ring = keys(provider.issuer, kid, now)
    registry = _Registry(algorithms=provider.algorithms, strict_check_header=False)
    try:
        right = jws.validate_compact(seen.signed, ring, registry=registry)
    except (JoseError, ValueError, TypeError):
        raise BadToken("it is signed by a key (kid) that the provider does not publish, or not for that") from None
    if not right:
        raise BadToken("its signature is wrong")


def _require_time_and_place(seen: Seen, provider: Provider, now: datetime) -> None:
    wanted = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=provider.leeway,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.audience},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        wanted.validate(dict(seen.claims))
    except ExpiredTokenError:
        raise TokenExpired from None
    except ClaimError as error:
        raise BadToken(f"its claim {error.claim} is missing or does not fit now") from None


def _require_access_token(seen: Seen) -> None:
    """Providers sign more than that with their keys: proof of a login or a logout, tokens bound to who holds them."""
    kind = seen.header.get("typ", "jwt")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise BadToken("it is of another type (typ) than an access token")
    for claim, wanted in _BEARER.items():
        if claim in seen.claims and str(seen.claims[claim]).lower() != wanted:
            raise BadToken(f"its claim {claim} says that it is no access token to be shown as it is")
    foreign = [claim for claim in _OF_OTHER_TOKENS if claim in seen.claims]
    if foreign:
        raise BadToken(f"it is an ID or logout token: it has the claim {foreign[0]}")
    if _BOUND in seen.claims:
        raise BadToken("it is bound to its sender (cnf), which is not checked here")


def _client(claims: Mapping[str, Any]) -> str:
    """The program that the token was given to. What tells of a person is not read."""
    for claim in _CLIENT:
        told = claims.get(claim)
        if isinstance(told, str) and told.isprintable() and 0 < len(told) <= _LONGEST_CLIENT:
            return told
    raise BadToken(f"it does not say which application it was given to ({', '.join(_CLIENT)}): it may be an ID token")


def _words(claims: Mapping[str, Any], claim: str) -> list[str]:
    """The words of a claim: a list, or a text with spaces. `a.b` is `b` within `a`, where nothing is named so."""
    found: Any = claims
    for name in [claim] if claim in claims else claim.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return found.split(" ")
    return [word for word in found if isinstance(word, str)] if isinstance(found, list) else []
