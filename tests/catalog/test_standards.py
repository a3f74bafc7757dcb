"""Published standards: which concept each text is about, whatever else is in the file."""

import gzip
import json

import pytest

from catalog import taxonomy
from catalog.standards import STANDARDS, BadStandard, BorrowedText, capped, edition, nace_section, read

SHIPPED = taxonomy.load()
ESCO = "conceptType,conceptUri,iscoGroup,preferredLabel,description\n"


def told(standard, path, language=None):
    chosen = STANDARDS[standard]
    texts = read(chosen, path, SHIPPED, edition(chosen, path, language))
    return {(t.language, t.code, t.concept, t.text) for t in texts}


def written(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_esco_tells_of_functions_by_the_longest_isco_code(tmp_path):
    rows = (
        'x,1,2431,adman,"advertises\n things"\n'
        "x,2,2521,dba,keeps databases\nx,3,2512,dev,writes\nx,4,0110,soldier,fights\n"
    )
    expected = {
        ("en", "2431", "marketing-communications", "advertises things"),
        ("en", "2521", "data-analytics", "keeps databases"),
        ("en", "2512", "it-software", "writes"),
    }
    path = written(tmp_path, "occupations_en.csv", ESCO + rows)
    assert told("esco", path) == expected
    packed = tmp_path / "occupations-en.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert told("esco", packed) == expected


def test_nace_has_labels_in_one_language_and_notes_in_english(tmp_path):
    bare = "1,J,Sectie,J,note,,\n2,62,Software,62,makes programs,,no games\n4,64.19,Banken,6419,,,\n"
    expected = {
        ("nl", "K62", "software-it-consultancy", "Software"),
        ("en", "K62", "software-it-consultancy", "makes programs"),
        ("nl", "L6419", "banking", "Banken"),
    }
    assert told("nace", written(tmp_path, "nace-rev2-nl.csv", bare)) == expected
    header = "Order,Level,Code,Parent,Description,This item includes\n"
    named = header + "1,2,62,J,Software,makes programs\n2,4,64.19,64.1,Banken,\n"
    assert told("nace", written(tmp_path, "named.csv", named), "nl") == expected
    short = "2,62,Software,no games\n"
    assert told("nace", written(tmp_path, "short.csv", short), "en") == {
        ("en", "K62", "software-it-consultancy", "Software")
    }


def test_iptc_definitions_speak_for_the_nearest_topic_above(tmp_path):
    def entry(code, broader=(), **more):
        uri = "http://cv.iptc.org/newscodes/mediatopic/"
        said = {"definition": {"en-GB": f"about {code}", "de": "nein"}, "broader": [uri + b for b in broader]}
        return {"uri": uri + code} | said | more

    concepts = [
        entry("15000000"),
        entry("20000822", ["15000000"]),
        entry("20000523", ["09000000"]),
        entry("20009999", ["20000523"]),
        entry("20009998", ["20009997"]),
        entry("20009997", ["20009998"]),
        entry("20000001", ["15000000"], retired="2020-01-01"),
    ]
    path = written(tmp_path, "cptall.json", json.dumps({"conceptSet": concepts}))
    assert told("iptc", path) == {
        ("en", "15000000", "sport", "about 15000000"),
        ("en", "20000822", "sport", "about 20000822"),
        ("en", "20000523", "labour-market", "about 20000523"),
        ("en", "20009999", "labour-market", "about 20009999"),
    }


def test_divisions_are_in_the_sections_of_revision_2_1():
    codes = {"01.11": "A", "33": "C", "46.5": "G", "58": "J", "62.01": "K", "63": "K", "64": "L", "82": "O", "99": "V"}
    assert {code: nace_section(code) for code in codes} == codes


def test_no_more_texts_than_asked_for_and_always_the_same(tmp_path):
    texts = [BorrowedText("esco", "en", "function", name, "1", f"{name} {n}") for name in "ab" for n in range(50)]
    kept = capped(texts, 10)
    assert len(kept) == 20
    assert set(kept) == set(capped(reversed(texts), 10))
    assert capped(kept, 60) == kept


@pytest.mark.parametrize(
    ("standard", "name", "text", "says"),
    [
        ("esco", "occupations.csv", ESCO, "say its language with --language"),
        ("esco", "occupations_en.csv", "a,b\n1,2\n", "is not esco as it is published"),
        ("esco", "occupations_en.csv", ESCO + "x,1,2431,short\n", "says nothing about our function concepts"),
        ("esco", "occupations_en.csv", "", "says nothing about our function concepts"),
        ("nace", "nace_en.csv", "2,00,x\n", "is not nace as it is published"),
        ("iptc", "x.json", "{", "is not iptc as it is published"),
        ("iptc", "x.json", "[" * 100_000, "is not iptc as it is published"),
        ("iptc", "x.json", '{"conceptSet": [{"uri": 3}]}', "is not iptc as it is published"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path, standard, name, text, says):
    with pytest.raises(BadStandard, match=says) as caught:
        told(standard, written(tmp_path, name, text))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path, monkeypatch):
    with pytest.raises(BadStandard, match=r"none_en.csv cannot be read"):
        told("esco", tmp_path / "none_en.csv")
    broken = tmp_path / "broken_en.csv"
    broken.write_bytes(gzip.compress(b"x" * 100)[:-10])
    with pytest.raises(BadStandard, match="cannot be read"):
        told("esco", broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadStandard, match="not UTF-8"):
        told("esco", broken)
    monkeypatch.setattr("catalog.standards.MAX_BYTES", 1000)
    broken.write_bytes(gzip.compress(b"x" * 10_000))
    with pytest.raises(BadStandard, match="has more than"):
        told("esco", broken)
