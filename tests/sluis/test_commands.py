"""Commands on a real database: what they print, what they refuse, and that a refusal leaves nothing half-written."""

import json
import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest

from catalog import articles, audiences, people, sources, tenants
from catalog.clock import utcnow
from catalog.ids import ArticleId, new_id
from catalog.records import State
from sluis.wiring import open_house
from tests import make

HEADER = "name,email,functions,industries,languages,region,unit,opted_in\n"
GOOD = HEADER + "Ann Bell,ann@acme.example,sales;executive,construction,nl;en,NL-West,Sluizen,yes\n"


@pytest.fixture
def roster(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "people.csv"
        path.write_bytes(text.encode(encoding))
        return str(path)

    return write


@pytest.fixture
def candidate(shell):
    """An article that waits for a curator, proposed to sellers."""
    shell("init")
    with shell.database.write() as connection:
        tags = {"function": {"sales": 0.8}, "topic": {"labour": 0.6}}
        stored = make.store_live(connection, shell.tenant, None, tags=tags, title="Quotes in a day")
        articles.move(connection, shell.tenant, stored, State.IN_REVIEW, live_from=None)
        tenants.set_encoder(connection, shell.tenant, make.ENCODER)
    return stored.id


def test_people_come_in_are_shown_exported_and_erased(shell, roster):
    assert "1 added, 0 updated" in shell("people", "import", roster(GOOD))
    assert "0 added, 1 updated" in shell("people", "import", roster(GOOD))
    (row,) = json.loads(shell("people", "list", "--json"))
    assert (row["email"], row["axes"]["function"], row["opted_in"]) == (
        "ann@acme.example",
        ["executive", "sales"],
        True,
    )
    kept = json.loads(shell("people", "export", "ann@acme.example"))
    assert kept["employee"]["name"] == "Ann Bell"
    assert "0 slates removed" in shell("people", "erase", "ann@acme.example")
    assert json.loads(shell("people", "list", "--json")) == []
    assert "people list" in shell.fails("people", "erase", "ann@acme.example")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("email,name\n", "the columns are email,name, but must be name,email"),
        ("", "the columns are missing"),
        (HEADER, "nobody in it"),
        (GOOD.replace("sales", "salez"), "line 2: there is no function 'salez': near to it are sales"),
        (GOOD.replace("ann@acme.example", "ann"), "'ann' is no e-mail address"),
        (GOOD.replace("sales", "everyone"), "line 2: function 'everyone' is only a tag"),
        (GOOD.replace("yes", "perhaps"), "write yes or no"),
        (GOOD.replace("nl;en", "Dutch"), "write two letters"),
        (GOOD.replace(",yes", ""), "line 2: not 8 fields"),
        (GOOD + GOOD.removeprefix(HEADER), "line 3: ann@acme.example is there twice"),
        (HEADER + 'Ann,"x\n', "line 2"),
        (GOOD.replace("Ann", "A\0n"), "cannot be printed"),
        (GOOD.replace("Ann", "A\u200bn"), "cannot be printed"),
        (GOOD.replace("Sluizen", "S" * 65), "longer than 64"),
        (GOOD.replace("Ann", "A" * 200_000), "CSV"),
    ],
)
def test_a_bad_roster_imports_nobody(shell, roster, text, says):
    shell("init")
    assert says in shell.fails("people", "import", roster(text))
    with shell.database.read() as connection:
        assert people.every(connection, shell.tenant) == []


def test_a_roster_in_another_encoding_names_the_remedy(shell, roster):
    assert "CSV UTF-8" in shell.fails("people", "import", roster(GOOD.replace("Ann", "Zoë"), "latin-1"))
    assert "No such file" in shell.fails("people", "import", "nowhere.csv")


def test_an_empty_field_opts_nobody_in(shell, roster):
    shell("people", "import", roster(GOOD.replace(",yes", ",")))
    assert json.loads(shell("people", "list", "--json"))[0]["opted_in"] is False


def test_sources_are_added_once_and_only_from_the_web(shell):
    shell("source", "add", "https://news.example/feed", "--no-check", "--audience", "function=sales", "--internal")
    with shell.database.read() as connection:
        (source,) = sources.every(connection, shell.tenant)
    assert (source.internal, source.audience) == (True, make.audience("sales"))
    assert "source already" in shell.fails("source", "add", "https://news.example/feed", "--no-check")
    for wrong in ("file:///etc/passwd", "http://[bad", "feed.xml"):
        assert "http" in shell.fails("source", "add", wrong)
    assert "two letters" in shell.fails("source", "add", "https://c.example/", "--language", "Dutch")
    assert "no function 'salez'" in shell.fails("source", "add", "https://b.example/", "--audience", "function=salez")
    assert "https://news.example/feed" in shell("source", "list")


def test_an_empty_house_says_what_to_do_next(shell):
    assert "sluis source add" in shell.fails("ingest")
    assert "nothing to do" in shell("enrich")
    assert "sluis ingest" in shell("review", "list")
    assert "sluis source add" in shell("source", "list")
    assert "sluis train" in shell("models", "list")
    assert "people list" in shell.fails("feed", "nobody@acme.example")
    assert "heuristic" in shell.fails("train")
    assert "heuristic" in shell.fails("evaluate")
    assert "sluis train" in shell.fails("models", "promote", "--newest")
    assert "models list" in shell.fails("models", "promote")
    assert "models list" in shell.fails("models", "rollback")
    assert "0 slates, 0 items, 0 violations" in shell("audit", "isolation")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<!doctype html><title>Hello</title>", "is not a feed"),
        (b"", "is not a feed"),
        (
            b"<rss version='2.0'><channel><title>T</title><item><title>Empty</title><link>/page</link></item>"
            b"</channel></rss>",
            "login form",
        ),
    ],
)
def test_what_cannot_be_read_is_told_and_fails(shell, monkeypatch, loopback, body, says):
    origin = loopback({"/feed": body, "/page": b"<html><body><p>Log in</p></body></html>"})
    monkeypatch.setenv("SLUIS_TRUSTED_HOSTS", origin.removeprefix("http://"))
    shell("source", "add", f"{origin}/feed", "--no-check")
    code, _, complained = shell.call("ingest")
    assert code == 1
    assert says in complained
    assert "nothing could be read" in complained
    with shell.database.read() as connection:
        assert articles.count_by_state(connection, shell.tenant) == {}


def test_a_private_address_is_not_dialled_unless_it_is_trusted(shell, loopback):
    origin = loopback({"/feed": b"never read"})
    assert "127.0.0.1 is not a public address" in shell.fails("source", "add", f"{origin}/feed")
    shell("source", "add", f"{origin}/feed", "--no-check")
    code, _, complained = shell.call("ingest")
    assert code == 1
    assert "127.0.0.1 is not a public address" in complained
    assert loopback.asked == []


def test_a_curators_day(shell, candidate, roster):
    listing = shell("review", "list")
    assert "Quotes in a day" in listing
    assert "sales" in listing
    shown = shell("review", "show", candidate[:8])
    assert "0.800" in shown
    assert "proposed: sales" in shown
    assert "is now legal_review" in shell("review", "approve", candidate[:8], "--by", "Anne", "--legal")
    assert "is now approved" in shell("review", "sign", candidate[:8], "--by", "Lex")
    shell("people", "import", roster(GOOD))
    feed = shell("feed", "ann@acme.example", "--language", "nl")
    assert "Quotes in a day" in feed
    assert "Verkoop" in feed
    assert "1 slates, 0 differences" in shell("audit", "replay")
    shell("review", "edit", candidate[:8], "--by", "Anne", "--audience", "function=engineering")
    assert "no live article is meant for this person" in shell("feed", "ann@acme.example")
    assert "0 violations" in shell("audit", "isolation")
    assert "cannot be made again" in shell.call("audit", "replay")[2]
    assert "is now withdrawn" in shell("review", "withdraw", candidate[:8], "--by", "Anne", "--reason", "old")
    trail = json.loads(shell("review", "show", candidate, "--json"))["decisions"]
    assert [line["action"] for line in trail] == ["approve", "sign", "edit", "withdraw"]


def test_an_attached_article_stands_below_its_front_and_names_it(shell):
    shell("init")
    story = ArticleId(new_id())
    with shell.database.write() as connection:
        told = [("Short", "Few words", 3), ("Alone", "Other words", 2), ("Long", "Many more words here", 1)]
        made = {}
        for title, text, days in told:
            given = {"story_id": None if title == "Alone" else story, "published_at": utcnow() - timedelta(days=days)}
            made[title] = make.store_live(connection, shell.tenant, None, title=title, text=text, **given)
            articles.move(connection, shell.tenant, made[title], State.IN_REVIEW, live_from=None)
    rows = [" ".join(line.split()[3:-4]) for line in shell("review", "list", "--all").splitlines()[1:]]
    assert rows == ["Long +1", f"Short (= {made['Long'].id[:8]})", "Alone"]
    assert "(=" not in shell("review", "list")


def test_a_strangers_title_is_no_markup(shell):
    shell("init")
    with shell.database.write() as connection:
        stored = make.store_live(connection, shell.tenant, None, title="Tips [/r/sysadmin] [bold]", site_name="[/x]")
        articles.move(connection, shell.tenant, stored, State.IN_REVIEW, live_from=None)
    assert "Tips [/r/sysadmin] [bold]" in shell("review", "list")
    assert "Tips [/r/sysadmin] [bold]" in shell("review", "show", stored.id)


def test_bad_decisions_change_nothing(shell, candidate):
    assert "near to it are sales" in shell.fails(
        "review", "approve", candidate, "--by", "Anne", "--audience", "function=salez"
    )
    assert "no topic 'labor'" in shell.fails("review", "edit", candidate, "--by", "Anne", "--tag", "topic=labor")
    assert "facet=concept" in shell.fails("review", "edit", candidate, "--by", "Anne", "--tag", "labour")
    assert "nothing to change" in shell.fails("review", "edit", candidate, "--by", "Anne")
    assert "review list" in shell.fails("review", "reject", "ffffffff", "--by", "Anne", "--reason", "x")
    assert "a reason is needed" in shell.fails("review", "reject", candidate, "--by", "Anne", "--reason", " ")
    with shell.database.read() as connection:
        assert articles.get(connection, shell.tenant, candidate).state is State.IN_REVIEW
        assert audiences.get(connection, shell.tenant, candidate) is None


def test_who_did_not_opt_in_has_no_feed(shell, roster):
    shell("people", "import", roster(GOOD.replace(",yes", ",no")))
    assert "not opted in" in shell.fails("feed", "ann@acme.example")


def test_people_opt_in_and_out(shell, roster):
    shell("people", "import", roster(GOOD.replace(",yes", ",no")))
    assert "takes part" in shell("people", "opt-in", "ann@acme.example")
    assert "no live article" in shell("feed", "ann@acme.example")
    assert "no longer" in shell("people", "opt-out", "ann@acme.example")
    assert "opt-in" in shell.fails("feed", "ann@acme.example")


def test_keys_are_shown_once(shell):
    key = shell("key", "create", "app", "--scope", "recommend", "--days", "1").strip()
    assert key.startswith("sluis_")
    listing = shell("key", "list")
    assert key.split("_")[1] in listing
    assert key.split("_", 2)[2] not in listing
    assert "revoked" in shell("key", "revoke", key.split("_")[1])
    assert "key list" in shell.fails("key", "revoke", "nothing")


def test_hard_axes_are_the_organisations_own(shell):
    assert "hard axes: function, unit" in shell("init", "--hard-axis", "unit")
    assert "unknown axis shoe" in shell.fails("init", "--hard-axis", "shoe")
    assert "hard axes: function, industry, unit" in shell("init", "--hard-axis", "industry")
    assert "hard axes: function, industry, unit" in shell("init")


def test_the_vocabulary_can_be_read(shell):
    assert "function" in shell("taxonomy")
    assert "Verkoop" in shell("taxonomy", "function")
    assert "use one of" in shell.fails("taxonomy", "shoes")
    assert "sluis vocabulary add" in shell("taxonomy", "theme")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SLUIS_PORT", "x", "SLUIS_PORT"),
        ("SLUIS_TENANT", "../up", "SLUIS_TENANT"),
        ("SLUIS_TRUSTED_HOSTS", "10.0.0.5", "SLUIS_TRUSTED_HOSTS: '10.0.0.5' is not address:port"),
        ("SLUIS_ENCODER_URL", "10.0.0.7:8001", "SLUIS_ENCODER_URL"),
        ("SLUIS_DATABASE_URL", "mysql://x", "sqlite:///PATH"),
        ("SLUIS_DATABASE_URL", "postgresql://127.0.0.1:1/none", "SLUIS_DATABASE_URL"),
    ],
)
def test_bad_settings_are_named(shell, monkeypatch, variable, value, says):
    monkeypatch.setenv(variable, value)
    assert says in shell.fails("people", "list")


def test_a_folder_that_cannot_be_written_is_named(shell, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SLUIS_DATA_DIR", str(tmp_path / "file" / "data"))
    assert "SLUIS_DATA_DIR" in shell.fails("people", "list")
    monkeypatch.setenv("SLUIS_DATABASE_URL", f"sqlite:///{tmp_path / 'file'}")
    assert "SLUIS_DATABASE_URL" in shell.fails("people", "list")
    assert "cannot be printed" in shell.fails("feed", "\udcff@x.example")


def test_a_port_that_is_taken_is_said_at_once(shell):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert "SLUIS_PORT" in shell.fails("serve", "--port", str(other.getsockname()[1]))


def test_postgres_is_only_migrated_on_purpose(tmp_path, owned):
    environment = os.environ | {"SLUIS_DATA_DIR": str(tmp_path), "SLUIS_DATABASE_URL": owned()}

    def call(*words):
        command = [sys.executable, "-m", "sluis.main", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    done = call("people", "list")
    assert done.returncode == 1
    assert "run 'sluis init'" in done.stderr
    assert call("init").returncode == 0
    assert call("people", "list").returncode == 0


def test_a_pin_is_set_shown_and_taken_away(shell, candidate):
    by = ("--by", "Anne")
    assert "cannot pin an article that is in_review" in shell.fails(
        "review", "pin", candidate, "--until", "2090-01-01", *by
    )
    shell("review", "approve", candidate, *by)
    assert "still to come" in shell.fails("review", "pin", candidate, "--until", "2020-01-01", *by)
    said = shell("review", "pin", candidate[:8], "--until", "2090-01-01", "--must-read", *by)
    assert f"{candidate[:8]} is a must-read until 2090-01-01 00:00, for sales" in " ".join(said.split())
    assert "Anne (curator)" in shell("review", "pins")
    (held,) = json.loads(shell("review", "pins", "--json"))
    assert (held["pin"]["article_id"], held["pin"]["must_read"], held["effective"]) == (candidate, True, True)
    assert "approved" in shell("review", "unpin", candidate, *by)
    assert "sluis review pin ID" in shell("review", "pins")
    assert "is not pinned" in shell.fails("review", "unpin", candidate, *by)
    assert "pin → approved" in shell("review", "show", candidate)


@pytest.mark.parametrize("mix", ["newz=0.5", "news", "news=0.7,event=0.7", "news=x", "news=nan"])
def test_a_mix_that_cannot_be_aimed_at_is_refused(shell, monkeypatch, mix):
    shell("init")
    monkeypatch.setenv("SLUIS_KIND_MIX", mix)
    assert "SLUIS_KIND_MIX" in shell.fails("audit", "replay")


def test_the_mix_of_a_house_reaches_ranking(shell, monkeypatch):
    monkeypatch.setenv("SLUIS_KIND_MIX", "news=0.4, vacancy=0.1")
    monkeypatch.setenv("SLUIS_OWN_SHARE", "0.6")
    made = open_house().ranking
    assert (made.kind_mix, made.own_share) == ((("news", 0.4), ("vacancy", 0.1)), 0.6)
