"""Options that would break a promise are refused when they are set, not when somebody is served."""

import pytest

from ranking.config import PEOPLE_COUNTED, RankingOptions


@pytest.mark.parametrize(
    "wrong",
    [
        {"epsilon": 1.1},
        {"mmr_weight": -0.1},
        {"own_share": 2.0},
        {"minimum_group": 1},
        {"minimum_group": PEOPLE_COUNTED},
        {"explore": -1},
        {"co_visited": -1},
        {"pinned": -1},
        {"kind_mix": (("news", 0.6), ("event", 0.5))},
        {"kind_mix": (("news", -0.1),)},
        {"kind_mix": (("news", float("nan")),)},
        {"kind_mix": (("news", 0.1), ("news", 0.1))},
        {"fresh": 0, "relevant": 0, "popular": 0, "explore": 49},
    ],
)
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ValueError):
        RankingOptions(**wrong)


def test_the_defaults_fill_the_longest_slate():
    options = RankingOptions()
    assert options.candidates >= options.max_size
