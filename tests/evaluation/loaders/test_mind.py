"""MIND's files as lists that were shown, with nothing that only later became known."""

import gzip
from datetime import UTC, datetime

import pytest

from evaluation.loaders import mind
from evaluation.loaders.rows import BadFile

LINES = (
    "2\tU2\t11/12/2019 2:14:46 PM\t\tN3-1 N1-0",
    "1\tU1\t11/12/2019 5:53:12 AM\tN9 N8\tN1-0 N2-1 N3-1",
)
NEWS = "N1\tsports\tgolf\tA title\tAn abstract\thttps://x.example\t[]\t[]\nN2\tnews\t\tTitle\t\t\t[]\t[]\n"


def written(tmp_path, *lines, news=NEWS):
    with gzip.open(tmp_path / "sample-behaviors.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    if news:
        (tmp_path / "news.tsv").write_text(news, encoding="utf-8")
    return tmp_path


def test_lists_stand_in_order_of_time_with_what_was_chosen(tmp_path):
    told = mind.load(written(tmp_path, *LINES))
    assert [(one.id, one.person, one.shown, one.chosen) for one in told.impressions] == [
        ("1", "U1", ("N1", "N2", "N3"), {"N2", "N3"}),
        ("2", "U2", ("N3", "N1"), {"N3"}),
    ]
    assert told.impressions[0].at == datetime(2019, 11, 12, 5, 53, 12, tzinfo=UTC)
    assert [one.before for one in told.impressions] == [("N9", "N8"), ()]
    assert told.events == ()


def test_articles_are_as_old_as_their_first_appearance_and_have_their_topics(tmp_path):
    told = {one.id: one for one in mind.load(written(tmp_path, *LINES)).articles}
    assert set(told) == {"N1", "N2", "N3", "N8", "N9"}
    assert {one.published_at for one in told.values()} == {datetime(2019, 11, 12, 5, 53, 12, tzinfo=UTC)}
    assert told["N1"].tags == {"topic": {"sports": 1.0, "golf": 1.0}}
    assert (told["N2"].tags, told["N3"].tags) == ({"topic": {"news": 1.0}}, {})
    (tmp_path / "news.tsv").unlink()
    assert not any(one.tags for one in mind.load(tmp_path).articles)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1\tU1\tyesterday\t\tN1-0", "line 1"),
        ("1\tU1\t11/12/2019 5:53:12 AM\t\tN1-7", "1 or 0"),
        ("1\tU1\t11/12/2019 5:53:12 AM\t\tN1", "line 1"),
        ("1\tU1", "2 fields, 5 are needed"),
    ],
)
def test_a_line_of_another_form_is_said(tmp_path, line, says):
    with pytest.raises(BadFile, match=says):
        mind.load(written(tmp_path, line))


def test_a_missing_copy_and_a_damaged_one_are_said(tmp_path):
    with pytest.raises(BadFile, match=r"behaviors\.tsv"):
        mind.load(tmp_path)
    (tmp_path / "behaviors.tsv.gz").write_bytes(b"no gzip")
    with pytest.raises(BadFile, match="cannot be read"):
        mind.load(tmp_path)


def test_the_real_sample_can_be_read(data):
    told = mind.load(data / "loaders")
    assert len(told.impressions) == 1000
    assert all(one.chosen <= set(one.shown) for one in told.impressions)
