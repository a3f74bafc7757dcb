"""Noordvaart, the fictional company of the demo: what is published about its field, and who works there."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from catalog.records import ALL
from catalog.taxonomy import LANGUAGES, Language

WORLD: Final = Path(__file__).parent / "world"
PEOPLE: Final = WORLD / "people.csv"
THEMES: Final = WORLD / "themes.toml"


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of the demo's web site."""

    id: str
    title: str
    language: Language
    internal: bool
    format: str


@dataclass(frozen=True, slots=True)
class Story:
    """One article as its author and a good curator know it; the pipeline sees only its page.

    `functions` is whom it is for (`ALL`: everybody), `legal` whether a lawyer must look first.
    """

    slug: str
    feed: str
    title: str
    author: str
    days_ago: float
    functions: tuple[str, ...]
    industries: tuple[str, ...]
    topics: tuple[str, ...]
    kind: str
    good_for: tuple[str, ...]
    legal: bool
    story: str
    body: str

    @property
    def audience(self) -> frozenset[str]:
        """The values of the function axis that it is for."""
        return frozenset({ALL} if "ALL" in self.functions else self.functions)

    @property
    def paragraphs(self) -> list[str]:
        """The text, paragraph by paragraph."""
        return [" ".join(part.split()) for part in self.body.strip().split("\n\n")]


FEEDS: Final = (
    Feed("noordvaart-intern", "Noordvaart Intern", "nl", internal=True, format="rss"),
    Feed("noordvaart-newsroom", "Noordvaart Newsroom", "en", internal=True, format="atom"),
    Feed("waterbouw-vandaag", "Waterbouw Vandaag", "nl", internal=False, format="rss"),
    Feed("zakelijk-bericht", "Zakelijk Bericht", "nl", internal=False, format="rss"),
    Feed("infra-weekly", "Infra Weekly", "en", internal=False, format="atom"),
    Feed("work-and-code", "Work & Code", "en", internal=False, format="rss"),
)


def stories() -> list[Story]:
    """All articles of the demo world, newest first."""
    found = [
        _story(entry)
        for language in LANGUAGES
        for entry in tomllib.loads((WORLD / f"articles.{language}.toml").read_text(encoding="utf-8"))["article"]
    ]
    return sorted(found, key=lambda story: story.days_ago)


def _story(entry: dict[str, Any]) -> Story:
    fields: dict[str, Any] = {name: tuple(given) if isinstance(given, list) else given for name, given in entry.items()}
    return Story(**fields)
