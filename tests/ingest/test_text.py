"""Plain text and its fingerprint: nothing hidden survives, and typography does not make a text another text."""

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import plain
from ingest.fingerprint import fingerprint

UNSEEN = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI", "BN"}
"""Bidirectional classes that say something about their neighbours, and show nothing themselves."""
HIDDEN = "\u200b\u200d\u202e\u2066\ufeff\u00ad\x00\x07\U000e0041\ud800"


@given(st.text(), st.sampled_from(HIDDEN))
def test_a_line_is_clean_whatever_goes_in(text, hidden):
    found = plain.line(text + hidden + text)
    assert not set(found) & set(HIDDEN)
    assert found == plain.line(found)
    assert found.splitlines() == [found] * bool(found)
    assert unicodedata.is_normalized("NFC", found)
    found.encode()


MARKS = "\u0301\u0316\u0344\u0489\u064b\u0e47\u20dd\ufe0f\U0001d165\U000e0100"


def test_no_character_at_all_comes_through_that_cannot_be_seen():
    for code in range(sys.maxunicode + 1):
        for character in plain.line(f"a{chr(code)}b"):
            assert unicodedata.category(character) not in ("Cc", "Cs"), hex(code)
            assert unicodedata.bidirectional(character) not in UNSEEN, hex(code)


@given(st.text(alphabet="ae\u0958\uac00\u200b \n" + MARKS, max_size=60))
def test_accents_do_not_pile_up(text):
    found = plain.line(text)
    assert found == plain.line(found)
    assert unicodedata.is_normalized("NFC", found)
    assert not any(set(found[at : at + 5]) <= set(MARKS) for at in range(len(found) - 4))


@pytest.mark.parametrize(
    "word", ["\u1ebf", "ที่นี้", "שָׁלוֹם", "مُدَرِّسٌ", "हिन्दी", "Tiếng Việt", "👩🏽‍🔬️", "e\u0301\u0323\u0330\u0331"]
)
def test_the_accents_of_real_words_stay(word):
    marks = [character for character in unicodedata.normalize("NFD", word) if unicodedata.combining(character)]
    kept = [
        character for character in unicodedata.normalize("NFD", plain.line(word)) if unicodedata.combining(character)
    ]
    assert kept == marks


def test_a_tower_of_accents_takes_no_time():
    start = time.perf_counter()
    assert len(plain.line("a" + "\u0301\u0316" * 1_000_000)) == 1 + plain.MOST_MARKS - 1
    assert time.perf_counter() - start < 3


@given(st.text(alphabet="<>&;/abp \n\"='!-", max_size=60))
def test_markup_of_any_kind_becomes_words(markup):
    plain.from_html(markup).encode()


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("", ""),
        ("no markup\nat all", "no markup at all"),
        ("<p>One\ntwo</p><p>three</p>", "One two\nthree"),
        ("a<br>b", "a\nb"),
        ("<b>bo</b>ld", "bold"),
        ("a<script>alert(1)</script>b<!-- c -->d<?php e ?>", "abd"),
        ("R&amp;D &lt;fast&gt; &eacute;&#233;n", "R&D <fast> één"),
        ("<svg><title>x</title></svg>y", "y"),
        ("<a href='javascript:alert(1)'>link</a>", "link"),
    ],
)
def test_html_to_words(markup, words):
    assert plain.from_html(markup) == words


@given(st.text(max_size=50).map(plain.line), st.integers(2, 30))
def test_shortened_text_fits(text, limit):
    found = plain.shorten(text, limit)
    assert len(found) <= limit
    assert found == text if len(text) <= limit else found.endswith("…")


def test_typography_does_not_change_a_fingerprint():
    told = "“The lock – at last – is OPEN…” said the ﬁrst skipper."
    assert fingerprint(told) == fingerprint('"the lock -  at last - is\nopen..."  Said the first skipper')
    assert fingerprint(told) != fingerprint("The lock at last is closed, said the first skipper")
    assert fingerprint("ab c") != fingerprint("a bc")


@given(st.text())
def test_a_fingerprint_does_not_mind_case_and_space(text):
    assert fingerprint(text) == fingerprint(f"  {text}\n")
    assert len(fingerprint(text)) == 64


@pytest.mark.parametrize("number", ["0", "1", "11", "x1b", "xd800", "xfffe", "x110000", "99999999"])
def test_a_number_that_is_no_character_is_a_space(number):
    assert plain.from_html(f"<p>a&#{number};b</p><p>c</p>") == "a b\nc"


def test_a_number_that_is_a_character_is_read():
    assert plain.from_html("<p>&#8364; &#xe9;&#x1F600;</p>") == "€ é😀"
