"""`sluis oidc …`: identity providers whose access tokens open the API beside keys."""

import sys
from typing import Annotated

import typer

from catalog import providers
from catalog.clock import utcnow
from catalog.errors import Invalid
from catalog.ids import ProviderId, new_id
from catalog.keys import Scope
from catalog.providers import MOST_LEEWAY, Provider
from sluis.console import AsJson, counted, out, print_json, show
from sluis.wiring import open_house

app = typer.Typer(help="Believe access tokens of your own identity provider.", no_args_is_help=True)


@app.command()
def add(
    issuer: Annotated[str, typer.Argument(help="As tokens spell it in `iss`, letter by letter.")],
    audience: Annotated[str, typer.Option(help="What tokens for this API say in `aud`.")],
    scope_claim: Annotated[str, typer.Option(help="The claim whose words give scopes; a.b is b within a.")],
    mapped: Annotated[list[str], typer.Option("--map", help="WORD=SCOPE: what a word gives; repeat for several.")],
    algorithm: Annotated[
        list[str] | None, typer.Option(help="What tokens may be signed with; repeat for several. RS256 by default.")
    ] = None,
    leeway: Annotated[int, typer.Option(min=0, max=MOST_LEEWAY, help="Seconds that the clocks may differ.")] = 30,
) -> None:
    """Believe tokens of an issuer for an audience, after reading the keys that the issuer publishes."""
    from api.identity import published
    from api.identity.published import ProviderAway

    house = open_house()
    allow = house.settings.trusted_hosts
    given = Provider(
        id=ProviderId(new_id()),
        tenant=house.tenant,
        issuer=published.issuer(issuer, allow),
        audience=audience,
        algorithms=frozenset(algorithm or ["RS256"]),
        scope_claim=scope_claim,
        scopes=_scopes(mapped),
        leeway=leeway,
        created_at=utcnow(),
    )
    try:
        found = published.keys(issuer, allow)
    except ProviderAway as error:
        raise Invalid(f"nothing was added, because {issuer} cannot be used: {error.why}") from error
    with house.database.write() as connection:
        providers.add(connection, given)
    out.print(f"{given.id}\n{counted(len(found.keys), 'key')} of it found", soft_wrap=True)


@app.command("list")
def list_providers(*, as_json: AsJson = False) -> None:
    """Show the providers there are, and what their tokens may open."""
    house = open_house()
    with house.database.read() as connection:
        known = providers.every(connection, house.tenant)
    if as_json:
        print_json(known)
        return
    rows = [
        {
            "provider": f"{each.id}\n{each.issuer}\nfor {each.audience}",
            "signed with": "\n".join(sorted(each.algorithms)),
            "opens": "\n".join([f"by {each.scope_claim}:", *_pairs(each)]),
            "last used": each.last_used_at,
        }
        for each in known
    ]
    show(rows, "No identity providers: 'sluis oidc add ISSUER …' adds one.")


@app.command()
def remove(which: Annotated[str, typer.Argument(help="The provider's id, as 'sluis oidc list' shows it.")]) -> None:
    """Believe none of its tokens any more, at once."""
    house = open_house()
    with house.database.write() as connection:
        providers.remove(connection, house.tenant, ProviderId(which))
    out.print(f"identity provider {which} is removed")


@app.command()
def check() -> None:
    """Say what a token on standard input opens, or why it opens nothing. It is neither kept nor sent anywhere."""
    from functools import partial

    from api.identity import published, tokens
    from api.identity.keyring import Keyring
    from api.identity.published import ProviderAway
    from api.identity.tokens import BadToken

    house, now = open_house(), utcnow()
    keyring = Keyring(partial(published.keys, allow=house.settings.trusted_hosts))
    with house.database.read() as connection:
        known = providers.every(connection, house.tenant)
    try:
        seen = tokens.look(sys.stdin.read().strip())
        if seen is None:
            raise BadToken("it is no JWT, which would have three parts with dots between")
        said = {name: seen.header.get(name) for name in ("alg", "kid", "typ")}
        said |= {name: seen.claims.get(name) for name in ("iss", "aud", "exp", "iat", "nbf")}
        show([{"what": name, "the token says": repr(value)} for name, value in said.items() if value is not None])
        caller = tokens.verify(seen, known, keyring.keys, now)
    except (BadToken, ProviderAway) as error:
        raise Invalid(f"this token opens nothing: {error.why}") from error
    opens = ", ".join(sorted(caller.scopes)) or "nothing: no word in the claim is mapped to a scope"
    out.print(f"{caller.label} may open: {opens}", soft_wrap=True)


def _pairs(provider: Provider) -> list[str]:
    return [f"{word}={scope}" for word, given in provider.scopes.items() for scope in sorted(given)]


def _scopes(mapped: list[str]) -> dict[str, frozenset[Scope]]:
    """From WORD=SCOPE to what each word gives. A word may have `=` in it. Raises Invalid."""
    found: dict[str, frozenset[Scope]] = {}
    for pair in mapped:
        word, _, scope = pair.rpartition("=")
        if not word or scope not in set(Scope):
            raise Invalid(f"--map {pair!r} is not WORD=SCOPE: the scopes are {', '.join(Scope)}")
        found[word] = found.get(word, frozenset()) | {Scope(scope)}
    return found
