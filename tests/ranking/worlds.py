"""Small worlds for tests of ranking: live articles, and what people did with them."""

from datetime import timedelta

from catalog.records import FUNCTION, EventType
from ranking import profile
from ranking.snapshot import Snapshot
from ranking.state import State
from tests import make
from tests.make import NOW

SALES = {FUNCTION: frozenset({"sales"})}


def snapshot(*articles, hard_axes=(FUNCTION,)):
    return Snapshot.build(articles, hard_axes)


def numbered(count, **given):
    """Articles that are named a0, a1, …, each a minute newer than the one before."""
    return [
        make.live_article(number, id=f"a{number}", published_at=NOW - timedelta(minutes=count - number), **given)
        for number in range(count)
    ]


def did(*deeds, at=NOW - timedelta(hours=1)):
    """The state after `deeds`, each (person, type, article), by people in sales."""
    return State.replay(
        make.event(make.slate(person, [article]), type=type_, at=at, received_at=at, axes=SALES, seq=seq)
        for seq, (person, type_, article) in enumerate(deeds, start=1)
    )


def opened(person, *articles):
    return [(person, EventType.OPEN, article) for article in articles]


def person(state, world, who="ann", axes=SALES, now=NOW):
    return profile.build(who, axes, state, world, now)
