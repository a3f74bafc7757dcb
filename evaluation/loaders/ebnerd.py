"""EB-NeRD: what readers of Ekstra Bladet had in view and clicked (Kruse et al., RecSys Challenge 2024), in Parquet.

`behaviors`: one row per impression. `history`: what each reader clicked in the weeks before, with times. `articles`,
where it is there: when they were published and what they are about. Its times have no zone; they are taken as UTC.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.ids import ArticleId, EmployeeId, EventId, SlateId
from catalog.records import Event, EventType
from evaluation.loaders import rows
from evaluation.loaders.engagement import Engagement, Impression, article, by_time, first_met, numbered
from evaluation.loaders.rows import BadFile

_SHOWN = ("impression_id", "user_id", "impression_time", "article_ids_inview", "article_ids_clicked")
_CLICKED = ("user_id", "impression_time_fixed", "article_id_fixed")
_TOLD = ("published_time", "category_str", "topics")


def load(folder: Path) -> Engagement:
    """Read the copy in `folder`; `history` and `articles` may be missing.

    Raises BadFile where there are no `behaviors`, or a file is not of this form.
    """
    path = rows.find(folder, "behaviors", ".parquet")
    if path is None:
        raise BadFile(
            f"there is no behaviors.parquet in {folder}: name the folder of EB-NeRD's train or validation part"
        )
    impressions = by_time(_impressions(path))
    history, known = rows.find(folder, "history", ".parquet"), rows.find(folder, "articles", ".parquet")
    first = impressions[0].at if impressions else datetime.max.replace(tzinfo=UTC)
    clicks = [event for event in _clicks(history) if event.at < first] if history else []
    about = dict(_about(known)) if known else {}
    born = first_met(clicks, impressions)
    published = sorted((_published(about.get(each), at), each) for each, at in born.items())
    articles = tuple(article(each, at, _topics(about.get(each))) for at, each in published)
    return Engagement(tuple(numbered(clicks)), articles, impressions)


def _impressions(path: Path) -> Iterator[Impression]:
    for _, row in rows.read(path, _SHOWN):
        shown = tuple(dict.fromkeys(ArticleId(str(each)) for each in row["article_ids_inview"] or ()))
        clicked = {ArticleId(str(each)) for each in row["article_ids_clicked"] or ()}
        at, person = rows.moment(row["impression_time"], UTC), EmployeeId(str(row["user_id"]))
        yield Impression(str(row["impression_id"]), at, person, shown, frozenset(clicked & set(shown)))


def _clicks(path: Path) -> Iterator[Event]:
    """What was clicked in the weeks before, each as an answer to a list that nobody kept."""
    number = 0
    for _, row in rows.read(path, _CLICKED):
        person = EmployeeId(str(row["user_id"]))
        for time, about in zip(row["impression_time_fixed"] or (), row["article_id_fixed"] or (), strict=True):
            number += 1
            at, one = rows.moment(time, UTC), ArticleId(str(about))
            yield Event(EventId(f"h{number}"), EventType.OPEN, one, at, at, SlateId(f"h{number}"), person)


def _about(path: Path) -> Iterator[tuple[ArticleId, Mapping[str, Any]]]:
    """Without the texts, which would fill the memory and are not asked for."""
    for _, row in rows.read(path, ["article_id"]):
        yield ArticleId(str(row["article_id"])), {name: row.get(name) for name in _TOLD}


def _published(row: Mapping[str, Any] | None, first: datetime) -> datetime:
    """When it was published, and no later than it was met."""
    told = row.get("published_time") if row else None
    return min(rows.moment(told, UTC), first) if told is not None else first


def _topics(row: Mapping[str, Any] | None) -> Mapping[str, list[str]]:
    if row is None:
        return {}
    told = [str(row["category_str"])] if row.get("category_str") else []
    return {"topic": list(dict.fromkeys([*told, *map(str, row.get("topics") or ())]))}
