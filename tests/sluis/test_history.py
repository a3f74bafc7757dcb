"""What people did elsewhere comes in once, changes what is ranked from then on, and is no outcome of any slate."""

import csv
import json
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import update

from catalog import articles, events, people, slates, tables, tenants
from catalog.clock import utcnow
from catalog.records import EventType
from evaluation.replay import read
from ingest.handed import piece, push
from ranking import dataset
from ranking.dataset import LabelOptions
from ranking.features import INDEX
from tests import make

HEADER = "who,article,event,at\n"
LONG_AGO = "2025-11-02T10:00+01:00"


@pytest.fixture
def house(shell):
    """Ann, who opted in, Bob, who did not, and two articles, one known by its address and one by an external id too."""
    shell("init")
    with shell.database.write() as connection:
        tenants.set_encoder(connection, shell.tenant, make.ENCODER)
        people.upsert(connection, shell.tenant, [make.employee("sales", email="ann@acme.example")])
        people.upsert(connection, shell.tenant, [make.employee("sales", email="bob@acme.example", opted_in=False)])
        for seed, name in enumerate(("bridges", "locks", "tides")):
            make.store_live(
                connection, shell.tenant, make.audience("*"), seed=seed, url=f"https://news.example/{name}", title=name
            )
    return shell


@pytest.fixture
def write(house):
    def write(*lines, name="past.csv"):
        path = house.folder / name
        path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(path)

    return write


def log(house):
    with house.database.read() as connection:
        return list(events.since(connection, house.tenant, 0))


def ids(house):
    with house.database.read() as connection:
        (ann,) = (one.id for one in people.every(connection, house.tenant) if one.opted_in)
        found = articles.find(connection, house.tenant, url="https://news.example/bridges")
    return ann, found.id


def test_it_comes_in_once_however_it_is_spelled(house, write):
    first = write(f"ann@acme.example,https://news.example/bridges,open,{LONG_AGO}")
    assert "1 new, 0 known already, 0 refused" in house("history", "import", first)
    ann, article = ids(house)
    again = write(f"ANN@acme.example,{article},OPEN,2025-11-02T09:00Z", f"{ann},{article},open,{LONG_AGO}")
    assert "0 new, 2 known already, 0 refused, of 2 rows" in house("history", "import", again)
    path = house.folder / "past.parquet"
    at = pa.array([1762074000], pa.timestamp("s", "UTC"))
    pq.write_table(pa.table({"who": [ann], "article": [article], "event": ["open"], "at": at}), path)
    assert "0 new, 1 known already" in house("history", "import", str(path))
    (event,) = log(house)
    assert (event.type, event.slate_id, event.employee_id, event.article_id) == (EventType.OPEN, None, ann, article)
    assert event.axes["function"] == {"sales"}
    assert event.received_at > event.at + timedelta(days=30)


def test_what_does_not_fit_is_set_aside_with_the_reason_and_can_be_put_right(house, write):
    wrong = {
        f"eve@acme.example,https://news.example/bridges,open,{LONG_AGO}": "unknown person",
        f"bob@acme.example,https://news.example/bridges,open,{LONG_AGO}": "has not opted in",
        f"ann@acme.example,https://news.example/none,open,{LONG_AGO}": "unknown article",
        f"ann@acme.example,http://[,open,{LONG_AGO}": "unknown article",
        f"ann@acme.example,ext:42,open,{LONG_AGO}": "unknown article",
        f"ann@acme.example,https://news.example/bridges,seen,{LONG_AGO}": "unknown event",
        "ann@acme.example,https://news.example/bridges,open,2025-11-02T10:00": "no time zone",
        "ann@acme.example,https://news.example/bridges,open,yesterday": "no moment",
        "ann@acme.example,https://news.example/bridges,open,2925-11-02T10:00Z": "in the future",
        f"ann@acme.example,,open,{LONG_AGO}": "no article",
    }
    good = f"ann@acme.example,https://news.example/locks,share,{LONG_AGO}"
    path = write(*wrong, good)
    told = house("history", "import", path)
    assert "1 new, 0 known already, 10 refused, of 11 rows" in told
    aside = house.folder / "past.csv.quarantine.csv"
    with aside.open(encoding="utf-8", newline="") as file:
        kept = list(csv.DictReader(file))
    assert [",".join(row[name] for name in ("who", "article", "event", "at")) for row in kept] == list(wrong)
    assert all(row["reason"].startswith(reason) for row, reason in zip(kept, wrong.values(), strict=True))
    assert [row["row"] for row in kept] == [str(number) for number in range(2, 12)]
    assert "exists already" in house.fails("history", "import", path)
    house("people", "opt-in", "bob@acme.example")
    told = json.loads(
        house("history", "import", str(aside), "--timezone", "Europe/Amsterdam", "--quarantine", path + "2", "--json")
    )
    assert (told["added"], told["known"], sum(told["refused"].values())) == (2, 0, 8)
    assert len(log(house)) == 3
    assert aside.stat().st_mode & 0o077 == 0  # it holds addresses of people


def test_what_a_file_of_refused_rows_protects_is_known_again(house, write):
    with house.database.write() as connection:
        people.upsert(connection, house.tenant, [make.employee("sales", id="+31x", email="kim@acme.example")])
    house("people", "opt-in", "kim@acme.example")
    wrong = write("+31x,https://news.example/unknown,open," + LONG_AGO)
    house.fails("history", "import", wrong)
    aside = house.folder / "past.csv.quarantine.csv"
    mended = aside.read_text(encoding="utf-8").replace("unknown,", "locks,")
    assert "'+31x" in mended
    again = house.folder / "mended.csv"
    again.write_text(mended, encoding="utf-8")
    assert "1 new" in house("history", "import", str(again))


def test_a_file_of_which_nothing_fits_fails_and_a_bad_one_is_named(house, write):
    assert "none of 1 row fits" in house.fails("history", "import", write("eve@acme.example,a,open," + LONG_AGO))
    (house.folder / "b.csv").write_text("a,b\n1,2\n")
    assert "no column 'who'" in house.fails("history", "import", str(house.folder / "b.csv"))
    assert "no time zone" in house.fails("history", "import", "x.csv", "--timezone", "Mars")
    assert log(house) == []


def test_external_ids_name_articles(house, write):
    with house.database.write() as connection:
        handed = piece("cms-42", title="Tides", text="The tides turn twice a day. " * 40)
        push(connection, house.tenant, "import", [handed], utcnow())
    unread = write(f"ann@acme.example,ext:cms-42,like,{LONG_AGO}")
    assert "unknown article" in house.fails("history", "import", unread)  # there is nothing yet that could be liked
    (house.folder / "past.csv.quarantine.csv").unlink()
    _, article = ids(house)
    with house.database.write() as connection:
        is_it = tables.feed_items.c.key == "cms-42"
        connection.execute(update(tables.feed_items).where(is_it).values(article_id=article))
    assert "1 new" in house("history", "import", unread)
    assert "0 new, 1 known" in house("history", "import", write(f"ann@acme.example,cms-42,like,{LONG_AGO}"))


def test_slates_of_before_and_after_are_made_again_to_the_bit(house, write):
    house("feed", "ann@acme.example")
    names = ("bridges", "locks", "tides")
    past = [
        f"ann@acme.example,https://news.example/{name},open,2025-11-0{day}T10:00Z" for day, name in enumerate(names, 1)
    ]
    house("history", "import", write(*past[:2]))
    house("feed", "ann@acme.example")
    house("history", "import", write(past[2], name="more.csv"))
    house("feed", "ann@acme.example")
    assert "3 slates, 0 differences" in house("audit", "replay")
    with house.database.read() as connection:
        served = list(slates.every(connection, house.tenant))
    opened = [{item.features[INDEX["opened_before"]] for item in slate.items} for slate in served]
    assert [slate.seq for slate in served] == [0, 2, 3]
    assert opened == [{0.0}, {2.0}, {3.0}]


def test_no_slate_earned_anything_by_it(house, write):
    """Opens of the very articles that a slate offers, imported after it: training and estimates hear of none."""
    house("feed", "ann@acme.example")
    with house.database.read() as connection:
        (slate,) = slates.every(connection, house.tenant)
    with house.database.write() as connection:
        seen = [make.event(slate, place, EventType.SEEN) for place in (1, 2, 3)]
        events.append(connection, house.tenant, seen)

    def told():
        with house.database.read() as connection:
            until, options = slate.created_at + timedelta(days=2), LabelOptions()
            made = dataset.load(connection, house.tenant, until, options)
            found = dataset.outcomes({slate.id: slate}, read(connection, house.tenant).events, until, options.horizon)
        return made, found

    before, heard = told()
    happened = (slate.created_at - timedelta(seconds=1)).isoformat()
    past = [f"ann@acme.example,{item.article_id},share,{happened}" for item in slate.items]
    assert "3 new" in house("history", "import", write(*past))
    after, still = told()
    assert before.labels.tolist() == after.labels.tolist() == [0, 0, 0]
    assert heard == still
    assert np.array_equal(before.rows, after.rows)
