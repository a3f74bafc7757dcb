"""Undocumented means failing: each command, setting and endpoint is in docs/, and every link leads somewhere."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.main import get_command

from api.app import create_app
from catalog.claims import LeaseLost
from catalog.errors import SluisError
from catalog.sources import SourceExists
from ranking.features import FEATURES
from sluis.main import app
from sluis.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(group, name="sluis"):
    if hasattr(group, "commands"):
        for word, command in group.commands.items():
            yield from commands(command, f"{name} {word}")
    else:
        yield name, group


COMMANDS = dict(commands(get_command(app)))
REFERENCE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name):
    section = re.search(rf"^### `{name}[ `].*?(?=^### |^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    assert section, f"docs/commands.md has no section for {name!r}"
    for option in COMMANDS[name].params:
        spelled = next((spelling for spelling in option.opts if spelling.startswith("--")), None)
        assert spelled is None or spelled == "--json" or f"`{spelled}" in section.group(), f"{name}: {spelled}"


def test_no_section_is_about_a_command_that_is_gone():
    told = set(re.findall(r"^### `(sluis(?: [a-z-]+)+)", REFERENCE, re.MULTILINE))
    assert told <= set(COMMANDS)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name):
    variable = f"SLUIS_{name.upper()}"
    assert f"`{variable}`" in (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")


def test_no_setting_is_documented_that_there_is_not():
    page = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `SLUIS_(\w+)`", page, re.M)
    assert set(told) == {name.upper() for name in Settings.model_fields}


def test_every_endpoint_is_documented():
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "api").glob("*.md"))
    for path, methods in create_app(SimpleNamespace(metrics=None, most_at_once=1)).openapi()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in pages


def every(kind):
    yield kind
    for narrower in kind.__subclasses__():
        yield from every(narrower)


IN_THE_TERMINAL = (
    "catalog.experiments",
    "catalog.own_concepts",
    "catalog.standards",
    "curation.certifying",
    "curation.vocabulary",
)


def raised(kind):
    """Whether a route, or what it calls, can raise this. Leases are of workers, the others are of the terminal."""
    if kind in (SluisError, LeaseLost, SourceExists) or kind.__module__ in IN_THE_TERMINAL:
        return False
    floor, _, module = kind.__module__.partition(".")
    called = {"ingest": {"handed", "doors", "suggested", "urls", "remote"}, "models": {"remote"}, "ranking": {"feed"}}
    return floor in ("api", "catalog", "curation") or module in called.get(floor, ())


def test_every_code_that_a_route_can_answer_with_is_documented():
    table = (ROOT / "docs" / "api" / "errors.md").read_text(encoding="utf-8")
    codes = {kind.code for kind in every(SluisError) if raised(kind)}
    assert {"invalid", "withdrawn", "bad_address", "not_opted_in", "no_article"} <= codes
    rows = [row.split("|") for row in table.splitlines() if row.startswith("|")]
    told = {code for row in rows for code in re.findall(r"`(\w+)`", row[2])}
    assert codes | {"malformed", "too_large", "busy", "internal"} <= told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_feature_is_documented_as_it_is_declared():
    page = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (\w+) \|$", page, re.MULTILINE)
    assert told == [(each.name, each.unit, each.why, each.group) for each in FEATURES]
