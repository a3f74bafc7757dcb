"""`sluis scim …`: what the groups and departments of an identity provider give their people."""

from typing import Annotated, Any

import typer

from catalog import groups
from catalog.clock import utcnow
from catalog.errors import Invalid, NotFound
from catalog.groups import Kind, Rule
from catalog.records import Axes
from curation import provisioning
from sluis.console import AsJson, counted, out, print_json, show
from sluis.wiring import House, open_house

app = typer.Typer(help="Map groups of an identity provider to functions, regions, units.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="What the group or department is called; with --external-id its id.")]
ByExternalId = Annotated[bool, typer.Option("--external-id", help="The name is the provider's own id of the group.")]
OfDepartment = Annotated[bool, typer.Option("--department", help="It is a department of people, not a group.")]


@app.command("map")
def map_group(
    name: Name,
    value: Annotated[list[str] | None, typer.Argument(help="What it gives, as axis=value: function=sales.")] = None,
    *,
    external_id: ByExternalId = False,
    department: OfDepartment = False,
    nothing: Annotated[bool, typer.Option("--nothing", help="It gives nothing, whatever it is called.")] = False,
) -> None:
    """Say what a group gives its people, in the place of what was said before. It holds at once."""
    kind = _kind(external_id=external_id, department=department)
    if bool(value) == nothing:
        raise Invalid("say what it gives, such as function=sales, or --nothing")
    house = open_house()
    _set(house, kind, name, provisioning.rule(kind, name, value or [], house.taxonomy))


@app.command()
def unmap(name: Name, *, external_id: ByExternalId = False, department: OfDepartment = False) -> None:
    """Forget what was said of a group. Whatever it gave is taken back; what was set by hand stays."""
    if not _set(open_house(), _kind(external_id=external_id, department=department), name, []):
        raise NotFound(f"{name!r} was not mapped: 'sluis scim list' shows what is")


@app.command("list")
def list_groups(*, as_json: AsJson = False) -> None:
    """Show every group and mapping, how many people it has, what it gives them, and why."""
    house = open_house()
    with house.database.read() as connection:
        found = _all(house, connection)
    if as_json:
        print_json(found)
        return
    empty = "No groups yet: connect an identity provider to /scim/v2, or 'sluis scim map' a name beforehand."
    show([each | {"gives": _told(each["gives"])} for each in found], empty)


@app.command()
def apply() -> None:
    """Work out anew what everybody is given: after the vocabulary has changed. Safe to run again."""
    house = open_house()
    with house.database.write() as connection:
        changed = provisioning.settle_all(connection, house.tenant, house.taxonomy, utcnow())
    out.print(f"{counted(changed, 'employee')} changed")


def _kind(*, external_id: bool, department: bool) -> Kind:
    if external_id and department:
        raise Invalid("a department has no external id: use one of --external-id and --department")
    return Kind.EXTERNAL_ID if external_id else Kind.DEPARTMENT if department else Kind.NAME


def _set(house: House, kind: Kind, name: str, rules: list[Rule]) -> bool:
    """Let these be the rules of a name. Whether it had others, or has any now."""
    with house.database.write() as connection:
        before = [each for each in groups.rules(connection, house.tenant) if provisioning.is_named(each, kind, name)]
        groups.set_rules(connection, house.tenant, before, rules)
        changed = provisioning.settle_all(connection, house.tenant, house.taxonomy, utcnow())
    if before or rules:
        out.print(f"{counted(changed, 'employee')} changed")
    return bool(before or rules)


def _all(house: House, connection: Any) -> list[dict[str, Any]]:
    """Groups by name, then mappings that are of no group there is."""
    rules, known = groups.rules(connection, house.tenant), groups.every(connection, house.tenant)
    members = groups.members(connection, house.tenant, [each.id for each in known])
    found, used = list[dict[str, Any]](), set[Rule]()
    for group in known:
        about = provisioning.about(group, rules)
        used |= set(about)
        gives = provisioning.of_group(group, rules, house.taxonomy)
        why = "mapped" if about else "by its name" if gives else "nothing said"
        row = {"kind": "group", "name": group.display_name, "external_id": group.external_id}
        found.append(row | {"people": len(members[group.id]), "gives": gives, "why": why})
    for kind, name in sorted({(rule.kind, rule.name) for rule in rules if rule not in used}):
        gives = provisioning.values([rule for rule in rules if (rule.kind, rule.name) == (kind, name)], house.taxonomy)
        told = "department" if kind is Kind.DEPARTMENT else "group"
        named = (None, name) if kind is Kind.EXTERNAL_ID else (name, None)
        row = {"kind": told, "name": named[0], "external_id": named[1], "people": None}
        found.append(
            row | {"gives": gives, "why": "mapped" if kind is Kind.DEPARTMENT else "mapped, no such group yet"}
        )
    return found


def _told(gives: Axes) -> str:
    return " ".join(f"{axis}={value}" for axis, values in sorted(gives.items()) for value in sorted(values)) or "-"
