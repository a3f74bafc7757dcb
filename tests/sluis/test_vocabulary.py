"""`sluis vocabulary` as a curator meets it."""

import json

import pytest

from sluis.demo.world import THEMES

ADD = ("vocabulary", "add", "product", "bonita", "--nl", "Bonita", "--by", "Anne")
TITLES = ("--example-nl", "Bonita vaart", "--example-en", "Bonita sails", "--example-nl", "Nieuwe Bonita gedoopt")


@pytest.fixture
def themes(shell):
    assert "4 added" in shell("vocabulary", "import", str(THEMES), "--by", "Anne")


def rows(shell, *words):
    return {row["id"]: row for row in json.loads(shell("vocabulary", "list", *words, "--json"))["own"]}


def test_a_file_is_taken_over_once_and_written_back(shell, themes, tmp_path):
    assert "0 added, 0 changed, 4 unchanged" in shell("vocabulary", "import", str(THEMES), "--by", "Anne")
    assert "Een schone delta" in shell("taxonomy", "theme")
    written = tmp_path / "ours.toml"
    assert "4 concepts written" in shell("vocabulary", "export", str(written))
    assert written.read_text(encoding="utf-8") == shell("vocabulary", "export")
    assert "4 unchanged" in shell("vocabulary", "import", str(written), "--by", "Anne")
    assert "No such file" in shell.fails("vocabulary", "export", str(tmp_path / "none" / "ours.toml"))


def test_a_product_is_made_renamed_and_retired(shell):
    assert "Nothing of your own yet" in shell("vocabulary", "list")
    assert "has no examples: give at least 3" in shell.fails(*ADD)
    assert "product bonita is added" in shell(*ADD, *TITLES)
    assert "now called Bonita (nl), Bonita II (en)" in shell(
        "vocabulary", "rename", "product", "bonita", "--en", "Bonita II", "--by", "Bob"
    )
    told = shell("vocabulary", "show", "product", "bonita")
    assert "Bob (curator): renamed Bonita to Bonita / Bonita II" in told
    assert "Nieuwe Bonita gedoopt" in told
    shell("vocabulary", "retire", "product", "bonita", "--by", "Bob")
    assert rows(shell)["bonita"]["state"] == "retired"
    assert "restore product bonita" in shell.fails(*ADD, *TITLES)
    shell("vocabulary", "restore", "product", "bonita", "--by", "Bob")
    assert rows(shell, "product")["bonita"]["state"] == "in use"
    assert rows(shell, "theme") == {}


def test_what_was_merged_is_shown_as_what_it_became(shell, themes):
    assert "on 0 articles" in shell("vocabulary", "merge", "theme", "slimme-sluis", "vakmanschap", "--by", "Bob")
    assert rows(shell)["slimme-sluis"]["state"] == "merged into vakmanschap"
    told = json.loads(shell("vocabulary", "show", "theme", "slimme-sluis", "--json"))
    assert told["concept"]["id"] == "vakmanschap"
    assert told["merged"] == ["slimme-sluis"]
    assert "merged slimme-sluis (De slimme sluis / The smart lock) into vakmanschap" in shell(
        "vocabulary", "show", "theme", "vakmanschap"
    )
    assert "merged into 'vakmanschap'" in shell.fails("vocabulary", "import", str(THEMES), "--by", "Anne")


def test_what_is_shipped_can_only_be_hidden(shell):
    assert "hide topic sport" in shell.fails("vocabulary", "retire", "topic", "sport", "--by", "Bob")
    shell("vocabulary", "hide", "topic", "sport", "--by", "Bob")
    assert "hidden topic: sport" in shell("vocabulary", "list")
    assert "Sport" not in shell("taxonomy", "topic")
    shell("vocabulary", "unhide", "topic", "sport", "--by", "Bob")
    assert "hidden" not in shell("vocabulary", "list")
    assert "no facet of your own" in shell.fails("vocabulary", "list", "topic")
    assert "sluis taxonomy topic" in shell.fails("vocabulary", "show", "topic", "sport")
    assert "near to it are none yet" in shell.fails("vocabulary", "show", "theme", "sport")


def test_a_standard_is_borrowed_and_forgotten(shell, tmp_path):
    path = tmp_path / "occupations_en.csv"
    path.write_text("iscoGroup,description\n2431,advertises things\n2512,writes programs\n", encoding="utf-8")
    told = shell("vocabulary", "import-standard", "esco", str(path), "--by", "Anne")
    assert "2 texts about 2 concepts of function (en)" in told
    assert "ESCO classification of the European Commission" in told
    assert "2 texts of esco in en (ESCO" in shell("vocabulary", "list")
    assert "2 texts forgotten" in shell("vocabulary", "forget-standard", "esco", "--by", "Anne")
    assert "nothing of 'esco' is kept" in shell.fails("vocabulary", "forget-standard", "esco", "--by", "Anne")
    assert "use one of esco, nace, iptc" in shell.fails("vocabulary", "import-standard", "x", str(path), "--by", "A")


@pytest.mark.parametrize("facet", ["topic", "../x", "shoe"])
def test_no_concept_is_made_in_another_facet(shell, facet):
    words = ("vocabulary", "add", facet, "a", "--nl", "A", "--by", "Anne", *TITLES)
    assert "use one of theme, product, department" in shell.fails(*words)
    assert "needs a name" in shell.fails(*ADD[:-1], " ", *TITLES)
