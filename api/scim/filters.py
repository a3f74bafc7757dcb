"""A filter of SCIM as a condition on our columns. Values are bound, never part of the statement.

What a comparison means is as `scim2_models` has it, whose own evaluation the tests compare this with: text that is not
`caseExact` is compared without capitals, `ne` holds where there is nothing, and a comparison with an attribute that has
several values holds where it holds for one of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    CompareOperator,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)
from sqlalchemy import ColumnElement, String, and_, collate, false, func, not_, or_, true

from catalog.provisioned import folded

MOST_CHARACTERS: Final = 2000
"""Of a filter: a database parses no condition of any length."""

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Column:
    """What an attribute is in the database. Without `exact` text is compared without capitals, `key` where there is
    a column for that."""

    of: ColumnElement[Any]
    exact: bool = True
    key: ColumnElement[str] | None = None


@dataclass(frozen=True, slots=True)
class Many:
    """An attribute with several values: its parts by name, and `any`, which says that a condition holds for one."""

    parts: Mapping[str, Column]
    any: Callable[[Condition], Condition]


Columns = Mapping[str, Column | Many | Mapping[str, Column]]
"""The columns of a resource, by the name of the attribute and of its part."""


def condition(filter_: ScimFilter[Any] | None, columns: Columns, *, binary: str) -> Condition:
    """What holds for the rows that a filter wants. `binary` is the collation of code points of the database.

    Raises InvalidFilterException.
    """
    if filter_ is None:
        return true()
    return _Compiler(filter_, columns, binary).visit(filter_.ast)


@dataclass
class _Compiler(FilterVisitor[Condition]):
    """Walks the filter. Within the brackets of an attribute with several values, `columns` are that attribute's."""

    filter: ScimFilter[Any]
    columns: Columns
    binary: str
    within: str = ""

    def visit_not(self, node: Not) -> Condition:
        return _unless(self.visit(node.expr))

    def visit_logical_expr(self, node: LogicalExpr) -> Condition:
        found = [self.visit(term) for term in node.terms]
        return and_(*found) if node.op == LogicalOperator.and_ else or_(*found)

    def visit_present(self, node: Present) -> Condition:
        binding = self._bound(node.attr_path, comparison=False)
        column = self._column(binding)
        if isinstance(column, Column):
            return _present(column)
        if isinstance(column, Many):
            part = binding.sub_field_name
            return column.any(_present(column.parts[part]) if part else true())
        return or_(*map(_present, column.values()))

    def visit_comparison(self, node: Comparison) -> Condition:
        binding = self._bound(node.attr_path, comparison=True)
        column = self._column(binding)
        value = _storable(coerce_value(binding, node.value, node.op))
        if isinstance(column, Column):
            return self._compared(column, node.op, value)
        if isinstance(column, Many) and binding.sub_field_name:
            part = column.parts[binding.sub_field_name]
            if node.op == CompareOperator.ne:
                return _unless(self._of_one(column, part, CompareOperator.eq, value))
            return self._of_one(column, part, node.op, value)
        raise InvalidFilterException(detail=f"{node.attr_path} has parts: compare one of them")

    def visit_value_path(self, node: ValuePath) -> Condition:
        binding = self._bound(node.attr_path, comparison=False)
        column = self._column(binding)
        if not isinstance(column, Many):
            raise InvalidFilterException(detail=f"{node.attr_path} has one value: name it without brackets")
        inner = replace(self, columns=column.parts, within=node.attr_path.attr)
        return column.any(inner.visit(node.val_filter))

    def _bound(self, path: AttrPath, *, comparison: bool) -> AttributeBinding:
        if self.within:
            if path.sub_attr or path.uri:
                raise InvalidFilterException(detail=f"{path}: within brackets a part is named by its own name")
            path = AttrPath(self.within, path.attr)
        resolve = self.filter.resolve_comparison if comparison else self.filter.resolve
        found = resolve(path)
        if found is None:
            raise InvalidFilterException(detail=f"there is no attribute {path}")
        return found

    def _column(self, binding: AttributeBinding) -> Column | Many | Mapping[str, Column]:
        """What a binding is in the database; of an attribute with several values the whole of it."""
        name = binding.sub_field_name if self.within else binding.field_name
        found = self.columns.get(name or "")
        if isinstance(found, Mapping) and binding.sub_field_name:
            found = found.get(binding.sub_field_name)
        if found is None or (isinstance(found, Many) and (binding.sub_field_name or "") not in {"", *found.parts}):
            raise InvalidFilterException(detail=f"{binding.urn} cannot be filtered by")
        return found

    def _of_one(self, column: Many, part: Column, op: CompareOperator, value: Any) -> Condition:
        """That it holds for one of several; nothing at all is like null."""
        found = column.any(self._compared(part, op, value))
        return or_(found, not_(column.any(true()))) if value is None and op == CompareOperator.eq else found

    def _compared(self, column: Column, op: CompareOperator, value: Any) -> Condition:
        if value is None:
            return _is_null(column, op)
        if op == CompareOperator.ne:
            return _unless(self._compared(column, CompareOperator.eq, value))
        if not isinstance(value, str):
            return _COMPARED[op](column.of, value) if op in _COMPARED else false()
        if column.exact:
            return self._text(column.of, op, value)
        key = column.key if column.key is not None else func.lower(column.of)
        return self._text(key, op, folded(value))

    def _text(self, of: ColumnElement[str], op: CompareOperator, value: str) -> Condition:
        length = len(value)
        if op == CompareOperator.co:
            return func.replace(of, value, "") != of if value else of.is_not(None)
        if op == CompareOperator.sw:
            return func.substr(of, 1, length) == value
        if op == CompareOperator.ew:
            return and_(func.length(of) >= length, func.substr(of, func.length(of) - length + 1) == value)
        if op == CompareOperator.eq:
            return of == value
        return _COMPARED[op](collate(of, self.binary), value)


_COMPARED: Final[Mapping[CompareOperator, Callable[[Any, Any], Condition]]] = {
    CompareOperator.eq: lambda some, other: some == other,
    CompareOperator.gt: lambda some, other: some > other,
    CompareOperator.ge: lambda some, other: some >= other,
    CompareOperator.lt: lambda some, other: some < other,
    CompareOperator.le: lambda some, other: some <= other,
}


def _unless(holds: Condition) -> Condition:
    """The opposite, which holds as well where there is nothing to compare."""
    return not_(func.coalesce(holds, false()))


def _present(column: Column) -> Condition:
    there = column.of.is_not(None)
    return and_(there, column.of != "") if isinstance(column.of.type, String) else there


def _is_null(column: Column, op: CompareOperator) -> Condition:
    if op == CompareOperator.eq:
        return column.of.is_(None)
    return column.of.is_not(None) if op == CompareOperator.ne else false()


def _storable(value: Any) -> Any:
    """The value, unless it is text that no database takes. Raises InvalidFilterException."""
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= char <= "\udfff" for char in value)):
        raise InvalidFilterException(detail="a value has a character that is kept nowhere, such as NUL")
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        except OverflowError:
            raise InvalidFilterException(detail="a moment lies between the years 1 and 9999") from None
    return value
