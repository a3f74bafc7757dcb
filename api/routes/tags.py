"""Tags for any text or page, on the spot. Nothing is stored, and nothing is read or encoded in this process."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query

from api.dependencies import Services, Wired
from api.security import Browsing
from api.tagging import TagsOut, TextIn, certificate_out, tags_out, warnings_out
from catalog.errors import ArtefactMismatch, Unavailable
from catalog.ids import TenantId
from catalog.records import Tag, Vector, listed
from catalog.taught import taught
from catalog.taxonomy import Language
from curation import passing, why
from curation.audience import propose
from curation.doubts import Doubt, doubts
from curation.why import Carrier, Key, Why
from ingest import language as languages
from ingest.passage import passage, sentences
from ingest.remote import Told
from models.protocols import Vectors
from models.taggers import Probabilities, Taggers, strongest

router = APIRouter(tags=["content"])

_TOLD_CHARACTERS: Final = 600


class NoTaggers(Unavailable):
    """Nothing has been fitted yet that could tag."""

    code = "no_taggers"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the taggers found in one text. `vector` is None where there was no word to encode."""

    probabilities: Probabilities
    stored: list[Tag]
    vector: Vector | None
    carriers: dict[Key, Carrier]


@router.post("/tags", summary="Tags for any text or page")
def tags(
    wired: Wired,
    tenant: Browsing,
    asked: TextIn,
    language: Annotated[Language, Query(description="The language of labels, reasons and warnings.")] = "en",
    every: Annotated[bool, Query(alias="all", description="Every concept, not only the tags worth storing.")] = False,
    reasons: Annotated[bool, Query(description="Without reasons it takes about a fifth of the time.")] = True,
) -> TagsOut:
    """Just what an article with this text would get. Nothing is stored.

    503 with `encoder_away` where no process encodes, `no_taggers` where none were fitted yet; 422 with `unreadable`
    where an address is refused or holds no article.
    """
    taggers = wired.taggers()
    if taggers is None:
        raise NoTaggers("there are no taggers yet: 'sluis enrich' or 'sluis work' fits them")
    told = wired.read(asked.url) if asked.url else Told(asked.title, "", asked.text or "", asked.language)
    written = asked.language or languages.detect((told.text or told.title)[:_TOLD_CHARACTERS], told.language)
    doubted = doubts(f"{told.title}\n{told.text}", written)
    seen = _look(told, written, wired, taggers, reasons=reasons and Doubt.EMPTY not in doubted)
    with wired.database.read() as connection:
        about = passing.basis(connection, tenant, taggers)
        certified = passing.standing(connection, tenant, about, wired.certificates, wired.clock())
    proposed = propose(seen.stored, about.axes)
    return TagsOut(
        title=told.title,
        url=told.url,
        language=written if seen.vector is not None else asked.language,
        tags=tags_out(
            seen.probabilities,
            seen.stored,
            _reasons(wired, tenant, taggers, seen) if reasons else {},
            wired.taxonomy,
            language,
            every=every,
        ),
        audience=listed(proposed.axes) if proposed else None,
        confidence="low" if doubted else "normal",
        warnings=warnings_out(doubted, language),
        certificate=certificate_out(certified, written),
        tagger=taggers.version,
        encoder=taggers.encoder,
    )


def _look(told: Told, language: str, wired: Services, taggers: Taggers, *, reasons: bool) -> Seen:
    """Have it encoded and tag it. Raises EncoderAway, ArtefactMismatch."""
    read = passage(told)
    if not any(character.isalnum() for character in read):
        return Seen({head.facet: {} for head in taggers.heads}, [], None, {})
    parts = sentences(read, language) if reasons else []
    vectors = _encoded([read, *parts], wired, taggers)
    [found] = taggers.probabilities(vectors[:1])
    stored = strongest(found, taggers.version)
    return Seen(found, stored, vectors[0], why.carriers(stored, parts, vectors[1:], taggers))


def _encoded(texts: list[str], wired: Services, taggers: Taggers) -> Vectors:
    encoder = wired.encoder()
    vectors = encoder.encode(texts)
    if encoder.digest != taggers.encoder:  # asked after the vectors, so it is the digest of what made them
        raise ArtefactMismatch(
            f"the taggers are for encoder {taggers.encoder[:12]}, and {encoder.digest[:12]} answers: "
            "start 'sluis work' or 'sluis enrich' with the same SLUIS_ENCODER, which fits them again"
        )
    return vectors


def _reasons(wired: Services, tenant: TenantId, taggers: Taggers, seen: Seen) -> dict[Key, Why]:
    if seen.vector is None:
        return {}
    with wired.database.read() as connection:
        said = taught(connection, tenant, taggers.encoder, why.taught_by(wired.taxonomy, seen.stored))
    return why.explain(seen.stored, seen.vector, taggers.exemplars, said, wired.taxonomy, seen.carriers)
