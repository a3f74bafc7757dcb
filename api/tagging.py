"""What goes over the wire of `POST /v1/tags`, and how the findings become that."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.schemas import Answer, Ask
from catalog.records import Tag
from catalog.taxonomy import Language, Taxonomy
from curation import doubts, why
from curation.doubts import Doubt
from curation.passing import Standing
from curation.why import Key, Why
from ingest.handed import MOST_BYTES, TITLE_CHARACTERS
from ingest.urls import LONGEST
from models.taggers import Probabilities


class TextIn(Ask):
    """What to tag: a `text`, with its title if it has one, or the page at a `url`."""

    text: Annotated[str | None, Field(max_length=MOST_BYTES, description="Plain text, a paragraph per line.")] = None
    title: Annotated[str, Field(max_length=TITLE_CHARACTERS)] = ""
    language: Annotated[str | None, Field(pattern="^[a-z]{2}$", description="Default: what the words say.")] = None
    url: Annotated[str | None, Field(min_length=1, max_length=LONGEST, description="A page to read and tag.")] = None

    @model_validator(mode="after")
    def one_of_both(self) -> Self:
        """Refuse a text with an address: which of them would be meant?"""
        if (self.text is None) == (self.url is None):
            raise ValueError("send either a text or a url")
        if self.url is not None and (self.title or self.language):
            raise ValueError("send a url alone: title and language are the page's own")
        return self


class ExampleOut(Answer):
    """A text with the tag that this one is like."""

    text: str
    concept: str = Field(description="The tag's own concept, or one below it.")
    likeness: float = Field(description="1: the same text; 0: what any two headlines have in common.")
    article_id: str | None = Field(description="Null for an example of the vocabulary.")


class SentenceOut(Answer):
    """The sentence that carried a tag, and how probable the tag is for that sentence alone."""

    text: str
    probability: float


class WhyOut(Answer):
    """Why a tag was given, for programs and, as `text`, for people."""

    examples: list[ExampleOut]
    sentence: SentenceOut | None = Field(description="Null where the text as a whole got it, and no sentence alone.")
    text: list[str]


class TagOut(Answer):
    """One concept."""

    concept: str
    label: str
    probability: float
    stored: bool = Field(description="Whether an article would keep this tag; false only with `all`.")
    reasons: WhyOut | None


class WarningOut(Answer):
    """Why the tags may be less sure than they look."""

    code: Doubt
    text: str


class CertificateOut(Answer):
    """Whether tags in this language could do without a person, and the certificate in one line."""

    state: Literal["none", "valid", "lapsed"]
    line: str | None


class TagsOut(Answer):
    """What a text is about and whom it seems to be for. Nothing is stored."""

    title: str
    url: str | None
    language: str | None
    tags: dict[str, list[TagOut]]
    audience: dict[str, list[str]] | None = Field(description="Null where the tags are unclear: a person must say.")
    confidence: Literal["normal", "low"]
    warnings: list[WarningOut]
    certificate: CertificateOut
    tagger: str
    encoder: str


def tags_out(
    found: Probabilities,
    stored: Iterable[Tag],
    reasons: Mapping[Key, Why],
    taxonomy: Taxonomy,
    language: Language,
    *,
    every: bool,
) -> dict[str, list[TagOut]]:
    """Per facet the tags, surest first: those worth storing, or every concept."""
    kept = {(tag.facet, tag.concept): tag.probability for tag in stored}
    out: dict[str, list[TagOut]] = {}
    for facet, concepts in found.items():
        listed = [
            TagOut(
                concept=concept,
                label=_label(taxonomy, facet, concept, language),
                probability=round(probability, 4),
                stored=(facet, concept) in kept,
                reasons=_why(reasons.get((facet, concept)), language),
            )
            for concept, probability in concepts.items()
            if every or (facet, concept) in kept
        ]
        out[facet] = sorted(listed, key=lambda tag: -tag.probability)
    return out


def warnings_out(doubted: Iterable[Doubt], language: Language) -> list[WarningOut]:
    """Doubts, in words."""
    return [WarningOut(code=doubt, text=doubts.in_words(doubt, language)) for doubt in doubted]


def certificate_out(found: Standing, language: str | None) -> CertificateOut:
    """How the certificate stands for a language, and what it says in one line."""
    parts = {part.language: part for part in found.certificate.parts} if found.certificate else {}
    part = parts.get(language or "")
    if found.state == "none" or part is None:
        return CertificateOut(state="none", line=None)
    proven = f"{part.errors} of {part.n} wrong: at most {part.bound:.2%}, passes from {part.threshold:g}"
    return CertificateOut(state=found.state, line="; ".join(found.reasons) or proven)


def _label(taxonomy: Taxonomy, facet: str, concept: str, language: Language) -> str:
    known = taxonomy.facets.get(facet, {}).get(concept)
    return known.label(language) if known else concept


def _why(found: Why | None, language: Language) -> WhyOut | None:
    if found is None:
        return None
    examples = [
        ExampleOut(text=each.text, concept=each.concept, likeness=round(each.likeness, 3), article_id=each.article_id)
        for each in found.examples
    ]
    carrier = found.sentence
    sentence = SentenceOut(text=carrier.text, probability=round(carrier.probability, 4)) if carrier else None
    return WhyOut(examples=examples, sentence=sentence, text=why.in_words(found, language))
