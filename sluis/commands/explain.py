"""`sluis models explain`: what a ranker goes by, over all that was logged, or for one article of one slate."""

import math
from typing import Annotated, Any, Final

import numpy as np
import typer
from rich.markup import escape

from catalog import articles, slates
from catalog.database import values
from catalog.errors import Invalid, NotFound
from catalog.ids import ArticleId, SlateId
from catalog.records import Slate, SlateItem
from catalog.slates import Logged
from models.heuristic import HEURISTIC, HeuristicRanker
from models.protocols import Additive
from ranking import attribution
from ranking.attribution import Explanation, Importance
from ranking.dataset import logged
from sluis.commands.models import challenger_named
from sluis.console import AsJson, counted, out, print_json, show
from sluis.promoting import champion_of, load
from sluis.wiring import House, open_house

_SLATES: Final = 1000
"""How many of the newest slates tell what a ranker goes by."""
_SHOWN: Final = 20
"""How many features a table has; `--json` has them all."""
_GROUPS: Final = 5
"""How many groups of features are told of each article of a slate."""
_HEURISTIC: Final = "heuristic"


def explain(
    name: Annotated[
        str, typer.Argument(help="An artefact's name, or 'heuristic'; what ranks now, or ranked that slate, if none.")
    ] = "",
    slate: Annotated[str, typer.Option(help="A slate: what each of its articles got its score from.")] = "",
    article: Annotated[str, typer.Option(help="One article of that slate, feature by feature.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """What a ranker goes by: in all, or with --slate for the articles of one slate."""
    house = open_house()
    if slate:
        _explain_slate(house, name, _slate(house, SlateId(slate)), ArticleId(article), as_json=as_json)
    elif article:
        raise Invalid("an article has a score in a slate: name it with --slate")
    else:
        _explain_ranker(house, name, as_json=as_json)


def _explain_ranker(house: House, name: str, *, as_json: bool) -> None:
    from models.ranker import LambdaMart  # brings LightGBM

    ranker = _named(house, name) if name else champion_of(house)
    every = load(house)
    kept = every.take(np.arange(len(every)) >= len(every) - _SLATES)
    if not len(kept):
        raise Invalid("there are no slates that somebody saw, so nothing to tell it by: come back when there are some")
    gains = ranker.importance() if isinstance(ranker, LambdaMart) else None
    by_feature, by_group = attribution.importance(ranker, kept, gains)
    if as_json:
        features, groups = ([values(one) for one in told] for told in (by_feature, by_group))
        print_json({"ranker": ranker.name, "slates": len(kept), "features": features, "groups": groups})
        return
    out.print(
        f"{ranker.name}, on the newest {counted(len(kept), 'slate')}. 'within slate' is how much a feature moves "
        "articles of a slate apart, in the unit of the score; 'mean abs' counts as well what it adds to all alike.",
        soft_wrap=True,
    )
    show([_weight(one, "group") for one in by_group])
    out.print("")
    show([_weight(one, "feature") | {"group": one.group} for one in by_feature[:_SHOWN]])


def _explain_slate(house: House, name: str, served: Slate, article: ArticleId, *, as_json: bool) -> None:
    ranker = _named(house, name) if name else _that_ranked(house, served)
    places = [place for place, item in enumerate(served.items) if article in ("", item.article_id)]
    if not places:
        raise NotFound(f"{article} was not in slate {served.id}: leave --article out to see what was")
    items = [served.items[place] for place in places]
    rows = logged([(Logged.of(served), places)])
    told = [(item, attribution.explain(ranker, row)) for item, row in zip(items, rows, strict=True)]
    if as_json:
        print_json({"ranker": ranker.name, "slate": served.id, "items": [_item(item, why) for item, why in told]})
        return
    by = "it" if served.ranker == ranker.name else served.ranker
    out.print(
        f"{ranker.name} on slate {served.id}, served by {by} at {served.created_at:%Y-%m-%d %H:%M}", soft_wrap=True
    )
    if article:
        _show_parts(*told[0])
    else:
        _show_items(house, told)


def _show_items(house: House, told: list[tuple[SlateItem, Explanation]]) -> None:
    with house.database.read() as connection:
        found = articles.many(connection, house.tenant, [item.article_id for item, _ in told])
    for item, why in told:
        title = found[item.article_id].title if item.article_id in found else "gone"
        out.print(f"\n{item.position}. {escape(title)}  [dim]{item.article_id}[/]", soft_wrap=True)
        heaviest = list(why.by_group().items())[:_GROUPS]
        groups = ", ".join(f"{group} {added:+.3f}" for group, added in heaviest)
        out.print(f"   score {why.score:+.3f} from {why.base:+.3f}: {groups}", soft_wrap=True)
    out.print("\nOne of them, feature by feature: --article ID")


def _show_parts(item: SlateItem, why: Explanation) -> None:
    out.print(
        f"place {item.position}: score {why.score:.4f} = start {why.base:+.4f} and what each feature adds",
        soft_wrap=True,
    )
    show([{"group": group, "adds": f"{added:+.4f}"} for group, added in why.by_group().items()])
    out.print("")
    show(
        [
            {
                "feature": part.feature.name,
                "adds": f"{part.added:+.4f}",
                "value": None if math.isnan(part.value) else f"{part.value:.4g}",
                "unit": part.feature.unit,
            }
            for part in why.parts[:_SHOWN]
            if part.added
        ]
    )


def _weight(one: Importance, what: str) -> dict[str, Any]:
    gain = {} if one.gain is None else {"gain": f"{one.gain:.1%}"}
    return {what: one.name, "within slate": one.within, "mean abs": one.mean_abs, **gain}


def _named(house: House, name: str) -> Additive:
    if name in (_HEURISTIC, HEURISTIC):
        return HeuristicRanker()
    return house.rankers.load(challenger_named(house, name, newest=False))


def _slate(house: House, asked: SlateId) -> Slate:
    with house.database.read() as connection:
        found = slates.get(connection, house.tenant, asked)
    if found is None:
        raise NotFound(f"there is no slate {asked}: 'sluis feed EMAIL' and the API tell the ids of what they served")
    return found


def _that_ranked(house: House, served: Slate) -> Additive:
    """The ranker that a slate names. Raises NotFound where it is gone."""
    found = house.rankers.of_slates(served.ranker)
    if found is None:
        raise NotFound(f"{served.ranker}, which ranked this slate, is gone: name another ranker to explain it by")
    return found


def _item(item: SlateItem, why: Explanation) -> dict[str, Any]:
    parts = [
        {"feature": each.feature.name, "group": each.feature.group, "value": each.value, "adds": each.added}
        for each in why.parts
    ]
    return {
        "position": item.position,
        "article": item.article_id,
        "score": why.score,
        "served_score": item.score,
        "base": why.base,
        "groups": why.by_group(),
        "parts": parts,
    }
