"""What can be said of a source on the command line, and how it becomes columns of `sources`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import typer

from catalog.errors import Invalid
from catalog.records import Axes, Source, Trust
from catalog.taxonomy import Taxonomy, language_code
from curation import audience as audiences
from ingest import doors
from ingest.urls import canonical
from sluis import tags

Title = Annotated[str | None, typer.Option(help="How curators know it; default: what the feed says.")]
Language = Annotated[str | None, typer.Option(help="Two letters, where the feed does not say.")]
Owner = Annotated[str | None, typer.Option(help="Who answers for it: a person or a department.")]
Audience = Annotated[
    list[str] | None,
    typer.Option(help="Whom its articles are for: axis=value; a curator can still change it. Repeat for more."),
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", help="facet=concept that each of its articles gets. Repeat for more.")
]
TrustOption = Annotated[Trust | None, typer.Option(help="How much its word weighs where several tell the same story.")]
Internal = Annotated[
    bool | None, typer.Option("--internal/--external", help="Whether it is our own content; a folder's and push: is.")
]
Legal = Annotated[bool | None, typer.Option("--legal/--no-legal", help="Whether legal must sign all of it.")]
ArchiveDays = Annotated[
    int | None, typer.Option(min=0, max=36500, help="Days after publication that an article expires; 0: never.")
]
DailyCap = Annotated[int | None, typer.Option(min=0, max=100_000, help="New items a day that are taken; 0: all.")]

LATER: Final = frozenset({"audience", "tags", "internal", "needs_legal", "archive_days"})
"""What an article gets from its source when it is stored: changing it leaves earlier articles as they are."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was said of a source. None is not said; an empty text or 0 takes away what was there."""

    title: str | None = None
    language: str | None = None
    owner: str | None = None
    audience: list[str] | None = None
    tag: list[str] | None = field(default=None)
    trust: Trust | None = None
    internal: bool | None = None
    legal: bool | None = None
    archive_days: int | None = None
    daily_cap: int | None = None

    def columns(self, taxonomy: Taxonomy, before: Source | None = None) -> dict[str, Any]:
        """The columns of `sources` that this sets, checked. Raises Invalid or UnknownConcept."""
        said: dict[str, Any] = {
            "title": self.title,
            "owner": self.owner,
            "trust": self.trust,
            "internal": self.internal,
            "needs_legal": self.legal,
        }
        found = {name: value for name, value in said.items() if value is not None}
        if self.language is not None:
            found["language"] = language_code(self.language) if self.language else None
        if self.audience:
            words = [word for word in self.audience if word]
            found["audience"] = audiences.parse(words, taxonomy) if words else None
        if self.tag:
            found["tags"] = _tags(self.tag, taxonomy, before.tags if before else {})
        for name in ("archive_days", "daily_cap"):
            number = getattr(self, name)
            if number is not None:
                found[name] = number or None
        return found


def address(told: str) -> str:
    """The one spelling of what was given as a source: a web address, `push:name`, or a folder as a file:// address."""
    if told.startswith("push:"):
        return doors.named(told.removeprefix("push:"))
    if told.startswith("file:"):
        return _folder(Path(url2pathname(urlsplit(told).path)), told)
    if "://" not in told and (told.startswith(("/", "./", "../", "~")) or Path(told).is_dir()):
        return _folder(Path(told).expanduser(), told)
    return canonical(told)


def is_web(url: str) -> bool:
    """Whether an address can be visited before it is added."""
    return url.startswith(("http://", "https://"))


def _folder(path: Path, told: str) -> str:
    if not path.is_dir():
        raise Invalid(f"{told!r} is no folder here: give one that exists, or an address that starts with https://")
    return path.resolve().as_uri()


def _tags(words: list[str], taxonomy: Taxonomy, before: Axes) -> Mapping[str, frozenset[str]]:
    """The tags after these words: a facet that is named has only the concepts named, `facet=` leaves it without."""
    return {facet: concepts for facet, concepts in {**before, **tags.parse(words, taxonomy)}.items() if concepts}
