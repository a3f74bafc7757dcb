"""The page: one file that fetches nothing, with every figure in a table, and names that are no markup."""

from dataclasses import replace

import lxml.html
import pytest

from evaluation.page import MEANINGS, render
from evaluation.report import RELEVANCE, evaluate
from tests.evaluation.test_report import GOOD, NOISE, SEVEN, half_dutch, listed
from tests.graded import START, graded

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def report():
    dataset = graded(40)
    made = [listed(ranker.name, person, "ab") for person in range(8) for ranker in (GOOD, NOISE)]
    return evaluate(dataset, [GOOD, NOISE], half_dutch(dataset), made, SEVEN)


@pytest.fixture(scope="module")
def page(report):
    return render(report, "acme", (START, START), START).decode()


def test_it_fetches_nothing_and_runs_nothing(page) -> None:
    tree = lxml.html.fromstring(page)
    assert page.startswith("<!doctype html>")
    assert not tree.xpath("//script | //link | //img | //iframe | //@src")
    assert "url(http" not in page
    assert "@import" not in page
    assert all(target.startswith("#") for target in tree.xpath("//@*[contains(name(), 'href')]"))


def test_every_figure_is_in_a_table_and_is_explained(page, report) -> None:
    tree = lxml.html.fromstring(page)
    everything = {*RELEVANCE, *report.lists[0].metrics}
    assert set(tree.xpath("//dt/text()")) == set(MEANINGS) == everything
    first = {row.findtext("th").removesuffix(" ↑"): row for row in tree.xpath("//tbody/tr") if len(row) == 4}
    assert set(first) == everything
    told = report.relevance[0].metrics["mrr"]
    assert first["mrr"][1].text_content() == f"{told.value:.3f}({told.low:.3f} to {told.high:.3f})"
    captions = tree.xpath("//caption/text()")
    for part in ("job function", "language"):
        assert any(part in caption for caption in captions)


def test_tables_and_plots_can_be_used_by_everybody(page) -> None:
    tree = lxml.html.fromstring(page)
    for table in tree.xpath("//table"):
        assert table.find("caption") is not None
        assert set(table.xpath(".//thead//th/@scope")) == {"col"}
        assert set(table.xpath(".//tbody//th/@scope")) == {"row"}
        assert table.getparent().get("tabindex") == "0"
    plots = tree.xpath("//figure/*[name() = 'svg']")
    assert len(plots) == 4
    assert all(plot.get("role") == "img" and plot.get("aria-label") for plot in plots)
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert "currentColor" in page
    assert "#010203" not in page


def test_a_name_is_no_markup_and_no_formula(report) -> None:
    named = "<b>$x_1$ & co</b>"
    relevance = tuple(replace(row, part=named) if row.part == "hr" else row for row in report.relevance)
    ahead = tuple(replace(row, part=named) if row.part == "hr" else row for row in report.ahead)
    page = render(replace(report, relevance=relevance, ahead=ahead), named, (START, START), START).decode()
    tree = lxml.html.fromstring(page)
    assert not tree.xpath("//b")
    assert named in tree.xpath("//h1")[0].text_content()
    assert named in tree.xpath("//tbody//th/text()")
    assert page.count("&lt;b&gt;$x_1$ &amp; co&lt;/b&gt;") >= 4  # title, heading, table, plot


def test_without_lists_it_says_so() -> None:
    page = render(evaluate(graded(40), [GOOD], {}), "acme", (START, START), START).decode()
    assert "No slate could be made again" in page
