"""MIND: what readers of a news site were shown and clicked (Wu et al., ACL 2020), as its files have it.

`behaviors.tsv`: impression, user, time, what they had clicked before, and the list shown with 1 or 0. `news.tsv`: id,
category, subcategory and texts, of which none is read. There are no dates of publication: an article is as old as its
first appearance. What was clicked before has an order and no times.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from catalog.ids import ArticleId, EmployeeId
from evaluation.loaders import rows
from evaluation.loaders.engagement import Engagement, Impression, article, by_time, first_met
from evaluation.loaders.rows import BadFile

_TIME: Final = "%m/%d/%Y %I:%M:%S %p"
_BEHAVIORS, _NEWS = 5, 3


def load(folder: Path) -> Engagement:
    """Read the copy in `folder`; without `news.tsv` nothing is known of what articles are about.

    Raises BadFile where there is no `behaviors.tsv`, or a line of it is not of this form.
    """
    path = rows.find(folder, "behaviors", ".tsv")
    if path is None:
        raise BadFile(f"there is no behaviors.tsv in {folder}: name the folder of MIND's train or dev part")
    impressions = by_time(_impressions(path))
    news = rows.find(folder, "news", ".tsv")
    topics = dict(_topics(news)) if news else {}
    born = first_met((), impressions)
    return Engagement((), tuple(article(each, at, topics.get(each)) for each, at in born.items()), impressions)


def _impressions(path: Path) -> Iterator[Impression]:
    for number, fields in _lines(path, _BEHAVIORS):
        name, person, time, before, shown = fields[:_BEHAVIORS]
        try:
            pairs = [each.rsplit("-", 1) for each in shown.split()]
            at = datetime.strptime(time, _TIME).replace(tzinfo=UTC)
            chosen = frozenset(ArticleId(each) for each, clicked in pairs if clicked == "1")
            if any(clicked not in ("0", "1") for _, clicked in pairs):
                raise ValueError("a list has 1 or 0 after each article")
        except ValueError as error:
            raise BadFile(f"{path}, line {number}: {error}") from error
        unique = tuple(dict.fromkeys(ArticleId(each) for each, _ in pairs))
        yield Impression(name, at, EmployeeId(person), unique, chosen, tuple(map(ArticleId, before.split())))


def _topics(path: Path) -> Iterator[tuple[ArticleId, Mapping[str, list[str]]]]:
    for _, (name, category, subcategory, *_) in _lines(path, _NEWS):
        told = [each for each in (category, subcategory) if each]
        yield ArticleId(name), {"topic": told}


def _lines(path: Path, fields: int) -> Iterator[tuple[int, list[str]]]:
    try:
        with rows.unpacked(path) as file:
            for number, line in enumerate(file, start=1):
                found = line.rstrip("\r\n").split("\t")
                if len(found) < fields:
                    raise BadFile(f"{path}, line {number}: {len(found)} fields, {fields} are needed")
                yield number, found
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadFile(f"{path} cannot be read ({error})") from error
