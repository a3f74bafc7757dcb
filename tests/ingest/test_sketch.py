"""A sketch estimates how much of their wording two texts share, and is the same wherever it is made."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sketch import PLACES, RUN, jaccard, sketch

WORDS = [f"word{number}" for number in range(400)]


def share(one: str, other: str) -> float:
    return float(jaccard(sketch(other)[None], sketch(one))[0])


@pytest.mark.parametrize("kept", [400, 300, 200, 100, 0])
def test_the_estimate_is_near_the_share_of_common_runs(kept):
    other = [*WORDS[:kept], *(f"other{number}" for number in range(400 - kept))]
    ours, theirs = ({tuple(text[at : at + RUN]) for at in range(len(text) - RUN + 1)} for text in (WORDS, other))
    truth = len(ours & theirs) / len(ours | theirs)
    assert share(" ".join(WORDS), " ".join(other)) == pytest.approx(truth, abs=0.13)  # three standard deviations


def test_typography_does_not_count():
    assert share("Straße “Zum Löwen” – 5 €, ﬁne. And on.", 'STRASSE "zum löwen" - 5 € FINE and  on') == 1.0


def test_a_sketch_is_the_same_in_another_process_and_another_release():
    program = "import sys; from ingest.sketch import sketch; sys.stdout.buffer.write(sketch('a b c d e f').tobytes())"
    told = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE).stdout
    assert told == sketch("a b c d e f").tobytes()
    assert hashlib.sha256(told).hexdigest() == "6c141b0171392e1733be9367ac2d08192ef2fe65ce8ca6fe21b4bfe9a5ba6de1"


@pytest.mark.parametrize("empty", ["", " \n", "… — !"])
def test_texts_without_words_share_nothing_even_with_one_another(empty):
    assert share(empty, empty) == share(empty, "one two three") == share("one two three", empty) == 0.0


@given(st.text())
def test_any_text_has_a_sketch_and_is_like_itself_if_it_has_words(text):
    made = sketch(text)
    assert (made.shape, made.dtype) == ((PLACES,), np.uint32)
    assert share(text, text) == float(any(letter.isalnum() for letter in text.casefold()))


@given(st.lists(st.sampled_from("abc"), max_size=2))
def test_a_text_shorter_than_a_run_is_like_no_other(words):
    assert share(" ".join(words), "a b c a b c") == 0.0
