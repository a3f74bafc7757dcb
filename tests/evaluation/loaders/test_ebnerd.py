"""EB-NeRD's files as lists that were shown and clicks of the weeks before."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.records import EventType
from evaluation.loaders import ebnerd
from evaluation.loaders.rows import BadFile

BEGUN = datetime(2023, 5, 18, 7)  # noqa: DTZ001 - as the files have it
HOUR = timedelta(hours=1)


def written(tmp_path, articles=True):
    behaviors = {
        "impression_id": [2, 1],
        "user_id": [12, 11],
        "impression_time": [BEGUN + HOUR, BEGUN],
        "article_ids_inview": [[3, 1, 3], [1, 2]],
        "article_ids_clicked": [[3], [2, 99]],
    }
    history = {
        "user_id": [11, 12],
        "impression_time_fixed": [[BEGUN - 2 * HOUR, BEGUN + HOUR], [BEGUN - 3 * HOUR]],
        "article_id_fixed": [[7, 8], [7]],
    }
    pq.write_table(pa.table(behaviors), tmp_path / "behaviors.parquet")
    pq.write_table(pa.table(history), tmp_path / "history.parquet")
    if articles:
        about = {
            "article_id": [1, 2],
            "published_time": [BEGUN - 9 * HOUR, BEGUN + 9 * HOUR],
            "category_str": ["sport", None],
            "topics": [["Fodbold", "sport"], None],
        }
        pq.write_table(pa.table(about), tmp_path / "articles.parquet")
    return tmp_path


def test_lists_and_earlier_clicks_stand_in_order_of_time(tmp_path):
    told = ebnerd.load(written(tmp_path))
    assert [(one.id, one.person, one.shown, one.chosen) for one in told.impressions] == [
        ("1", "11", ("1", "2"), {"2"}),
        ("2", "12", ("3", "1"), {"3"}),
    ]
    assert told.impressions[0].at == BEGUN.replace(tzinfo=UTC)
    assert [(event.seq, event.employee_id, event.article_id, event.type) for event in told.events] == [
        (1, "12", "7", EventType.OPEN),
        (2, "11", "7", EventType.OPEN),
    ]  # a click of the time of the lists is told by them alone


def test_articles_are_published_no_later_than_they_were_met(tmp_path):
    told = {one.id: one for one in ebnerd.load(written(tmp_path)).articles}
    ages = {name: one.published_at.replace(tzinfo=None) - BEGUN for name, one in told.items()}
    assert ages == {"1": -9 * HOUR, "2": 0 * HOUR, "3": HOUR, "7": -3 * HOUR}
    assert told["1"].tags == {"topic": {"sport": 1.0, "Fodbold": 1.0}}
    assert told["2"].tags == {"topic": {}}
    assert told["3"].tags == {}


def test_only_the_lists_are_needed(tmp_path):
    written(tmp_path, articles=False)
    (tmp_path / "history.parquet").unlink()
    assert ebnerd.load(tmp_path).events == ()
    (tmp_path / "behaviors.parquet").unlink()
    with pytest.raises(BadFile, match=r"behaviors\.parquet"):
        ebnerd.load(tmp_path)
    pq.write_table(pa.table({"user_id": [1]}), tmp_path / "behaviors.parquet")
    with pytest.raises(BadFile, match="no column 'impression_id'"):
        ebnerd.load(tmp_path)


def test_the_real_sample_can_be_read(data):
    told = ebnerd.load(data / "loaders")
    assert len(told.impressions) == 1046
    assert all(one.chosen <= set(one.shown) for one in told.impressions)
    assert all(event.at < told.impressions[0].at for event in told.events)
