"""The Deskdrop copy as events: in order, without gaps, and with nothing that only the future told."""

import gzip
from datetime import UTC, datetime

import pytest

from catalog.errors import Invalid
from catalog.records import EventType
from evaluation.loaders import deskdrop

HEAD = "timestamp,eventType,contentId,personId,sessionId,userRegion,userCountry"


def written(tmp_path, *lines):
    path = tmp_path / deskdrop.FILE
    path.parent.mkdir()
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join([HEAD, *lines]) + "\n")
    return tmp_path


def test_lines_become_events_in_order_and_articles_are_born_at_the_first(tmp_path):
    lines = [
        "20,LIKE,a,ann,1,SP,BR",
        "10,VIEW,a,bob,2,,",
        "30,COMMENT CREATED,b,ann,1,SP,BR",
        "40,FOLLOW,b,bob,1,SP,BR",
    ]
    told = deskdrop.load(written(tmp_path, *lines))
    assert [(event.seq, event.employee_id, event.type) for event in told.events] == [
        (1, "bob", EventType.OPEN),
        (2, "ann", EventType.LIKE),
        (3, "ann", EventType.SHARE),
        (4, "bob", EventType.SAVE),
    ]
    born = {article.id: article.published_at for article in told.articles}
    assert born == {"a": datetime.fromtimestamp(10, UTC), "b": datetime.fromtimestamp(30, UTC)}


def test_a_missing_copy_and_an_unknown_kind_of_event_are_said(tmp_path):
    with pytest.raises(Invalid, match="interactions.csv.gz"):
        deskdrop.load(tmp_path)
    with pytest.raises(Invalid, match="'SMILE'"):
        deskdrop.load(written(tmp_path, "10,SMILE,a,bob,2,,"))
