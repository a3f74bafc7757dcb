"""`sluis vocabulary …`: the organisation's own words, and what it borrows from published standards."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from catalog import standards, tagged, vocabulary
from catalog.clock import utcnow
from catalog.errors import Invalid
from catalog.own_concepts import own_concept
from catalog.records import WordAction, WordChange
from catalog.standards import STANDARDS
from catalog.taxonomy import OWN_FACETS, Concept, Language
from catalog.vocabulary import Vocabulary
from curation.review import Reviewer
from curation.vocabulary import WordDesk
from sluis import wordlist
from sluis.console import AsJson, counted, out, print_json, show
from sluis.wiring import House, open_house

app = typer.Typer(help="Your own themes, products and departments, and standards to learn from.", no_args_is_help=True)

By = Annotated[str, typer.Option(help="Who decides; the vocabulary's history names you.", envvar="SLUIS_REVIEWER")]
Facet = Annotated[str, typer.Argument(help="theme, product or department.")]
AnyFacet = Annotated[str, typer.Argument(help="A shipped facet, as 'sluis taxonomy' shows them.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The concept's id.")]
StandardName = Annotated[str, typer.Argument(help=", ".join(STANDARDS) + ".")]

_REFITTED = "the taggers are fitted again at the next 'sluis enrich'"


@app.command("import")
def import_words(path: Annotated[Path, typer.Argument(help="A TOML file in UTF-8.")], by: By) -> None:
    """Add the concepts of a file, or bring known ones to what it says. One that is wrong, and none is taken."""
    concepts = wordlist.read(path)
    with _desk(by) as desk:
        taken = desk.take_over(concepts)
    refitted = f"; {_REFITTED}" if taken.added or taken.changed else ""
    _tell(f"{len(taken.added)} added, {len(taken.changed)} changed, {len(taken.unchanged)} unchanged{refitted}")


@app.command()
def export(path: Annotated[Path | None, typer.Argument(help="The file; default: standard output.")] = None) -> None:
    """Write all own concepts that are in use, in the form that import reads."""
    house = open_house()
    with house.database.read() as connection:
        known = vocabulary.load(connection, house.tenant)
    text = wordlist.write(concept for concepts in known.in_use.values() for concept in concepts.values())
    if path is None:
        typer.echo(text, nl=False)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
    _tell(f"{counted(sum(map(len, known.in_use.values())), 'concept')} written to {path}")


@app.command()
def add(
    facet: Facet,
    name: Id,
    by: By,
    nl: Annotated[str, typer.Option(help="The label in Dutch; the English one by default.")] = "",
    en: Annotated[str, typer.Option(help="The label in English; the Dutch one by default.")] = "",
    definition_nl: Annotated[str, typer.Option(help="What it is about, in Dutch.")] = "",
    definition_en: Annotated[str, typer.Option(help="What it is about, in English.")] = "",
    example_nl: Annotated[list[str] | None, typer.Option(help="A Dutch title that fits it. Repeat.")] = None,
    example_en: Annotated[list[str] | None, typer.Option(help="An English title that fits it. Repeat.")] = None,
    parent: Annotated[str | None, typer.Option(help="The concept it stands below.")] = None,
) -> None:
    """Make a theme, product or department, with at least three titles of articles that would be about it."""
    concept = own_concept(
        facet,
        name,
        labels={"nl": nl, "en": en},
        definitions={"nl": definition_nl, "en": definition_en},
        examples={"nl": example_nl or (), "en": example_en or ()},
        parent=parent,
    )
    with _desk(by) as desk:
        desk.add(concept)
    _tell(f"{facet} {name} is added; {_REFITTED}")


@app.command()
def rename(
    facet: Facet,
    name: Id,
    by: By,
    nl: Annotated[str, typer.Option(help="The new label in Dutch.")] = "",
    en: Annotated[str, typer.Option(help="The new label in English.")] = "",
) -> None:
    """Give a concept another label. Its id, and every article that carries it, stay."""
    with _desk(by) as desk:
        renamed = desk.rename(facet, name, {"nl": nl, "en": en})
    _tell(f"{facet} {name} is now called {renamed.label('nl')} (nl), {renamed.label('en')} (en)")


@app.command()
def merge(
    facet: Facet, name: Id, into: Annotated[str, typer.Argument(help="The id of the one that stays.")], by: By
) -> None:
    """Let one concept be another from now on, wherever it is used. There is no way back."""
    with _desk(by) as desk:
        articles = desk.merge(facet, name, into)
    _tell(f"{facet} {name} is now {into}, on {counted(articles, 'article')}; {_REFITTED}")


@app.command()
def retire(facet: Facet, name: Id, by: By) -> None:
    """Tag and offer a concept no longer. Articles that carry it keep it."""
    with _desk(by) as desk:
        desk.retire(facet, name)
    _tell(f"{facet} {name} is retired; 'sluis vocabulary restore {facet} {name}' brings it back")


@app.command()
def restore(facet: Facet, name: Id, by: By) -> None:
    """Use a retired concept again."""
    with _desk(by) as desk:
        desk.restore(facet, name)
    _tell(f"{facet} {name} is in use again; {_REFITTED}")


@app.command()
def hide(facet: AnyFacet, name: Id, by: By) -> None:
    """Tag and offer a shipped concept no longer, nor those below it. Articles that carry it keep it."""
    with _desk(by) as desk:
        desk.hide(facet, name)
    _tell(f"{facet} {name} is hidden; 'sluis vocabulary unhide {facet} {name}' brings it back")


@app.command()
def unhide(facet: AnyFacet, name: Id, by: By) -> None:
    """Use a hidden concept again."""
    with _desk(by) as desk:
        desk.unhide(facet, name)
    _tell(f"{facet} {name} is in use again; {_REFITTED}")


@app.command("list")
def list_words(
    facet: Annotated[str, typer.Argument(help="theme, product or department; all by default.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show the own concepts and how often they are used, what is hidden, and what is borrowed."""
    if facet and facet not in OWN_FACETS:
        raise Invalid(f"{facet!r} is no facet of your own: use one of {', '.join(OWN_FACETS)}")
    house = open_house()
    with house.database.read() as connection:
        known = vocabulary.load(connection, house.tenant)
        articles = tagged.on_articles(connection, house.tenant)
        decisions = tagged.in_decisions(connection, house.tenant)
        borrowed = vocabulary.borrowed_counts(connection, house.tenant)
    rows = [
        {
            "facet": concept.facet,
            "id": concept.id,
            "nl": concept.labels["nl"],
            "en": concept.labels["en"],
            "examples": sum(map(len, concept.examples.values())),
            "articles": articles[concept.facet, concept.id],
            "decisions": decisions[concept.facet, concept.id],
            "state": state,
        }
        for concept, state in _all(known, (facet,) if facet else OWN_FACETS)
    ]
    if as_json:
        texts = [{"standard": name, "language": spoken, "texts": n} for (name, spoken), n in borrowed.items()]
        print_json({"own": rows, "hidden": dict(known.hidden), "borrowed": texts})
        return
    show(rows, "Nothing of your own yet: 'sluis vocabulary add' or 'sluis vocabulary import' makes some.")
    for name, concepts in known.hidden.items():
        out.print(f"hidden {name}: {', '.join(sorted(concepts))}", soft_wrap=True)
    for (name, spoken), number in borrowed.items():
        out.print(f"{counted(number, 'text')} of {name} in {spoken} ({STANDARDS[name].attribution})", soft_wrap=True)


@app.command("show")
def show_word(facet: Facet, name: Id, *, as_json: AsJson = False) -> None:
    """Show one own concept, how often it is used, and all that was done to it and to those merged into it."""
    house = open_house()
    with house.database.read() as connection:
        known = vocabulary.load(connection, house.tenant)
        concept, state = _named(house, known, facet, name)
        names = {concept.id, *(old for old in known.aliases.get(facet, ()) if known.resolve(facet, old) == concept.id)}
        history = vocabulary.changes(connection, house.tenant, facet, names)
        articles = tagged.on_articles(connection, house.tenant)[facet, concept.id]
        decisions = tagged.in_decisions(connection, house.tenant)[facet, concept.id]
    if as_json:
        counts = {"state": state, "articles": articles, "decisions": decisions}
        print_json({"concept": concept, **counts, "merged": sorted(names - {concept.id}), "history": history})
        return
    below = f", below {concept.parent}" if concept.parent else ""
    out.print(f"[bold]{facet} {concept.id}[/] · {state}{below}")
    for language, label in concept.labels.items():
        out.print(escape(f"{language}: {label}. {concept.definitions[language]}"), soft_wrap=True)
        for example in concept.examples[language]:
            out.print(f"    {escape(example)}", soft_wrap=True)
    out.print(f"on {counted(articles, 'article')}, given by {counted(decisions, 'decision')}")
    for change in history:
        out.print(f"{change.at:%Y-%m-%d %H:%M} {escape(_happened(change))}", soft_wrap=True)


@app.command()
def import_standard(
    standard: StandardName,
    path: Annotated[Path, typer.Argument(help="The file as it is published, also packed with gzip.")],
    by: By,
    language: Annotated[Language | None, typer.Option(help="Of its labels, where its name does not tell.")] = None,
    most: Annotated[int, typer.Option(min=1, max=200, help="Texts per concept and language that are kept.")] = 60,
) -> None:
    """Teach the taggers what a published standard says about functions, industries or topics."""
    chosen = _standard(standard)
    edition = standards.edition(chosen, path, language)
    house = open_house()
    found = standards.capped(standards.read(chosen, path, house.taxonomy, edition), most)
    with _desk(by, house) as desk:
        desk.borrow(edition, found, file=path.name, attribution=chosen.attribution)
    spoken = sorted({text.language for text in found})
    concepts = len({text.concept for text in found})
    _tell(
        f"{counted(len(found), 'text')} about {concepts} concepts of {chosen.facet} ({', '.join(spoken)}); {_REFITTED}"
    )
    _tell(chosen.attribution)


@app.command()
def forget_standard(standard: StandardName, by: By) -> None:
    """Let the taggers do without a standard again."""
    with _desk(by) as desk:
        gone = desk.forget(_standard(standard).name)
    _tell(f"{counted(gone, 'text')} forgotten; {_REFITTED}")


@contextmanager
def _desk(by: str, house: House | None = None) -> Iterator[WordDesk]:
    """A desk whose changes are kept when the block ends, or not at all."""
    reviewer, house = Reviewer(by), house or open_house()
    with house.database.write() as connection:
        yield WordDesk(connection, house.tenant, house.vocabularies.shipped, reviewer, utcnow())


def _standard(name: str) -> standards.Standard:
    if name not in STANDARDS:
        raise Invalid(f"there is no standard {name!r}: use one of {', '.join(STANDARDS)}")
    return STANDARDS[name]


def _all(known: Vocabulary, facets: tuple[str, ...]) -> Iterator[tuple[Concept, str]]:
    """Own concepts with their state, those in use first."""
    for facet in facets:
        for concept in known.in_use[facet].values():
            yield concept, "in use"
        for concept in known.retired[facet].values():
            now = known.resolve(facet, concept.id)
            yield concept, "retired" if now == concept.id else f"merged into {now}"


def _named(house: House, known: Vocabulary, facet: str, name: str) -> tuple[Concept, str]:
    """The concept that is called so, or that what was called so has become part of."""
    if facet not in OWN_FACETS:
        raise Invalid(f"{facet!r} is no facet of your own: 'sluis taxonomy {facet}' shows what is shipped")
    now = known.resolve(facet, name)
    found = {concept.id: (concept, state) for concept, state in _all(known, (facet,))}
    if now not in found:
        raise Invalid(known.taxonomy(house.vocabularies.shipped).why_not(facet, name))
    return found[now]


def _happened(change: WordChange) -> str:
    """One line of the history."""
    said: Mapping[str, Any] = change.changes
    match change.action:
        case WordAction.RENAME:
            what = f"renamed {_labels(said['before'])} to {_labels(said['after'])}"
        case WordAction.MERGE:
            old = f"{change.concept} ({_labels(said['labels'])})"
            what = f"merged {old} into {said['into']}, on {counted(said['articles'], 'article')}"
        case action:
            what = f"{action} {change.concept}"
    return f"{change.actor}: {what}"


def _labels(told: Mapping[str, str]) -> str:
    return " / ".join(dict.fromkeys(told.values()))


def _tell(text: str) -> None:
    out.print(escape(text), soft_wrap=True)
