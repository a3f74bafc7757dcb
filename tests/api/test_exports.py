"""The log over the API: the same as a folder has it, whatever the parts, told once, and of nobody who did not agree."""

import io
from datetime import timedelta
from functools import partial

import anyio
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.paging import cursor
from api.routes import exports
from api.routes.exports import MOST_AT_ONCE, ExportsBusy
from catalog import events, keys, people, slates, tenants
from catalog.consents import Consent
from catalog.ids import TenantId
from catalog.keys import Scope
from ranking.export import export
from ranking.export_asked import SETTLED, ExportOptions
from ranking.pseudonyms import HomeKey
from tests import make
from tests.make import NOW

TABLES = ("slates", "items", "events", "articles")
EARLIER = NOW - timedelta(hours=6)


@pytest.fixture
def log(world):
    """Seven slates of two people, some at the same moment, with features of two versions, and what came of them."""
    live = [article.id for article in world.meant.values()]
    made = []
    with world.database.write() as connection:
        for number in range(7):
            person = (world.seller, world.engineer)[number % 2]
            names = ("log_age",) if number % 3 else ("of_old",)
            at = EARLIER + timedelta(minutes=number // 2)
            slate = make.slate(person.id, live[: 1 + number % 3], created_at=at, feature_names=names)
            slates.save(connection, world.tenant, slate)
            events.append(connection, world.tenant, [make.event(slate)])
            made.append(slate)
    return made


@pytest.fixture
def read(world):
    """Asks for one part."""
    header = world.header(Scope.MODELS)

    def ask(table, **query):
        return world.client.get(f"/v1/exports/{table}", params=query, headers=header)

    return ask


@pytest.fixture
def every(world, read):
    """Follows `Link` from the first part to the last, and returns all answers."""
    header = world.header(Scope.MODELS)

    def follow(table, **query):
        answers = [read(table, **query)]
        while "next" in answers[-1].links:
            answers.append(world.client.get(answers[-1].links["next"]["url"], headers=header))
        assert {answer.status_code for answer in answers} == {200}
        return answers

    return follow


def arrow(answers):
    return pa.concat_tables(
        [pq.read_table(io.BytesIO(answer.content)) for answer in answers], promote_options="default"
    )


def lines(answer):
    return [orjson.loads(line) for line in answer.content.splitlines()]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_the_parts_together_are_what_the_command_writes(world, log, every, tmp_path, table, limit):
    with world.database.read() as connection:
        key = HomeKey(b"k" * 32, world.tenant)
        export(connection, world.tenant, tmp_path / "out", key, NOW, ExportOptions())
    written = pq.read_table(tmp_path / "out" / f"{table}.parquet")
    answers = every(table, format="parquet", limit=limit)
    assert len(answers) >= (3 if limit == 1 else 1)
    told = arrow(answers)
    assert len(written) > 2
    assert told.select(written.column_names) == written.cast(told.select(written.column_names).schema)


@pytest.mark.parametrize("table", TABLES)
def test_lines_say_what_the_files_say(log, every, read, table):
    told = arrow(every(table, format="parquet", limit=2)).to_pylist()
    said = [line for answer in every(table, limit=2) for line in lines(answer)]
    assert len(said) == len(told)
    for line, row in zip(said, told, strict=True):
        known = {name: value for name, value in row.items() if value is not None or not name.startswith("f_")}
        assert line == orjson.loads(orjson.dumps(known, option=orjson.OPT_UTC_Z))
    if table == "items":
        assert {name for line in said for name in line if name.startswith("f_")} == {"f_log_age", "f_of_old"}


def test_tomorrow_a_cursor_finds_what_came_after_it(world, log, every, read):
    for table in ("slates", "items", "events"):
        end = every(table, limit=3)[-1].headers["sluis-cursor"]
        again = read(table, cursor=end)
        assert (again.status_code, again.content) == (200, b"")
        assert again.headers["sluis-cursor"] == end
    ends = {table: every(table, limit=3)[-1].headers["sluis-cursor"] for table in ("slates", "events")}
    later = make.slate(world.seller.id, [world.meant["sales"].id], created_at=NOW - SETTLED - timedelta(seconds=1))
    with world.database.write() as connection:
        slates.save(connection, world.tenant, later)
        events.append(connection, world.tenant, [make.event(later)])
    assert [row["created_at"] for row in lines(read("slates", cursor=ends["slates"]))] == ["2026-03-02T08:57:59Z"]
    assert [row["seq"] for row in lines(read("events", cursor=ends["events"]))] == [8]


def test_a_slate_is_told_once_it_can_no_longer_be_overtaken(world, log, read):
    young = make.slate(world.seller.id, [world.meant["sales"].id], created_at=NOW - SETTLED)
    with world.database.write() as connection:
        slates.save(connection, world.tenant, young)
    assert len(lines(read("slates"))) == len(log)


def test_only_what_was_known_at_a_moment(log, read):
    until = EARLIER + timedelta(minutes=2)
    bounds = {"since": (EARLIER + timedelta(minutes=1)).isoformat(), "until": until.isoformat()}
    told = [row["created_at"] for row in lines(read("slates", **bounds))]
    assert len(told) == 2
    assert all(moment >= "2026-03-02T03:01" and moment < "2026-03-02T03:02" for moment in told)
    assert len(lines(read("items", **bounds))) == sum(len(slate.items) for slate in log[2:4])
    heard = [row["received_at"] for row in lines(read("events", **bounds))]
    assert len(heard) == 2
    assert all(moment < until.isoformat() for moment in heard)
    assert read("articles", **bounds).json()["code"] == "invalid"
    assert read("slates", since=bounds["until"], until=bounds["since"]).json()["code"] == "invalid"


def test_nobody_is_named_and_who_opted_out_is_not_in_it(world, log, read):
    names = {person.id: {person.id, person.email, person.name} for person in (world.seller, world.engineer)}
    texts = {table: read(table).text for table in TABLES}
    for known in {word for each in names.values() for word in each} | {slate.id for slate in log}:
        assert not [table for table, text in texts.items() if known in text]
    before = {row["person"] for row in lines(read("slates"))}
    with world.database.write() as connection:
        people.set_opted_in(connection, world.tenant, world.seller.id, Consent(NOW, False, "test"))
    after = {table: lines(read(table)) for table in TABLES}
    assert {row["person"] for row in after["slates"]} < before
    assert {row["person"] for row in after["slates"]} == {row["person"] for row in after["events"]}
    assert len(after["items"]) == sum(len(slate.items) for slate in log if slate.employee_id == world.engineer.id)


def test_axes_go_along_only_where_they_are_asked_for_and_texts_never(log, read):
    assert "language" not in pq.read_schema(io.BytesIO(read("events", format="parquet").content)).names
    more = lines(read("events", axis=["language", "region"]))
    assert {"language", "region", "function"} <= more[0].keys()
    assert read("events", axis="shoe").json()["code"] == "invalid"
    assert not {"text", "lead"} & lines(read("articles"))[0].keys()


def test_what_there_is_and_the_card(world, read, log):
    told = world.client.get("/v1/exports", headers=world.header(Scope.MODELS)).json()
    assert [table["name"] for table in told["tables"]] == list(TABLES)
    assert [table["name"] for table in told["tables"] if not table["goes_on"]] == ["articles"]
    for table in told["tables"]:
        columns = pq.read_schema(io.BytesIO(read(table["name"], format="parquet").content))
        said = {column["name"]: column["type"] for column in table["columns"]}
        assert {name: str(columns.field(name).type) for name in said} == said
    assert "pseudonymous, not anonymous" in told["card"]
    assert told["settled_seconds"] == SETTLED.total_seconds()


def test_a_part_that_somebody_has_is_not_sent_again(world, log, read):
    for kind in ("ndjson", "parquet"):
        first = read("items", format=kind)
        assert int(first.headers["content-length"]) == len(first.content)
        header = world.header(Scope.MODELS) | {"If-None-Match": first.headers["etag"]}
        again = world.client.get("/v1/exports/items", params={"format": kind}, headers=header)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_a_cursor_is_of_its_table_and_of_its_pseudonyms(world, log, read):
    good = read("events", limit=1).headers["sluis-cursor"]
    for table, given in (
        ("slates", good),
        ("events", "x"),
        ("events", cursor("events", "p", "9" * 19, "")),
        ("events", cursor("events", "p", "-1", "")),
        ("slates", cursor("slates", "p", "yesterday", "x")),
    ):
        answer = read(table, cursor=given)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")
    world.client.app.state.services.exporter._key_of = partial(HomeKey, b"q" * 32)
    answer = read("events", cursor=good)
    assert (answer.status_code, answer.json()["code"]) == (409, "pseudonyms_changed")


def test_other_scopes_and_other_organisations_see_nothing_of_it(world, log):
    for path in ("/v1/exports", "/v1/exports/slates"):
        answer = world.client.get(path, headers=world.header(*(set(Scope) - {Scope.MODELS})))
        assert answer.status_code == 403
    other = TenantId("other")
    with world.database.of(other).write() as connection:
        tenants.ensure(connection, other, "Other", NOW)
        theirs = keys.create(connection, other, "x", frozenset({Scope.MODELS}), NOW).text
    for table in TABLES:
        answer = world.client.get(f"/v1/exports/{table}", headers={"Authorization": f"Bearer {theirs}"})
        assert (answer.status_code, answer.content) == (200, b"")
        assert "sluis-cursor" not in answer.headers


def test_feeds_keep_their_room(log, read):
    for _ in range(MOST_AT_ONCE):
        assert exports._room.acquire(blocking=False)
    try:
        busy = read("slates")
        assert (busy.status_code, busy.json()["code"]) == (503, ExportsBusy.code)
        assert int(busy.headers["retry-after"]) > 0
    finally:
        for _ in range(MOST_AT_ONCE):
            exports._room.release()
    for query in ({}, {"cursor": "x"}, {"axis": "shoe"}, {"format": "parquet"}):
        for _ in range(MOST_AT_ONCE + 1):  # whatever came of it, its place is free again
            assert read("slates", **query).status_code in (200, 422)


def test_who_hangs_up_or_dawdles_gives_the_room_back(world, log, monkeypatch):
    monkeypatch.setattr(exports, "MOST_SECONDS", 0.1)

    async def hang_up(_message):
        raise OSError("gone")

    async def dawdle(_message):
        await anyio.sleep(60)

    async def receive():
        await anyio.sleep(60)

    header = {name.lower().encode(): value.encode() for name, value in world.header(Scope.MODELS).items()}
    scope = {"type": "http", "method": "GET", "path": "/v1/exports/slates", "query_string": b"", "root_path": ""}
    scope |= {"headers": list(header.items()), "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1)}

    async def ask(send):
        bodies = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def first():
            return next(bodies, None) or await receive()

        await world.client.app({**scope, "server": ("test", 80)}, first, send)

    for send in (hang_up, dawdle):
        for _ in range(MOST_AT_ONCE + 1):
            with pytest.raises((OSError, TimeoutError)):
                anyio.run(ask, send)
    assert exports._room.acquire(blocking=False)
    exports._room.release()
