"""What a tagged article needs before anybody may see it.

The machine only proposes: what it is sure of may pass without a person under a certificate, and where nothing about the
article is odd. What a key with scope `content:approve` said for whom it is, is no proposal: it passes, unless curators
trust its source little. All else goes to a person. A rule can ask for legal as well.
"""

import re
from dataclasses import dataclass

from catalog.records import Article, Audience, Trust
from curation.audience import FACET_OF_AXIS, proposal, propose
from curation.candidates import Candidate
from curation.doubts import doubts, in_words
from models.certificate import Certificate
from models.drawing import score

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
    """Where a tagged article goes next, and why: to a person, or to `audience` under a certificate.

    With `approved_by`, the key that named it, to the audience that it has.
    """

    needs_legal: bool
    reason: str
    audience: Audience | None = None
    approved_by: str | None = None


def route(
    candidate: Candidate, certificate: Certificate | None, hard_axes: tuple[str, ...], options: PolicyOptions
) -> Route:
    """To a person, unless the certificate covers it; and to legal where the source or our own text asks for it."""
    legal = _legal(candidate.article, options)
    named = candidate.said is not None and all(candidate.said.axes.get(axis) for axis in hard_axes)
    if candidate.approved_by and named and candidate.trust is not Trust.LOW:
        return Route(legal is not None, legal or "its sender may say for whom it is", approved_by=candidate.approved_by)
    if certificate is None:
        return Route(legal is not None, legal or "no certificate: a person decides")
    doubt = _doubt(candidate, certificate, hard_axes) or odd(candidate)
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


def odd(candidate: Candidate) -> str | None:
    """Why a person must look whatever a certificate says; such articles are not asked about blind either."""
    article = candidate.article
    if candidate.said is not None:
        return "its source says for whom it is"
    if candidate.trust is Trust.LOW:
        return "its source is not trusted"
    if candidate.told_before:
        return "another article tells the same story"
    if article.barrier:
        return f"its readers seem to meet a {article.barrier}"
    doubted = doubts(f"{article.title}\n{article.text}", article.language, article.second_language)
    return in_words(doubted[0], "en") if doubted else None


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
