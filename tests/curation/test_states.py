"""The table of ways: nothing reaches a reader but through a decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.records import Action, State
from curation.states import NotPossible, after


def test_the_usual_way():
    state = State.TAGGED
    for action in (Action.ROUTE, Action.APPROVE):
        state = after(state, action)
    assert state is State.APPROVED


def test_what_needs_legal_stops_there():
    assert after(State.IN_REVIEW, Action.APPROVE, needs_legal=True) is State.LEGAL_REVIEW
    assert after(State.LEGAL_REVIEW, Action.SIGN, needs_legal=True) is State.APPROVED
    with pytest.raises(NotPossible):
        after(State.LEGAL_REVIEW, Action.APPROVE, needs_legal=True)


@pytest.mark.parametrize("final", [State.REJECTED, State.WITHDRAWN])
@pytest.mark.parametrize("action", list(Action))
def test_final_is_final(final, action):
    with pytest.raises(NotPossible, match="that applies to"):
        after(final, action)


@given(actions=st.lists(st.sampled_from(Action), max_size=8))
def test_whatever_people_try_legal_cannot_be_passed_by(actions):
    state, signed = State.TAGGED, False
    for action in actions:
        try:
            state = after(state, action, needs_legal=True)
        except NotPossible:
            continue
        signed = signed or action is Action.SIGN
        assert state is not State.APPROVED or signed
