"""What a tagged article needs before anybody may see it.

The machine only proposes: what it is sure of may pass without a person under a certificate, and where nothing about the
article is odd. All else goes to a person. A rule can ask for legal as well.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from catalog.records import Article, Audience, Trust
from curation.audience import FACET_OF_AXIS, proposal, propose
from curation.candidates import Candidate
from models.calibration import score
from models.certificate import Certificate

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


_WORD: Final = re.compile(r"\w{4,}")


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """When legal must sign, and what no certificate lets pass.

    `legal_words` are looked for as whole words, whatever their case, in our own content. A text of less than `fewest`
    words says too little to be judged by, one of more than `most` is no single article; a word of four letters or more
    that makes up more than `stuffed` of such words is there to steer the machine.
    """

    legal_words: tuple[str, ...] = _LEGAL_WORDS
    fewest: int = 80
    most: int = 5000
    stuffed: float = 0.1


@dataclass(frozen=True, slots=True)
class Route:
    """Where a tagged article goes next, and why: to a person, or to `audience` under a certificate."""

    needs_legal: bool
    reason: str
    audience: Audience | None = None


def route(
    candidate: Candidate, certificate: Certificate | None, hard_axes: tuple[str, ...], options: PolicyOptions
) -> Route:
    """To a person, unless the certificate covers it; and to legal where the source or our own text asks for it."""
    legal = _legal(candidate.article, options)
    if certificate is None:
        return Route(legal is not None, legal or "no certificate: a person decides")
    doubt = _doubt(candidate, certificate, hard_axes) or odd(candidate, options)
    if doubt:
        return Route(legal is not None, legal or f"{doubt}: a person decides")
    proposed = propose(candidate.tags, hard_axes)
    return Route(legal is not None, legal or "within the certificate", proposed)


def _doubt(candidate: Candidate, certificate: Certificate, hard_axes: tuple[str, ...]) -> str | None:
    """Why the certificate does not cover it."""
    language = candidate.article.language
    if language not in {part.language for part in certificate.parts}:
        return f"no certificate for language {language}"
    if hard_axes != certificate.basis.axes:
        return "the certificate is for other axes"
    facets = {FACET_OF_AXIS.get(axis) for axis in hard_axes}
    if any(tag.tagger != certificate.basis.tagger for tag in candidate.tags if tag.facet in facets):
        return "its tags are not of the taggers that the certificate is of"
    if not certificate.passes(language, score(proposal(candidate.tags, hard_axes), hard_axes)):
        return "the tags are not sure enough"
    return None


def odd(candidate: Candidate, options: PolicyOptions) -> str | None:
    """Why a person must look whatever a certificate says; such articles are not asked about blind either."""
    article = candidate.article
    words = article.text.split()
    if candidate.said is not None:
        return "its source says for whom it is"
    if candidate.trust is Trust.LOW:
        return "its source is not trusted"
    if candidate.told_before:
        return "another article tells the same story"
    if article.barrier:
        return f"its readers seem to meet a {article.barrier}"
    if article.second_language:
        return f"part of it is in {article.second_language}"
    if not options.fewest <= len(words) <= options.most:
        return f"it has {len(words)} words"
    if _repeats(article.text) > options.stuffed:
        return "one word is repeated over and over"
    return None


def _repeats(text: str) -> float:
    """How much of the longer words the most frequent one makes up."""
    counts = Counter(word.casefold() for word in _WORD.findall(text))
    return max(counts.values()) / counts.total() if counts else 1.0


def _legal(article: Article, options: PolicyOptions) -> str | None:
    """Why legal must sign, if it must.

    The words are only looked for in internal content: a trade paper that writes about a lawsuit has published already.
    """
    if article.needs_legal:
        return "the source asks for legal"
    if article.internal:
        said = f"{article.title}\n{article.text}".casefold()
        for word in options.legal_words:
            if re.search(rf"\b{re.escape(word.casefold())}\b", said):
                return f"our own text says {word!r}"
    return None
