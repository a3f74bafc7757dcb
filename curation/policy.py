"""What a tagged article needs before anybody may see it.

The machine only proposes: without a certificate every article goes to a person. A rule can ask for legal as well.
"""

import re
from dataclasses import dataclass

from catalog.records import Article

_LEGAL_WORDS = (
    "confidential",
    "embargo",
    "lawsuit",
    "not yet public",
    "price-sensitive",
    "settlement",
    "koersgevoelig",
    "nog niet openbaar",
    "rechtszaak",
    "schikking",
    "vertrouwelijk",
)


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """When legal must sign. `legal_words` are looked for as whole words, whatever their case, in our own content."""

    legal_words: tuple[str, ...] = _LEGAL_WORDS


@dataclass(frozen=True, slots=True)
class Route:
    """Where a tagged article goes next, and why."""

    needs_legal: bool
    reason: str


def route(article: Article, options: PolicyOptions) -> Route:
    """To a person, always; and to legal where the source asks for it or our own text speaks of something delicate.

    The words are only looked for in internal content: a trade paper that writes about a lawsuit has published already.
    """
    if article.needs_legal:
        return Route(True, "the source asks for legal")
    if article.internal:
        said = f"{article.title}\n{article.text}".casefold()
        for word in options.legal_words:
            if re.search(rf"\b{re.escape(word.casefold())}\b", said):
                return Route(True, f"our own text says {word!r}")
    return Route(False, "no certificate: a person decides")
