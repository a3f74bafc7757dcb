"""`sluis review …`: what waits for a person, and their decisions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from catalog import items, people, reviews
from catalog.clock import utcnow
from catalog.ids import ArticleId
from catalog.records import FUNCTION, Audience, Decision, State, Tag
from catalog.taxonomy import Language, Taxonomy
from curation import audience as audiences
from curation import pinning, queue
from curation.review import ROUTER, Desk, Reviewer, Role
from sluis import reasons, tags
from sluis.anticipated import engagement
from sluis.console import AsJson, out, print_json, show
from sluis.moments import DATES, local
from sluis.wiring import House, open_house

app = typer.Typer(help="The queue of candidates, and decisions on them.", no_args_is_help=True)

ArticleArg = Annotated[str, typer.Argument(help="The article's id, or the beginning of it.")]
By = Annotated[str, typer.Option(help="Who decides; the audit trail names you.", envvar="SLUIS_REVIEWER")]
RoleOption = Annotated[Role, typer.Option(help="In what capacity.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in a few words.")]
AudienceOption = Annotated[
    list[str] | None, typer.Option("--audience", help="For whom: axis=value, or axis=* for everybody; repeat for more.")
]


@app.command("list")
def list_queue(
    state: Annotated[State | None, typer.Option(help="Only this state; default: all that waits for a person.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is attached to another article's story, and what has expired.")
    ] = False,
    passed: Annotated[
        bool, typer.Option("--passed", help="Instead: what is live under a certificate, without a person's word.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what waits, with the audience that the tags propose; first what is worth a look most.

    That is what is urgent, what colleagues will probably use, what the machine is unsure of, what many tell, and what
    has waited for long. +2: two others tell the same story. With --all they stand below it, as (= its id).
    """
    house, now = open_house(), utcnow()
    states = (state,) if state else queue.WAITING
    with house.database.read() as connection:
        if passed:
            entries = queue.passed(connection, house.tenant, now, limit=limit)
        else:
            likely = engagement(connection, house.tenant, now)
            entries = queue.waiting(
                connection, house.tenant, now, states=states, everything=everything, limit=limit, engagement=likely
            )
    if as_json:
        print_json(entries)
        return
    rows = [
        {
            "id": entry.article.id[:8],
            "day": f"{entry.article.published_at:%Y-%m-%d}",
            "in": entry.article.language,
            "title": entry.article.title + _story(entry),
            "for": _who(entry.audience or entry.proposed) or ("? (asked blind)" if entry.blind else "? (you decide)"),
            "state": entry.article.state,
        }
        for entry in entries
    ]
    nothing = "Nothing waits. 'sluis ingest' and 'sluis enrich' bring candidates."
    if passed:
        nothing = "Nothing of what may be shown here is live without a person's word on its audience."
    show(rows, nothing)


@app.command("show")
def show_entry(
    article: ArticleArg,
    language: Annotated[Language, typer.Option(help="The language of the labels.")] = "en",
    *,
    as_json: AsJson = False,
) -> None:
    """Show one article: its text, its tags with how sure they are and why, its audience and what was decided so far.

    The sentence that carried a tag is only told while 'sluis work' or 'sluis encode' runs.
    """
    house = open_house()
    with house.database.read() as connection:
        entry = queue.entry(connection, house.tenant, article)
        trail = _trail(reviews.of_article(connection, house.tenant, entry.article.id), blind=entry.blind)
        suggesters = items.suggesters(connection, house.tenant, entry.article.id)
        asked = [people.get(connection, house.tenant, who) for who in suggesters]
    because = reasons.of(house, entry.article, entry.tags, language)
    if as_json:
        suggested_by = [person.email for person in asked]
        print_json({"entry": entry, "reasons": because.record(), "decisions": trail, "suggested_by": suggested_by})
        return
    found = entry.article
    out.print(f"[bold]{escape(found.title)}[/]\n{escape(found.url or 'no address')}")
    facts = (found.state, found.language, escape(found.site_name), f"{found.published_at:%Y-%m-%d %H:%M}")
    out.print(*facts, f"revision {found.revision}", sep=" · ")
    out.print(f"\n{escape(found.text)}\n")
    words = house.taxonomy
    rows = [
        {"facet": tag.facet, "tag": _label(words, tag, language), "sure": tag.probability, "by": tag.origin}
        for tag in entry.tags
    ]
    show(rows, "No tags.")
    for line in because.lines(house.taxonomy, language):
        out.print(escape(line), soft_wrap=True)
    if entry.blind:
        out.print("\nasked blind: say for whom it is, what the machine thinks of that is not shown")
    else:
        out.print(f"\naudience: {_who(entry.audience) or 'nobody yet'}; proposed: {_who(entry.proposed) or 'unclear'}")
    if found.needs_legal:
        out.print("legal must sign")
    if found.barrier:
        out.print(f"its readers seem to meet a {found.barrier}")
    for person in asked:
        out.print(f"suggested by {escape(person.name)} ({escape(person.email)})")
    for other in entry.attached:
        where = f"{escape(other.site_name)} · {escape(other.url or 'no address')}"
        out.print(f"also told by {other.id[:8]} · {other.state} · {where}", soft_wrap=True)
    for decision in trail:
        what = f"{decision.action} → {decision.after}"
        out.print(f"{decision.at:%Y-%m-%d %H:%M} {escape(decision.actor)}: {what} {escape(decision.reason)}")


@app.command()
def approve(
    article: ArticleArg,
    by: By,
    role: RoleOption = Role.CURATOR,
    audience: AudienceOption = None,
    reason: Why = "",
    legal: Annotated[bool | None, typer.Option("--legal/--no-legal", help="Whether legal must sign first.")] = None,
    live_from: Annotated[datetime | None, typer.Option(formats=DATES, help="Embargo, local time.")] = None,
    expires: Annotated[datetime | None, typer.Option(formats=DATES, help="Last moment, local time.")] = None,
    revision: Annotated[
        int | None, typer.Option(help="The wording you read; refused if there is another by now.")
    ] = None,
) -> None:
    """Let an article go to its audience: the one you name, else the one that the tags propose."""
    house, reviewer = open_house(), Reviewer(by, role)
    chosen = _parse_audience(house, audience)
    times = {"live_from": local(live_from), "expires_at": local(expires)}
    _decide(
        house,
        article,
        lambda desk, found: desk.approve(
            found, reviewer, audience=chosen, reason=reason, needs_legal=legal, revision=revision, **times
        ),
    )


@app.command()
def sign(article: ArticleArg, by: By, reason: Why = "") -> None:
    """Let an article pass, as legal."""
    reviewer = Reviewer(by, Role.LEGAL)
    _decide(open_house(), article, lambda desk, found: desk.sign(found, reviewer, reason=reason))


@app.command()
def reject(article: ArticleArg, by: By, reason: Why, role: RoleOption = Role.CURATOR) -> None:
    """Refuse an article, for good."""
    reviewer = Reviewer(by, role)
    _decide(open_house(), article, lambda desk, found: desk.reject(found, reviewer, reason=reason))


@app.command()
def withdraw(article: ArticleArg, by: By, reason: Why, role: RoleOption = Role.CURATOR) -> None:
    """Take an article back, for good, also when it is live."""
    reviewer = Reviewer(by, role)
    _decide(open_house(), article, lambda desk, found: desk.withdraw(found, reviewer, reason=reason))


@app.command()
def edit(
    article: ArticleArg,
    by: By,
    tag: Annotated[
        list[str] | None,
        typer.Option(help="facet=concept; all tags of a facet you name are replaced. Repeat for more."),
    ] = None,
    audience: AudienceOption = None,
    reason: Why = "",
    role: RoleOption = Role.CURATOR,
) -> None:
    """Correct tags or audience; both take effect at once."""
    house, reviewer = open_house(), Reviewer(by, role)
    said, chosen = tags.parse(tag or (), house.taxonomy), _parse_audience(house, audience)
    _decide(house, article, lambda desk, found: desk.edit(found, reviewer, tags=said, audience=chosen, reason=reason))


@app.command()
def pin(
    article: ArticleArg,
    until: Annotated[datetime, typer.Option(formats=DATES, help="Until when, local time; a day means its beginning.")],
    by: By,
    reason: Why = "",
    role: RoleOption = Role.CURATOR,
    *,
    must_read: Annotated[
        bool, typer.Option("--must-read", help="At the top of everybody's feed until they open it.")
    ] = False,
) -> None:
    """Give an approved article a place in the feed of everybody in its audience, until a moment. It opens nothing.

    Again: with another moment, or as a must-read, in the place of the pin it has.
    """
    house, reviewer, last = open_house(), Reviewer(by, role), local(until)
    with house.database.write() as connection:
        found = queue.entry(connection, house.tenant, article)
        desk = Desk(connection, house.tenant, utcnow())
        pinning.pin(desk, found.article.id, reviewer, until=last, must_read=must_read, reason=reason)
    kind = "a must-read" if must_read else "pinned"
    out.print(f"{found.article.id[:8]} is {kind} until {last:%Y-%m-%d %H:%M}, for {_who(found.audience)}")


@app.command()
def unpin(article: ArticleArg, by: By, reason: Why = "", role: RoleOption = Role.CURATOR) -> None:
    """End the pin of an article: from the next feed on it stands where its rank puts it."""
    reviewer = Reviewer(by, role)
    _decide(open_house(), article, lambda desk, found: pinning.unpin(desk, found, reviewer, reason=reason))


@app.command()
def pins(*, as_json: AsJson = False) -> None:
    """Show what is pinned, for whom, until when and by whom; `has no effect` where nobody is shown it now."""
    house, now = open_house(), utcnow()
    with house.database.read() as connection:
        found = pinning.pinned(connection, house.tenant)
    if as_json:
        print_json([{"pin": each.pin, "audience": each.audience, "effective": each.effective(now)} for each in found])
        return
    rows = [
        {
            "id": each.article.id[:8],
            "title": each.article.title,
            "for": _who(each.audience),
            "until": f"{each.pin.until.astimezone():%Y-%m-%d %H:%M}",
            "must read": "yes" if each.pin.must_read else "",
            "by": each.pin.pinned_by,
            "since": f"{each.pin.pinned_at.astimezone():%Y-%m-%d %H:%M}",
            "": "" if each.effective(now) else "has no effect",
        }
        for each in found
    ]
    show(rows, "Nothing is pinned. 'sluis review pin ID --until DATE' gives an article a place in everybody's feed.")


def _trail(decisions: list[Decision], *, blind: bool) -> list[Decision]:
    """What was decided; where it is asked blind without what would tell what the machine thinks."""
    if not blind:
        return decisions
    people = (decision for decision in decisions if decision.actor != ROUTER)
    return [replace(each, before=State.IN_REVIEW, after=State.IN_REVIEW, changes={}) for each in people]


def _story(entry: queue.Entry) -> str:
    """What the list says of a story that several tell."""
    if entry.front:
        return f" (= {entry.front[:8]})"
    return f" +{len(entry.attached)}" if entry.attached else ""


def _decide(house: House, start: str, decision: Callable[[Desk, ArticleId], Decision]) -> None:
    """Take one decision on the article whose id starts so, in one transaction, and tell where the article is now."""
    with house.database.write() as connection:
        found = queue.entry(connection, house.tenant, start).article.id
        decision(Desk(connection, house.tenant, utcnow()), found)
        now = queue.entry(connection, house.tenant, found).article.state  # as whoever is asked blind may know it
    out.print(f"{found[:8]} is now {now}")


def _parse_audience(house: House, words: list[str] | None) -> Audience | None:
    return audiences.parse(words, house.taxonomy) if words else None


def _label(words: Taxonomy, tag: Tag, language: Language) -> str:
    """The concept's id and label; the id alone where the vocabulary no longer has it."""
    label = words.label(tag.facet, tag.concept, language)
    return tag.concept if label == tag.concept else f"{tag.concept} ({label})"


def _who(audience: Audience | None) -> str:
    """An audience in words; the function, which every audience has, needs no name."""
    axes = sorted(audience.axes.items()) if audience else []
    named = [("" if axis == FUNCTION else f"{axis}: ") + ", ".join(sorted(values)) for axis, values in axes]
    return "; ".join(named)
