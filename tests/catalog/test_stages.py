"""Whoever listens hears of each stage; where nobody does, functions are what they were."""

from contextlib import contextmanager

import pytest

from catalog import stages
from catalog.stages import stage


@pytest.fixture
def heard():
    told = []

    @contextmanager
    def listener(name):
        told.append(f"{name} begins")
        try:
            yield
        finally:
            told.append(f"{name} ends")

    stages.listen(listener)
    yield told
    stages.listen(None)


@stage("halving")
def half(number, *, of=1):
    """Half of it."""
    if number % 2:
        raise ValueError("odd")
    return number // 2 * of


def test_nobody_listens_by_default():
    assert half(4, of=3) == 6
    assert (half.__name__, half.__doc__) == ("half", "Half of it.")


def test_a_stage_is_heard_to_begin_and_end_also_where_it_fails(heard):
    assert half(4) == 2
    with pytest.raises(ValueError, match="odd"):
        half(3)
    assert heard == ["halving begins", "halving ends"] * 2
