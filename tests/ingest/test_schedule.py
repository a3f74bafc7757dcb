"""When to come back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import schedule
from ingest.config import IngestOptions
from tests.make import NOW

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
OPTIONS = IngestOptions(
    interval=HOUR,
    shortest_interval=15 * MINUTE,
    longest_interval=DAY,
    longest_pause=2 * DAY,
    retry_delays=(HOUR, DAY),
    most_patience=7 * DAY,
)


def ago(*times):
    return [NOW - time for time in times]


@pytest.mark.parametrize(
    ("published", "hint", "wait"),
    [
        ([], None, HOUR),  # nothing known
        ([NOW, NOW], None, HOUR),  # no dates: everything seems to appear now
        (ago(MINUTE, 2 * MINUTE, 3 * MINUTE), None, 15 * MINUTE),  # a news wire
        (ago(HOUR, 5 * HOUR, 9 * HOUR), None, 2 * HOUR),  # every four hours
        (ago(10 * HOUR, 11 * HOUR, 12 * HOUR), None, 5 * HOUR),  # fell silent
        (ago(10 * DAY), None, DAY),
        (ago(400 * DAY), None, DAY),
        (ago(MINUTE, 2 * MINUTE), 2 * HOUR, 2 * HOUR),  # it asks for patience
        (ago(MINUTE, 2 * MINUTE), 90 * DAY, DAY),  # but not for ever
        ([], 90 * DAY, DAY),
    ],
)
def test_a_source_is_visited_in_its_own_rhythm(published, hint, wait):
    assert schedule.rhythm(published, hint, NOW, OPTIONS) == wait


@given(st.lists(st.timedeltas(min_value=-DAY, max_value=800 * DAY)), st.none() | st.timedeltas(min_value=timedelta()))
def test_a_source_is_never_pestered_and_never_forgotten(ages, hint):
    assert 15 * MINUTE <= schedule.rhythm(ago(*ages), hint, NOW, OPTIONS) <= DAY


@pytest.mark.parametrize(
    ("before", "after"), [(HOUR, 1.5 * HOUR), (MINUTE, 15 * MINUTE), (DAY, DAY), (-HOUR, 15 * MINUTE)]
)
def test_nothing_new_makes_the_next_visit_later(before, after):
    assert schedule.unchanged(before, OPTIONS) == after


@pytest.mark.parametrize(("failures", "pause"), [(1, 2 * HOUR), (3, 8 * HOUR), (6, 2 * DAY), (10_000, 2 * DAY)])
def test_a_source_that_fails_is_left_alone_longer(failures, pause):
    assert pause <= schedule.after_failures(failures, None, "id", OPTIONS) <= 1.25 * pause


def test_what_failed_together_does_not_come_back_together():
    assert len({schedule.after_failures(1, None, f"source {n}", OPTIONS) for n in range(50)}) == 50


@pytest.mark.parametrize(("asked", "least"), [(3 * DAY, 3 * DAY), (90 * DAY, 7 * DAY), (timedelta(), 2 * HOUR)])
def test_a_server_that_asks_for_patience_gets_it_within_reason(asked, least):
    assert least <= schedule.after_failures(1, asked, "id", OPTIONS) <= max(least, 2.5 * HOUR)
    tried = schedule.next_try(1, asked, "id", OPTIONS)
    assert tried is not None
    assert min(asked, 7 * DAY) <= tried


def test_a_page_is_tried_once_more_than_there_are_delays():
    tried = [schedule.next_try(attempts, None, "id", OPTIONS) for attempts in (1, 2, 3)]
    assert HOUR <= tried[0] <= 1.25 * HOUR
    assert DAY <= tried[1] <= 1.25 * DAY
    assert tried[2] is None
