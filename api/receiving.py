"""From what a caller says of an article to what is kept of it: checked against the vocabulary, or refused by name."""

from api.schemas import ArticleIn
from catalog.taxonomy import Taxonomy
from curation import audience as audiences
from ingest import handed
from ingest.handed import Piece


def piece(external_id: str, said: ArticleIn, taxonomy: Taxonomy) -> Piece:
    """The article as it is handed in. Raises Invalid, which names the field or the value and the remedy."""
    words = [f"{axis}={value}" for axis, values in (said.audience or {}).items() for value in values]
    return handed.piece(
        external_id,
        **said.model_dump(exclude={"audience", "tags", "source", "external_id"}),
        audience=audiences.parse(words, taxonomy) if words else None,
        tags={facet: taxonomy.require(facet, concepts) for facet, concepts in said.tags.items()},
    )
