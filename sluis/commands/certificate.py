"""`sluis certificate …`: how sure it is that the machine's audiences are right, and what may go live on that ground."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.markup import escape

from catalog import audits, tenants
from catalog.clock import utcnow
from curation import passing
from models.audit import Audited
from models.certificate import Certificate
from sluis.console import AsJson, out, print_json, show
from sluis.wiring import open_house

app = typer.Typer(help="Proof that the machine's audiences are right, and what may pass on it.", no_args_is_help=True)

By = Annotated[str, typer.Option(help="Who decides so.", envvar="SLUIS_REVIEWER")]


@app.command()
def start(by: By) -> None:
    """Begin to ask curators blind about some three in ten articles, so that the taggers can be certified.

    Once the answers prove that at most 1 % of what the machine says of an audience is wrong, it may let articles go
    live by itself; about a sample of those curators are asked as well.
    """
    house, now = open_house(), utcnow()
    with house.database.write() as connection:
        if tenants.get(connection, house.tenant).certify_since is None:
            tenants.set_certifying(connection, house.tenant, now, by)
    out.print(f"curators are asked blind from now on, on the word of {escape(by)}")


@app.command()
def stop(by: By) -> None:
    """Ask nobody blind any more; nothing goes live without a person from now on."""
    house = open_house()
    with house.database.write() as connection:
        tenants.set_certifying(connection, house.tenant, None, by)
        audits.drop_unanswered(connection, house.tenant)
    out.print(f"nothing goes live without a person from now on, on the word of {escape(by)}")


@app.command()
def renew(by: By, *, as_json: AsJson = False) -> None:
    """Make a certificate for the taggers in use out of all answers so far.

    Each attempt that proves nothing makes the next one stricter: who tries until it works is fooled by chance.
    'sluis work' tries by itself when it is worth it.
    """
    from sluis import learning

    made = learning.renew(open_house(), by)
    if as_json:
        print_json(made)
        return
    nothing = "Nobody has answered a blind question yet: there is nothing to prove it by."
    show(list(_languages(made)), nothing)
    passed = ", ".join(part.language for part in made.parts)
    price = "The next attempt must be surer." if made.tested() else "There are too few answers to be put to the test."
    out.print(
        f"Articles in {passed} may go live without a person where the tags are sure enough."
        if passed
        else f"No certificate: a person decides on everything, as before. {price}",
        soft_wrap=True,
    )


@app.command("show")
def show_state(*, as_json: AsJson = False) -> None:
    """Show the certificate in force or how far it is, and what its running audit found."""
    from sluis.learning import in_use

    house, now = open_house(), utcnow()
    taggers = in_use(house)
    with house.database.read() as connection:
        since = tenants.get(connection, house.tenant).certify_since
        asked = len(audits.unanswered(connection, house.tenant))
        answered = len(audits.answered(connection, house.tenant))
        about = passing.basis(connection, house.tenant, taggers)
        found = passing.standing(connection, house.tenant, about, house.settings.certificate_options(), now)
        results = passing.audited(connection, house.tenant, found.id) if found.id else {}
    if as_json:
        told = {"asks_blind_since": since, "asked": asked, "answered": answered}
        print_json({**told, "standing": found, "audit": results})
        return
    out.print(f"certificate: {found.state}")
    for reason in found.reasons:
        out.print(f"  {escape(reason)}", soft_wrap=True)
    if since is None:
        out.print("Curators are not asked blind: 'sluis certificate start' begins it.")
    else:
        out.print(f"Asked blind since {since:%Y-%m-%d}: {answered} answered, {asked} open.")
    if found.certificate and found.certificate.parts:
        show(list(_languages(found.certificate)))
        for language, wrong in results.items():
            audit = Audited.of(wrong, found.certificate.alpha)
            out.print(f"audit {language}: {audit.n} answered, {audit.errors} wrong, evidence {audit.evidence:.2f}")


def _languages(certificate: Certificate) -> Iterator[dict[str, Any]]:
    """A row per language: what passes, on what evidence, or how much is missing."""
    for part in certificate.parts:
        yield {
            "language": part.language,
            "passes from": part.threshold,
            "answers": part.decided,
            "passing": part.n,
            "wrong": part.errors,
            "at most wrong": f"{part.bound:.2%}",
            "without a person": f"{part.coverage:.0%}",
            "missing": 0,
        }
    for short in certificate.shortfalls:
        yield {
            "language": short.language,
            "passes from": None,
            "answers": short.decided,
            "passing": short.passing,
            "wrong": short.errors,
            "at most wrong": None,
            "without a person": "0%",
            "missing": short.missing,
        }
