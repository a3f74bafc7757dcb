"""From what a caller says of an article to what is kept of it: checked against the vocabulary, or refused by name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from api.schemas import ArticleIn
from catalog.errors import Forbidden
from catalog.keys import Caller, Scope
from catalog.records import FUNCTION, Audience
from catalog.taxonomy import Taxonomy
from curation import audience as audiences
from ingest import handed
from ingest.handed import Piece


def audience(said: Mapping[str, Sequence[str]] | None, taxonomy: Taxonomy) -> Audience | None:
    """Whom something is for, as a caller says it per axis; None where they say nothing. Raises what `parse` does."""
    words = [f"{axis}={value}" for axis, values in (said or {}).items() for value in values]
    return audiences.parse(words, taxonomy) if words else None


def piece(
    external_id: str,
    said: ArticleIn,
    taxonomy: Taxonomy,
    key: Caller | None = None,
    hard_axes: Sequence[str] = (FUNCTION,),
) -> Piece:
    """The article as it is handed in, through a `key` or by an operator.

    Raises Invalid, which names the field or the value and the remedy; for one to be approved Forbidden where the key
    may not, and NoAudience where its audience leaves a hard axis open.
    """
    made = handed.piece(
        external_id,
        **said.model_dump(exclude={"audience", "tags", "source", "external_id", "approve"}),
        audience=audience(said.audience, taxonomy),
        tags={facet: taxonomy.require(facet, concepts) for facet, concepts in said.tags.items()},
    )
    if not said.approve:
        return made
    if key is None or Scope.APPROVE not in key.scopes:
        raise Forbidden(f"approve: that takes a key with scope {Scope.APPROVE}: make one, or leave approve out")
    audiences.require_complete(made.audience, hard_axes)
    return replace(made, approved_by=key.label)
