"""The way of an article, as a table: which action leads from where to where.

Rejected and withdrawn are final. Nothing leads to `approved` but a person's decision or a certificate.
"""

from collections.abc import Mapping
from typing import Final

from catalog.errors import Conflict
from catalog.records import Action, State


class NotPossible(Conflict):
    """This action does not apply to an article in this state."""

    code = "not_possible"


FINAL: Final = frozenset({State.REJECTED, State.WITHDRAWN})
"""Nothing leads away from here."""

_WAYS: Final[Mapping[Action, Mapping[State, State]]] = {
    Action.ROUTE: {State.TAGGED: State.IN_REVIEW},
    Action.CERTIFY: {State.TAGGED: State.APPROVED},
    Action.APPROVE: {State.IN_REVIEW: State.APPROVED},
    Action.AUDIT: {State.APPROVED: State.APPROVED},
    Action.SIGN: {State.LEGAL_REVIEW: State.APPROVED},
    Action.REJECT: {State.IN_REVIEW: State.REJECTED, State.LEGAL_REVIEW: State.REJECTED},
    Action.WITHDRAW: {
        State.EXTRACTED: State.WITHDRAWN,
        State.TAGGED: State.WITHDRAWN,
        State.IN_REVIEW: State.WITHDRAWN,
        State.LEGAL_REVIEW: State.WITHDRAWN,
        State.APPROVED: State.WITHDRAWN,
    },
    Action.EDIT: {
        State.IN_REVIEW: State.IN_REVIEW,
        State.LEGAL_REVIEW: State.LEGAL_REVIEW,
        State.APPROVED: State.APPROVED,
    },
    Action.PIN: {State.APPROVED: State.APPROVED},
    Action.UNPIN: {state: state for state in State if state not in FINAL},
}


def after(state: State, action: Action, *, needs_legal: bool = False) -> State:
    """The state that `action` leads to. What needs legal stops there on its way to approved, unless legal signs now.

    Raises NotPossible, which says in which states the action applies.
    """
    ways = _WAYS[action]
    if state not in ways:
        raise NotPossible(f"cannot {action} an article that is {state}: that applies to {', '.join(ways)}")
    passes = action is Action.SIGN or ways[state] is not State.APPROVED
    return ways[state] if passes or not needs_legal else State.LEGAL_REVIEW
