"""What a PATCH says of who is in a group, where it says nothing else: people come and go by their ids alone.

A provider fills a large group with thousands of such requests. Each would read, check and compare every member.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scim2_models import PatchOp, PatchOperation
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator, ValuePath


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: add, remove or replace these; None for all that are there."""

    op: PatchOperation.Op
    named: tuple[str, ...] | None


def steps(patch: "PatchOp[Any]") -> list[Step] | None:
    """The operations in order; None where one of them is about something else, or has another form."""
    try:
        return [_step(each) for each in patch.operations or ()]
    except ValueError:
        return None


def after(there: frozenset[str], taken: list[Step]) -> frozenset[str]:
    """Who is in the group once every step is taken."""
    for step in taken:
        if step.op == PatchOperation.Op.add:
            there |= frozenset(step.named or ())
        elif step.op == PatchOperation.Op.replace_:
            there = frozenset(step.named or ())
        else:
            there = frozenset() if step.named is None else there - frozenset(step.named)
    return there


def _step(operation: "PatchOperation[Any]") -> Step:
    path, removes = operation.path, operation.op == PatchOperation.Op.remove
    binding = path.resolve() if path is not None else None
    if path is None or binding is None or binding.field_name != "members" or binding.sub_field_name:
        raise ValueError("it is about something else")
    if isinstance(path.ast, ValuePath):
        if not removes or path.ast.sub_attr or operation.value is not None:
            raise ValueError("it changes something of a member")
        return Step(operation.op, tuple(_selected(path.ast.val_filter)))
    if removes and operation.value is None:
        return Step(operation.op, None)
    return Step(operation.op, tuple(_named(operation.value)))


def _selected(node: FilterNode) -> Iterator[str]:
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_:
        for term in node.terms:
            yield from _selected(term)
    elif (
        isinstance(node, Comparison)
        and node.op == CompareOperator.eq
        and str(node.attr_path).lower() == "value"
        and isinstance(node.value, str)
    ):
        yield node.value
    else:
        raise ValueError("it selects by something else")


def _named(value: Any) -> Iterator[str]:
    members = value if isinstance(value, list) else [value]
    if not members:
        raise ValueError("nobody is named")
    for member in members:
        named = member.get("value") if isinstance(member, dict) else None
        if not isinstance(named, str):
            raise ValueError("a member is named in another way")
        yield named
