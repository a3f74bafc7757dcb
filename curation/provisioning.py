"""What follows from what an identity provider says: the values on an axis that groups, departments and languages give.

Nothing is guessed. A group or a department gives what an administrator mapped it to; a group of which nothing was said
gives a function where its name is exactly that function's, and no other's. All others give nothing: who has no function
gets only what is for everybody.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from catalog import groups, people, provisioned
from catalog.errors import Invalid
from catalog.groups import Group, Kind, Rule
from catalog.ids import EmployeeId, TenantId
from catalog.provisioned import Said, folded
from catalog.records import AXES, FUNCTION, LONGEST_GROUP, Axes, joined
from catalog.taxonomy import EVERYONE, Taxonomy
from curation import directory
from curation.audience import FACET_OF_AXIS

DEPARTMENT: Final = "department"
LANGUAGE: Final = "language"
"""Origins of values that no group gives."""

_TAG: Final = re.compile(r"([A-Za-z]{2})(?:[-_,;].*)?", re.DOTALL)


def rule(kind: Kind, name: str, words: Sequence[str], taxonomy: Taxonomy) -> list[Rule]:
    """What an administrator says of a name as axis=value; without words: that it gives nothing. Raises Invalid."""
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_GROUP:
        raise Invalid(f"the name of a group has 1 to {LONGEST_GROUP} characters that can be printed")
    said = defaultdict[str, list[str]](list)
    for word in words:
        axis, _, value = word.partition("=")
        if axis not in AXES or not value:
            raise Invalid(f"{word!r} maps to nothing: write axis=value, with axis one of {', '.join(AXES)}")
        said[axis].append(value)
    found = directory.axes(said, taxonomy)
    given = [Rule(kind, name, axis, value) for axis, values in sorted(found.items()) for value in sorted(values)]
    return given or [Rule(kind, name, "", "")]


def by_itself(name: str, taxonomy: Taxonomy) -> str | None:
    """The function whose label, in any of our languages, or id is this name; None where that is none, or several."""
    wanted = folded(name.strip())
    found = {
        concept.id
        for concept in taxonomy.facets[FUNCTION].values()
        if concept.id != EVERYONE and wanted in {folded(each) for each in (concept.id, *concept.labels.values())}
    }
    return found.pop() if len(found) == 1 else None


def of_group(group: Group, rules: Iterable[Rule], taxonomy: Taxonomy) -> Axes:
    """What a group gives its people."""
    said = about(group, rules)
    if said:
        return values(said, taxonomy)
    function = by_itself(group.display_name, taxonomy)
    return {FUNCTION: frozenset({function})} if function else {}


def about(group: Group, rules: Iterable[Rule]) -> list[Rule]:
    """What an administrator said of this group."""
    names = ((Kind.NAME, group.display_name), (Kind.EXTERNAL_ID, group.external_id or ""))
    return [each for each in rules if any(is_named(each, *name) for name in names)]


def is_named(rule: Rule, kind: Kind, name: str) -> bool:
    """Whether a rule is about this name; capitals tell only ids of a provider apart."""
    if rule.kind is not kind:
        return False
    return rule.name == name if kind is Kind.EXTERNAL_ID else folded(rule.name.strip()) == folded(name.strip())


def of_department(department: str | None, rules: Iterable[Rule], taxonomy: Taxonomy) -> Axes:
    """What a department gives its people: what it was mapped to."""
    return values([each for each in rules if is_named(each, Kind.DEPARTMENT, department or "")], taxonomy)


def of_language(said: Said) -> Axes:
    """The language that somebody prefers, else that of their region; none where neither is one."""
    for tag in (said.preferred_language, said.locale):
        if tag and (found := _TAG.fullmatch(tag.strip())):
            return {LANGUAGE: frozenset({found[1].lower()})}
    return {}


def settle(
    connection: Connection,
    tenant: TenantId,
    taxonomy: Taxonomy,
    employees: Collection[EmployeeId],
    now: datetime,
) -> int:
    """Let these people have what is given to them now, and nothing that is given no longer; for how many it changed.

    They are held first: whoever puts one of them into another group at this moment is waited for, and seen.
    """
    people.hold(connection, tenant, employees)
    rules = groups.rules(connection, tenant)
    theirs = groups.of_people(connection, tenant, employees)
    said = provisioned.many(connection, tenant, employees)
    gives = {each.id: of_group(each, rules, taxonomy) for found in theirs.values() for each in found}
    given: dict[EmployeeId, dict[str, Axes]] = {}
    for employee in employees:
        given[employee] = {str(group.id): gives[group.id] for group in theirs.get(employee, ())}
        if employee in said:
            given[employee][DEPARTMENT] = of_department(said[employee].department, rules, taxonomy)
            given[employee][LANGUAGE] = of_language(said[employee])
    return people.lend(connection, tenant, given, now)


def settle_all(connection: Connection, tenant: TenantId, taxonomy: Taxonomy, now: datetime) -> int:
    """The same for everybody: after a mapping or the vocabulary has changed."""
    everybody = [person.id for person in people.every(connection, tenant)]
    return settle(connection, tenant, taxonomy, everybody, now)


def values(rules: Iterable[Rule], taxonomy: Taxonomy) -> Axes:
    """What rules say, without concepts that are in use no longer."""
    given: Axes = {}
    for each in rules:
        facet = FACET_OF_AXIS.get(each.axis)
        if each.axis and (facet is None or each.value in taxonomy.facets[facet]):
            given = joined(given, {each.axis: frozenset({each.value})})
    return given
