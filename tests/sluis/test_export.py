"""Out and back in: an export says what the database says, teaches the same ranker, and only that ranker gets in."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow.parquet as pq
import pytest

from catalog import events, exports, people, slates, tenants
from catalog.database import Database
from catalog.ids import TenantId
from evaluation.benchmarks import stock
from evaluation.synthetic import simulate
from models.heuristic import HeuristicRanker
from models.manifest import RANKER
from models.ranker import LambdaMartOptions
from models.registry import Registry
from ranking import training
from ranking.config import RankingOptions
from ranking.feed import FeedService
from ranking.splits import SplitOptions
from tests import make
from tests.make import NOW

TENANT = TenantId("default")
NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "from-an-export.ipynb"
OPTIONS = training.TrainingOptions(
    train_slates=10,
    held_out_slates=3,
    split=SplitOptions(timedelta(days=2), timedelta(days=2)),
    trees=LambdaMartOptions(rounds=20, rows_per_leaf=3, threads=1),
)


@pytest.fixture(scope="module")
def lived_in(sqlite_template, tmp_path_factory):
    """The database of twelve people who used their feeds for ten days."""
    path, random = tmp_path_factory.mktemp("lived") / "sluis.db", np.random.default_rng(1)
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with database.write() as connection:
        tenants.ensure(connection, TENANT, "Acme", NOW)
    staff = stock.staff(12, NOW, random)
    live = stock.live_articles(24, 8, timedelta(days=14), NOW, random)
    stock.store(database, TENANT, live, staff, NOW, lambda _: None)
    service = FeedService(TENANT, HeuristicRanker, RankingOptions())
    simulate(database, TENANT, service, staff, 10, NOW, seed=1)
    database.close()
    return path


@pytest.fixture
def house(shell, lived_in, monkeypatch):
    """A terminal of that organisation, in which little is enough to learn from."""
    shutil.copy(lived_in, shell.folder / "sluis.db")
    monkeypatch.setattr(training, "TrainingOptions", lambda **given: replace(OPTIONS, **given))
    return shell


@pytest.fixture
def out(house):
    house("export", str(house.folder / "out"))
    return house.folder / "out"


def table(folder, name):
    return pq.read_table(folder / f"{name}.parquet").to_pylist()


def everything(folder):
    return "".join(str(table(folder, name)) for name in ("slates", "items", "events", "articles")) + (
        folder / "README.md"
    ).read_text(encoding="utf-8")


def test_an_export_says_to_the_bit_what_was_logged(house, out):
    with house.database.read() as connection:
        logged = list(slates.every(connection, TENANT))
        happened = list(events.since(connection, TENANT, 0))
    told, places, heard = table(out, "slates"), table(out, "items"), table(out, "events")
    assert [row["created_at"] for row in told] == [slate.created_at for slate in logged]
    assert [(row["ranker"], row["seq"]) for row in told] == [(slate.ranker, slate.seq) for slate in logged]
    assert [set(row["function"]) for row in told] == [set(slate.axes["function"]) for slate in logged]
    items = [(slate, item) for slate in logged for item in slate.items]
    assert len(items) == len(places) > 100
    for (slate, item), row in zip(items, places, strict=True):
        assert (row["article_id"], row["position"]) == (item.article_id, item.position)
        assert (row["propensity"].hex(), row["score"].hex()) == (item.propensity.hex(), item.score.hex())
        features = [row[f"f_{name}"] for name in slate.feature_names]
        assert [value.hex() for value in features] == [value.hex() for value in item.features]
    name_of = {slate.id: row["slate_id"] for slate, row in zip(logged, told, strict=True)}
    assert [(row["type"], row["at"], row["slate_id"]) for row in heard] == [
        (event.type, event.at, name_of[event.slate_id]) for event in happened
    ]
    facts = json.loads((out / "export.json").read_bytes())
    assert facts["rows"] == {
        "slates.parquet": len(told),
        "items.parquet": len(places),
        "events.parquet": len(heard),
    } | {"articles.parquet": len(table(out, "articles"))}


def test_nobody_is_named_and_who_left_is_not_in_it(house, out):
    with house.database.read() as connection:
        staff = people.every(connection, TENANT)
        ids = [slate.id for slate in slates.every(connection, TENANT)]
    told = everything(out)
    for known in [*(value for one in staff for value in (one.id, one.email, one.name)), *ids]:
        assert known not in told
    persons = {row["person"] for row in table(out, "slates")}
    house("people", "opt-out", staff[0].email)
    house("people", "erase", staff[1].email)
    assert "opted out" in house("export", str(house.folder / "later"))
    later = {row["person"] for name in ("slates", "events") for row in table(house.folder / "later", name)}
    assert len(later) == len(persons) - 2
    assert later < persons
    assert "events of people who were erased" in (house.folder / "later" / "README.md").read_text()


def test_text_and_further_axes_go_along_only_where_they_are_asked_for(house, out):
    assert "text" not in pq.read_schema(out / "articles.parquet").names
    assert "language" not in pq.read_schema(out / "events.parquet").names
    more = house.folder / "more"
    house("export", str(more), "--with-text", "--axis", "language")
    assert all(row["text"] for row in table(more, "articles"))
    assert any(row["language"] for row in table(more, "events"))
    assert "use one of function" in house.fails("export", str(house.folder / "x"), "--axis", "shoe")
    assert "exists already" in house.fails("export", str(out))


def test_articles_come_with_tags_and_the_pages_of_a_long_list_are_joined(house, out, monkeypatch):
    monkeypatch.setattr(exports, "_PAGE", 5)
    with house.database.read() as connection:
        paged = [row.id for row in exports.articles(connection, TENANT, text=False)]
    told = table(out, "articles")
    assert [row["id"] for row in told] == paged
    assert len(set(paged)) == 24
    assert all(row["tags"] and 0 < row["tags"][0]["probability"] <= 1 for row in told)


def test_an_export_teaches_the_very_same_ranker(house, out):
    house("train")
    there = house.folder / "there"
    house("train", "--data", str(out), "--to", str(there))
    registry = Registry(house.folder / "artefacts")
    (home,) = registry.manifests(RANKER)
    assert registry.read(home)["model.txt"] == (there / "model.txt").read_bytes()
    assert json.loads((there / "manifest.json").read_bytes())["metrics"] == home.metrics
    assert home.name in house.fails("models", "add", str(there))  # it is there already


def test_training_elsewhere_asks_for_no_database(house, out, monkeypatch):
    monkeypatch.setenv("SLUIS_DATA_DIR", str(house.folder / "nothing"))
    house("train", "--data", str(out), "--to", str(house.folder / "there"))
    assert not (house.folder / "nothing").exists()
    assert "--to" in house.fails("train", "--data", str(out))
    assert "exists already" in house.fails("train", "--data", str(out), "--to", str(house.folder / "there"))


def test_what_was_learned_elsewhere_meets_the_same_gate(house, out):
    there = house.folder / "there"
    house("train", "--data", str(out), "--to", str(there))
    assert "is a challenger" in house("models", "add", str(there))
    (made,) = Registry(house.folder / "artefacts").manifests(RANKER)
    assert made.facts["export"] == json.loads((out / "export.json").read_bytes())["id"]
    complaint = house.fails("models", "promote", made.name)
    assert "stays a challenger" in complaint
    assert "slates with different grades, of 40 needed" in complaint


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("model.txt", "model.txt was altered"),
        ("ranker.json", "ranker.json was altered"),
        ("manifest.json", "was altered since"),
        ("manifest.seal", "was altered since"),
    ],
)
def test_a_file_that_was_altered_on_its_way_is_refused(house, out, file, says):
    there = house.folder / "there"
    house("train", "--data", str(out), "--to", str(there))
    content = bytearray((there / file).read_bytes())
    place = content.index(b"1")
    content[place : place + 1] = b"2"
    (there / file).write_bytes(content)
    complaint = house.fails("models", "add", str(there))
    assert says in complaint
    assert "sluis train --data" in complaint
    (there / file).unlink()
    assert "cannot be read" in house.fails("models", "add", str(there))
    assert Registry(house.folder / "artefacts").manifests(RANKER) == []


def test_a_ranker_of_another_house_is_refused(house, out, monkeypatch, tmp_path):
    there = house.folder / "there"
    house("train", "--data", str(out), "--to", str(there))
    monkeypatch.setenv("SLUIS_TENANT", "other")
    assert "not learned from an export of this organisation" in house.fails("models", "add", str(there))
    monkeypatch.setenv("SLUIS_TENANT", "default")
    monkeypatch.setenv("SLUIS_DATA_DIR", str(tmp_path / "other"))
    assert "not learned from an export of this organisation" in house.fails("models", "add", str(there))


def test_an_export_that_was_altered_teaches_nothing(house, out):
    to = ("--to", str(house.folder / "there"))
    shutil.copytree(out, house.folder / "copy")
    shutil.copy(out / "items.parquet", house.folder / "copy" / "events.parquet")
    assert "copy the whole export again" in house.fails("train", "--data", str(house.folder / "copy"), *to)
    (house.folder / "copy" / "slates.parquet").unlink()
    assert "slates.parquet cannot be read" in house.fails("train", "--data", str(house.folder / "copy"), *to)
    (out / "return.key").unlink()
    assert "return.key is missing" in house.fails("train", "--data", str(out), *to)
    assert "is no export" in house.fails("train", "--data", str(house.folder / "none"), *to)
    assert not (house.folder / "there").exists()


def test_a_feature_that_a_slate_was_not_logged_with_is_missing_not_zero(shell):
    shell("init")
    with shell.database.write() as connection:
        person = make.employee("sales")
        live = [make.store_live(connection, TENANT, make.audience("*"), seed=number).id for number in range(2)]
        make.store_slate(connection, TENANT, person, make.slate(person.id, live, feature_names=("of old",)))
        later = make.slate(person.id, live, created_at=NOW + timedelta(hours=1), feature_names=("log_age",))
        slates.save(connection, TENANT, later)
    shell("export", str(shell.folder / "out"))
    rows = table(shell.folder / "out", "items")
    assert [(row["f_log_age"], row["f_of old"]) for row in rows] == [(None, 1.0), (None, 2.0), (1.0, None), (2.0, None)]
    assert "no slates to export" in shell_without_slates(shell)


def shell_without_slates(shell):
    with shell.database.read() as connection:
        (person,) = people.every(connection, TENANT)
    shell("people", "erase", person.email)
    return shell.fails("export", str(shell.folder / "again"))


def test_the_notebook_runs_from_an_export_to_a_challenger(house, out, monkeypatch):
    """Cell by cell as Jupyter would, without it; what it writes comes home."""
    there = house.folder / "there"
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("SLUIS_EXPORT", str(out))
    monkeypatch.setenv("SLUIS_MODEL", str(there))
    monkeypatch.setattr(training, "TrainingOptions", lambda **given: replace(OPTIONS, train_slates=1000, **given))
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    known: dict[str, object] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []  # what a run shows is of real people
            exec("".join(cell["source"]), known)
    plt.close("all")
    with house.database.read() as connection:
        happened = list(events.since(connection, TENANT, 0))
    assert known["counts"] == Counter(event.type for event in happened)
    assert known["seen"][0] > known["opened"][0] > 0
    assert set(known["figures"]) == {"all features", "without company", "heuristic"}
    assert all(0 < told["ndcg@10"] <= 1 for told in known["figures"].values())
    assert "is a challenger" in house("models", "add", str(there))
