"""What the queue is told by ranking, which curation does not know: how much colleagues will do with a candidate."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from catalog import articles, response, tenants
from catalog.ids import TenantId
from catalog.stories import members
from curation.queue import WAITING, Engagement
from ranking.anticipate import AnticipateOptions, anticipate

_REMEMBERED: Final = timedelta(days=90)


def engagement(connection: Connection, tenant: TenantId, now: datetime) -> Engagement:
    """Of everything that waits; empty where nobody was shown anything yet."""
    encoder = tenants.get(connection, tenant).encoder
    responses = response.of_articles(connection, tenant, now - _REMEMBERED)
    if encoder is None or not responses:
        return {}
    awaited = [member.id for member in members(connection, tenant, WAITING)]
    vectors = articles.vectors(connection, tenant, encoder, [*awaited, *responses])
    candidates = {each: vectors[each] for each in awaited if each in vectors}
    return anticipate(candidates, vectors, responses, AnticipateOptions())
