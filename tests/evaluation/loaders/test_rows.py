"""Other people's files, row by row: every form says the same, and what is wrong with one is said."""

import gzip
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluation.loaders import rows
from evaluation.loaders.rows import BadFile

TEXT = "who,at\nann,1\nbob,\n"


def test_every_form_gives_the_same_rows(tmp_path):
    (tmp_path / "a.csv").write_text("\ufeff" + TEXT, encoding="utf-8")
    with gzip.open(tmp_path / "a.csv.gz", "wt", encoding="utf-8") as file:
        file.write(TEXT)
    (tmp_path / "a.jsonl").write_text('{"who": "ann", "at": "1"}\n\n{"who": "bob", "at": null}\n')
    pq.write_table(pa.table({"who": ["ann", "bob"], "at": ["1", None]}), tmp_path / "a.parquet")
    for path in tmp_path.iterdir():
        assert [row for _, row in rows.read(path, ["who"])] == [{"who": "ann", "at": "1"}, {"who": "bob", "at": None}]
    assert [number for number, _ in rows.read(tmp_path / "a.csv")] == [2, 3]
    assert [number for number, _ in rows.read(tmp_path / "a.jsonl")] == [1, 3]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"x", "no known form"),
        ("a.csv", b"what,at\n", "no column 'who'"),
        ("a.csv", b"", "no column 'who'"),
        ("a.csv", b"who\n\xff", "UTF-8"),
        ("a.csv", b"who\n" + b"x" * 200_000, "cannot be read as csv"),
        ("a.csv.gz", b"who\n", "a.csv.gz"),
        ("a.parquet", b"who\n", "cannot be read as parquet"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadFile, match=says):
        list(rows.read(tmp_path / name, ["who"]))
    with pytest.raises(BadFile, match="No such file"):
        list(rows.read(tmp_path / "none.csv"))


def test_a_line_that_is_no_object_is_an_empty_row(tmp_path):
    (tmp_path / "a.jsonl").write_text('[1]\n{"who": \n{"who": "ann"}\n')
    assert list(rows.read(tmp_path / "a.jsonl", ["who"])) == [(1, {}), (2, {}), (3, {"who": "ann"})]


def test_files_are_found_by_name_wherever_they_lie(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "sample-items.csv.gz").touch()
    assert rows.find(tmp_path, "items", ".csv") == tmp_path / "deep" / "sample-items.csv.gz"
    assert rows.find(tmp_path, "people", ".csv") is None
    assert rows.find(tmp_path, "items", ".parquet") is None
    (tmp_path / "items.parquet").touch()
    with pytest.raises(BadFile, match="several items"):
        rows.find(tmp_path, "items", *rows.FORMS)


def test_moments_are_aware_or_refused():
    nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for given in ("2026-03-02T10:00+01:00", "2026-03-02 09:00Z", nine.timestamp(), str(int(nine.timestamp())), nine):
        assert rows.moment(given) == nine
    assert rows.moment("2026-03-02T10:00", ZoneInfo("Europe/Amsterdam")) == nine
    for wrong in ("2026-03-02", datetime(2026, 3, 2), "soon", None, [], "9"):  # noqa: DTZ001
        with pytest.raises(ValueError):
            rows.moment(wrong)
