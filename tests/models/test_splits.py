"""A story is in one part, always the same, and the parts are about as large as they should be."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from models.splits import SHARES, held_out


@given(st.text())
def test_a_story_is_in_one_part_however_often_one_asks(story):
    assert {held_out(story) for _ in range(3)} in ({"fit"}, {"gate"}, {"calibration"})


def test_parts_are_what_they_were_when_certificates_were_made():
    """Another way to split would put stories that were learned from among those that judge."""
    assert [held_out(story) for story in "bcdf"] == ["calibration", "fit", "fit", "gate"]


def test_shares():
    counted = Counter(held_out(str(number)) for number in range(4000))
    assert all(abs(counted[part] - 40 * share) < 150 for part, share in SHARES.items())
