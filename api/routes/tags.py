"""Tags for any text or page, on the spot. Nothing is stored, and nothing is read or encoded in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Annotated, Final

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from api.dependencies import V1, Services, Wired
from api.security import Browsing
from api.tagging import TagsOut, TextIn, certificate_out, tags_out, warnings_out
from catalog.errors import ArtefactMismatch, Busy, Unavailable
from catalog.ids import TenantId
from catalog.records import Tag, Vector, listed
from catalog.taught import taught
from catalog.taxonomy import Language, Taxonomy
from curation import passing, why
from curation.audience import propose
from curation.doubts import Doubt, doubts
from curation.why import Carrier, Key, Why
from ingest import language as languages
from ingest.passage import passage, sentences
from ingest.remote import Told
from models.protocols import Vectors
from models.taggers import Probabilities, Taggers, strongest

router = APIRouter(prefix=V1, tags=["content"])

_TOLD_CHARACTERS: Final = 600
_AT_ONCE: Final = 8
_PLACES = BoundedSemaphore(_AT_ONCE)
"""Each of them waits in a thread, and whoever asks for a feed needs one too."""


class NoTaggers(Unavailable):
    """Nothing has been fitted yet that could tag."""

    code = "no_taggers"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in one text. Without words there is no language, no tag and no `vector`."""

    language: str | None
    doubts: list[Doubt]
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
    reasons: Annotated[bool, Query(description="Without reasons it takes less than half as long.")] = True,
) -> TagsOut:
    """Just what an article with this text would get. Nothing is stored.

    503 with `encoder_away` where no process encodes, `no_taggers` where none were fitted yet; 422 with `unreadable`
    where an address is refused or holds no article.
    """
    taggers = wired.taggers()
    if taggers is None:
        raise NoTaggers("there are no taggers yet: 'sluis enrich' or 'sluis work' fits them")
    with _place():
        told = wired.read(asked.url) if asked.url else Told(asked.title, "", asked.text or "")
        seen = _look(told, asked.language, wired, taggers, reasons=reasons)
    with wired.database.of(tenant).read() as connection:
        words = wired.taxonomy(connection, tenant)
        found = _reasons(connection, tenant, taggers, seen, words) if reasons else {}
        about = passing.basis(connection, tenant, taggers)
        certified = passing.standing(connection, tenant, about, wired.certificates, wired.clock())
    proposed = propose(seen.stored, about.axes)
    return TagsOut(
        title=told.title,
        url=told.url,
        language=seen.language,
        tags=tags_out(seen.probabilities, seen.stored, found, words, language, every=every),
        audience=listed(proposed.axes) if proposed else None,
        confidence="low" if seen.doubts else "normal",
        warnings=warnings_out(seen.doubts, language),
        certificate=certificate_out(certified, seen.language),
        tagger=taggers.version,
        encoder=taggers.encoder,
    )


@contextmanager
def _place() -> Iterator[None]:
    if not _PLACES.acquire(blocking=False):
        raise Busy(f"{_AT_ONCE} texts are being tagged now: send the same again later")
    try:
        yield
    finally:
        _PLACES.release()


def _look(told: Told, known: str | None, wired: Services, taggers: Taggers, *, reasons: bool) -> Seen:
    """Have a text encoded and tag it; its language is `known`, or read off the words. Raises as `_encoded`."""
    language = known or languages.detect((told.text or told.title)[:_TOLD_CHARACTERS], told.language)
    doubted = doubts(f"{told.title}\n{told.text}", language, languages.second(told.text, language))
    if Doubt.EMPTY in doubted:
        return Seen(None, doubted, {head.facet: {} for head in taggers.heads}, [], None, {})
    read = passage(told)
    parts = sentences(read, language) if reasons else []
    vectors = _encoded([read, *parts], wired, taggers)
    [found] = taggers.probabilities(vectors[:1])
    stored = strongest(found, taggers.version)
    return Seen(language, doubted, found, stored, vectors[0], why.carriers(stored, parts, vectors[1:], taggers))


def _encoded(texts: list[str], wired: Services, taggers: Taggers) -> Vectors:
    """Vectors that these taggers are for. Raises EncoderAway, ArtefactMismatch."""
    encoder = wired.encoder()
    vectors = encoder.encode(texts)
    if encoder.digest != taggers.encoder:  # asked after the vectors, so it is the digest of what made them
        raise ArtefactMismatch(
            f"the taggers are for encoder {taggers.encoder[:12]}, and {encoder.digest[:12]} answers: "
            "start 'sluis work' or 'sluis enrich' with the same SLUIS_ENCODER, which fits them again"
        )
    return vectors


def _reasons(connection: Connection, tenant: TenantId, taggers: Taggers, seen: Seen, words: Taxonomy) -> dict[Key, Why]:
    if seen.vector is None:
        return {}
    said = taught(connection, tenant, taggers.encoder, why.taught_by(words, seen.stored))
    return why.explain(seen.stored, seen.vector, taggers.exemplars, said, words, seen.carriers)
