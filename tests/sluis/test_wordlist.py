"""Own concepts as a file: what is written can be read back, and what is wrong is said in one line."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.own_concepts import own_concept
from catalog.taxonomy import OWN_FACETS
from sluis import wordlist
from sluis.wordlist import BadWordList

TITLES = 'examples = ["Fish pass beside the lock", "Crane lifts deck", "Pumps shift to windy hours"]'
GOOD = f'[[theme]]\nid = "delta"\nen.label = "A delta"\nen.{TITLES}\n'

IDS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
CONCEPTS = st.builds(
    lambda facet, name, label, definition, examples: own_concept(
        facet, name, labels={"nl": label}, definitions={"en": definition}, examples={"nl": examples[:2], "en": examples}
    ),
    st.sampled_from(OWN_FACETS),
    IDS,
    st.text(string.printable + "é≤“\\\"'", min_size=1, max_size=20).filter(lambda t: t.isprintable() and t.strip()),
    st.just("") | st.text("ab \\\"#'", min_size=1).map(lambda text: f"x{text}"),
    st.lists(st.text("abc\"\\'é🚢", min_size=1), min_size=3, max_size=6, unique=True),
)


def read(folder, text):
    path = folder / "words.toml"
    path.write_text(text, encoding="utf-8")
    return wordlist.read(path)


@given(st.lists(CONCEPTS, min_size=1, unique_by=lambda concept: (concept.facet, concept.id)))
def test_what_is_written_is_read_back(tmp_path_factory, concepts):
    order = sorted(concepts, key=lambda concept: OWN_FACETS.index(concept.facet))
    assert read(tmp_path_factory.mktemp("words"), wordlist.write(order)) == order


def test_order_and_language_are_free(tmp_path):
    child = GOOD.replace('"delta"', '"eels"\nparent = "delta"').replace("theme", "product")
    assert [concept.id for concept in read(tmp_path, child + GOOD)] == ["delta", "eels"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense [", "cannot be read as TOML"),
        ("x = [" * 5_000, "cannot be read as TOML"),
        ("", r"defines no \[\[theme\]\], \[\[product\]\], \[\[department\]\]"),
        ("x = 1", "x: there is no such field"),
        (GOOD.replace("theme", "topic"), "topic: there is no such field"),
        ('theme = "delta"', "theme: write it as a list"),
        ('[[theme]]\nen.label = "A"', "theme.0.id: it is needed"),
        ("[[theme]]\nid = 3", "theme.0.id: write it as text"),
        (GOOD.replace("en.label", "en.lable"), "theme.0.en.lable: there is no such field"),
        (GOOD.replace("en.label", "de.label"), "theme.0.de: there is no such field"),
        (GOOD + GOOD, "theme 'delta' is there twice"),
        (GOOD.replace('"delta"', '"../etc"'), "'../etc' is no id"),
        (GOOD.replace("A delta", "x" * 10_000), "10000 characters, where 80 are the most"),
        (GOOD.replace("A delta", "a\\u0007b"), "cannot be printed"),
        ('[[theme]]\nid = "a"\nen.label = "A"\n' * 9, r"and 4 more\)"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, says):
    with pytest.raises(BadWordList, match=says) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none_is_named(tmp_path):
    for path, says in ((tmp_path / "none.toml", "No such file"), (tmp_path, "directory")):
        with pytest.raises(BadWordList, match=says):
            wordlist.read(path)
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 10_000_000)
    with pytest.raises(BadWordList, match="more than 5 MB: split it"):
        wordlist.read(large)
    large.write_bytes(b"\xff\xfe")
    with pytest.raises(BadWordList, match="not UTF-8"):
        wordlist.read(large)
