"""One's own files: lists or events, in any form, and what is wrong with a row is said."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.errors import Invalid
from evaluation.loaders import named, own
from evaluation.loaders.rows import BadFile

SHOWN = """impression,person,item,at,clicked,position
i1,ann,a,2026-03-02T09:00Z,0,2
i1,ann,b,2026-03-02T09:00Z,1,1
i2,bob,a,2026-03-02T08:00Z,1,1
"""
EVENTS = """person,item,event,at
ann,c,share,2026-03-01T09:00Z
ann,a,open,2026-02-01T09:00Z
"""
ITEMS = """id,published_at,topics,kinds,functions,source,language,words,internal
a,2026-01-01T00:00Z,labour;energy,news,sales,blog,nl,300,1
b,2027-01-01T00:00Z,,,,,,,
z,2026-01-01T00:00Z,,,,,,,
"""


def write(folder, **files):
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    return folder


def test_lists_come_in_the_order_shown_and_of_time(tmp_path):
    told = own.load(write(tmp_path, impressions=SHOWN, people="id,functions\nann,sales;hr\n"))
    assert [(one.id, one.person, one.shown, one.chosen) for one in told.impressions] == [
        ("i2", "bob", ("a",), {"a"}),
        ("i1", "ann", ("b", "a"), {"b"}),
    ]
    assert told.people == {"ann": {"function": {"sales", "hr"}}}


def test_events_are_numbered_and_items_are_no_younger_than_they_were_met(tmp_path):
    told = own.load(write(tmp_path, events=EVENTS, items=ITEMS, impressions=SHOWN))
    assert [(event.seq, event.article_id, event.type.value) for event in told.events] == [
        (1, "a", "open"),
        (2, "c", "share"),
    ]
    about = {one.id: one for one in told.articles}
    assert {name: one.published_at for name, one in about.items()} == {
        "a": datetime(2026, 1, 1, tzinfo=UTC),
        "b": datetime(2026, 3, 2, 9, tzinfo=UTC),
        "c": datetime(2026, 3, 1, 9, tzinfo=UTC),
    }
    assert about["a"].tags == {"topic": {"labour": 1, "energy": 1}, "kind": {"news": 1}, "function": {"sales": 1}}
    one = about["a"]
    assert (one.source_id, one.language, one.words, one.internal) == ("blog", "nl", 300, True)


def test_parquet_says_the_same_with_its_own_types(tmp_path):
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    shown = {"impression": [1, 1], "person": [7, 7], "item": [1, 2], "at": [at, at], "clicked": [True, False]}
    pq.write_table(pa.table(shown), tmp_path / "impressions.parquet")
    pq.write_table(pa.table({"id": [1], "topics": [["labour"]], "internal": [0.0]}), tmp_path / "items.parquet")
    told = own.load(tmp_path)
    (one,) = told.impressions
    assert (one.person, one.shown, one.chosen, one.at) == ("7", ("1", "2"), {"1"}, at)
    assert {each.id: dict(each.tags) for each in told.articles} == {"1": {"topic": {"labour": 1.0}}, "2": {}}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "neither impressions nor events"),
        ({"impressions": "impression,person\n"}, "no column 'item'"),
        ({"impressions": SHOWN + "i1,ann,c,2026-03-02T09:00Z,0,1\n"}, "do not stand together"),
        ({"impressions": SHOWN.replace(",1,1", ",maybe,1")}, "row 3: 'maybe' is neither 1 nor 0"),
        ({"impressions": SHOWN.replace("2026-03-02T08:00Z", "soon")}, "row 4: 'soon' is no moment"),
        ({"impressions": SHOWN.replace(",1,1", ",1,first", 1)}, "row 3: position is 'first'"),
        ({"impressions": SHOWN.replace("i1,ann,b", "i1,ann,")}, "row 3: item is empty"),
        ({"impressions": SHOWN.replace("i2,bob", "i2,")}, "row 4: person is empty"),
        ({"events": EVENTS.replace("ann,c", ",c")}, "person is empty"),
        ({"events": EVENTS, "items": ITEMS.replace(",300,", ",n/a,")}, "words is 'n/a', which is no number"),
        ({"events": EVENTS.replace("share", "smile")}, "'smile' is no event"),
        ({"events": EVENTS, "items": ITEMS.replace("2026-01-01T00:00Z,labour", "once,labour")}, "'once' is no moment"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(tmp_path, files, says):
    with pytest.raises(BadFile, match=says):
        own.load(write(tmp_path, **files))


def test_a_log_that_is_not_known_names_those_that_are(tmp_path):
    with pytest.raises(Invalid, match="use one of deskdrop, mind, ebnerd, own"):
        named.load("movies", tmp_path)
