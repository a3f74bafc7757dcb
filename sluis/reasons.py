"""Why an article has the tags it has, for whoever must decide on it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from catalog import articles
from catalog.errors import ArtefactMismatch
from catalog.records import Article, Tag
from catalog.taught import taught
from catalog.taxonomy import Language, Taxonomy
from curation import doubts, why
from curation.doubts import Doubt
from curation.why import Carrier, Key, Why
from ingest.passage import passage, sentences
from models.remote import EncoderAway
from models.taggers import Taggers
from sluis.wiring import House

_HEADINGS: Final[Mapping[Language, str]] = {"en": "why:", "nl": "waarom:"}
_NO_SENTENCES: Final[Mapping[Language, str]] = {
    "en": "which sentence carried a tag is told while 'sluis work' or 'sluis encode' runs",
    "nl": "welke zin een label droeg, staat erbij zolang 'sluis work' of 'sluis encode' draait",
}
_OTHER_ENCODER: Final[Mapping[Language, str]] = {
    "en": "which sentence carried a tag cannot be told: another encoder answers than the one that made the tags",
    "nl": "welke zin een label droeg is niet te zeggen: er antwoordt een andere encoder dan die de labels maakte",
}


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why, per tag of the taggers in use; `hint` says what is missing and how to get it."""

    why: Mapping[Key, Why]
    doubts: tuple[Doubt, ...] = ()
    hint: str | None = None

    def lines(self, taxonomy: Taxonomy, language: Language) -> Iterator[str]:
        """As a curator reads it."""
        for doubt in self.doubts:
            yield f"! {doubts.in_words(doubt, language)}"
        alike: dict[tuple[str, ...], list[str]] = {}
        for (facet, concept), found in self.why.items():  # a child and its parent often have one reason
            known = taxonomy.facets.get(facet, {}).get(concept)
            reason = (facet, *why.in_words(found, language))
            alike.setdefault(reason, []).append(known.label(language) if known else concept)
        if any(lines for _, *lines in alike):
            yield f"\n{_HEADINGS[language]}"
        for (_, *lines), labels in alike.items():
            if lines:
                yield f"  {'; '.join(labels)}"
            yield from (f"    {line}" for line in lines)
        if self.hint:
            yield f"  ({self.hint})"

    def record(self) -> dict[str, Any]:
        """As plain values."""
        tags = [{"facet": facet, "concept": concept, **asdict(each)} for (facet, concept), each in self.why.items()]
        return {"tags": tags, "doubts": self.doubts, "hint": self.hint}


def of(house: House, article: Article, tags: Iterable[Tag], language: Language) -> Reasons:
    """Why an article has those of its tags that the taggers in use gave it."""
    doubted = tuple(doubts.doubts(f"{article.title}\n{article.text}", article.language, article.second_language))
    try:
        taggers = house.promoted_taggers()
    except ArtefactMismatch as error:
        return Reasons({}, doubted, str(error))
    own = [tag for tag in tags if taggers and tag.tagger == taggers.version]
    if taggers is None or not own:
        return Reasons({}, doubted)
    with house.database.read() as connection:
        vector = articles.vectors(connection, house.tenant, taggers.encoder, [article.id]).get(article.id)
        said = taught(connection, house.tenant, taggers.encoder, why.taught_by(house.taxonomy, own), article.id)
    if vector is None:
        return Reasons({}, doubted)
    carriers, hint = _carriers(house, article, own, taggers, language)
    return Reasons(why.explain(own, vector, taggers.exemplars, said, house.taxonomy, carriers), doubted, hint)


def _carriers(
    house: House, article: Article, tags: list[Tag], taggers: Taggers, language: Language
) -> tuple[dict[Key, Carrier] | None, str | None]:
    encoder = house.remote_encoder()
    if encoder is None:
        return None, _NO_SENTENCES[language]
    parts = sentences(passage(article), article.language or language)
    try:
        if encoder.digest != taggers.encoder:
            return None, _OTHER_ENCODER[language]
        return why.carriers(tags, parts, encoder.encode(parts), taggers), None
    except EncoderAway:
        return None, _NO_SENTENCES[language]
