"""What is drawn of an article: fair, steady, and judged by what the person gave."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ids import ArticleId
from catalog.records import ALL
from models.drawing import draw, is_audited, is_wrong, score


def test_the_score_is_that_of_the_least_probable_value():
    proposal = {"function": {"sales": 0.9, "hr": 0.8}, "unit": {"north": 0.95}}
    assert score(proposal, ["function"]) == 0.8
    assert score(proposal, ["function", "unit"]) == 0.8
    assert score(proposal, ["function", "region"]) == 0.0  # nothing proposed on a hard axis: it waits
    assert score({"function": {}}, ["function"]) == 0.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -0.5])
def test_what_is_no_probability_is_never_sure(bad):
    for chances in ({"sales": 0.9, "hr": bad}, {"sales": bad, "hr": 0.9}):
        assert score({"function": chances}, ["function"]) == 0.0


@given(st.text(max_size=40), st.sets(st.text(max_size=5), min_size=1))
def test_a_draw_is_one_of_the_values_and_always_the_same(article, values):
    drawn = draw(ArticleId(article), "function", values)
    assert drawn in values
    assert drawn == draw(ArticleId(article), "function", sorted(values, reverse=True))


def test_each_value_is_drawn_alike_and_each_axis_by_itself():
    ids = [ArticleId(f"article-{number}") for number in range(3000)]
    both = Counter((draw(one, "function", "abc"), draw(one, "unit", "xy")) for one in ids)
    assert len(both) == 6
    assert all(abs(times - 500) < 100 for times in both.values())


KNOWN = {"function": frozenset({"sales", "hr", "legal", "it"}), "unit": frozenset({"north", "south"})}


def axes(**values: str) -> dict[str, frozenset[str]]:
    return {axis: frozenset(said.split()) for axis, said in values.items()}


def share_wrong(proposed, decided) -> float:
    wrong = [is_wrong(ArticleId(f"article-{number}"), proposed, decided, KNOWN) for number in range(2000)]
    return sum(wrong) / len(wrong)


@pytest.mark.parametrize(
    ("proposed", "decided", "expected"),
    [
        (axes(function="sales"), axes(function="sales hr"), 0.0),
        (axes(function="sales"), axes(function=ALL), 0.0),
        (axes(function="sales"), axes(function="hr"), 1.0),
        (axes(function="sales"), axes(), 1.0),
        (axes(function="sales"), None, 1.0),
        (axes(function="sales hr"), axes(function="sales"), 0.5),
        (axes(function=ALL), axes(function=ALL), 0.0),
        (axes(function=ALL), axes(function="sales"), 0.75),
        (axes(function=ALL), None, 1.0),
        (axes(function="sales", unit="north"), axes(function="sales", unit="south"), 1.0),
        (axes(function="sales hr", unit="north south"), axes(function="sales", unit="north"), 0.75),
        (axes(region=ALL), axes(region="east"), 1.0),  # nobody knows of any region: everybody is too many
    ],
)
def test_a_drawn_value_is_wrong_where_the_person_did_not_give_it(proposed, decided, expected):
    assert share_wrong(proposed, decided) == pytest.approx(expected, abs=0.04)


@given(st.text(max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_more_audits_are_the_same_ones_and_others(article, share, other):
    one, few, many = ArticleId(article), min(share, other), max(share, other)
    assert is_audited(one, many) or not is_audited(one, few)
    assert is_audited(one, 1.0)
    assert not is_audited(one, 0.0)


def test_the_audited_share_is_what_was_asked_and_says_nothing_about_the_drawn_value():
    ids = [ArticleId(f"article-{number}") for number in range(5000)]
    audited = [one for one in ids if is_audited(one, 0.2)]
    assert len(audited) == pytest.approx(1000, abs=100)
    assert sum(draw(one, "function", "ab") == "a" for one in audited) == pytest.approx(500, abs=70)
