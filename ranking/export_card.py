"""The data card of an export: what is in it, how people are kept unknown, and what may be done with it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

CARD: Final = "README.md"

_TOLD: Final = """## Columns

* **slates**: `slate_id`, `person`, `created_at`; `seq`, the number of events in the log when it was ranked; `ranker`;
  `degraded`, whether a fallback ranked; `language`, where one was asked for; `experiment` and `arm`, where one ran;
  `listed`, whether another program chose the candidates, all of which were placed, with propensity 0;
  {axes}: who the person was then.
* **items**: `slate_id`; `position`, from 1; `article_id`; `score` of the ranker; `propensity`, the probability with
  which the policy put this article here, given those above it; and {features} features, `{prefix}NAME`, as the server
  computed them at that moment. A feature that this slate was not logged with is null.
* **events**: `seq`, which has gaps where events stayed at home; `type` (seen, open, like, save, share, dismiss, and
  click: somebody in their network followed a share); `article_id`; `slate_id`, null for history that was imported from
  another tool: no slate of ours led to it, and it must never take part in off-policy estimates; `person`; `at`, when
  it happened; `received_at`, when it was heard of: nobody knew of it earlier; {axes}.
* **articles**: `id`, `url`, `title`, `site_name`, `language`, `internal` (the organisation's own), `words`,
  `published_at`, `live_from`, `expires_at`, `state`, `story_id`, `tags` (facet, concept, probability){text}.

The feature list is version `{feature_version}`; docs/features.md of Sluis says what each feature means.

## People

Names, addresses and ids are not in it. `person` and `slate_id` are HMAC-SHA256 of the id under a key that stays at
home (`export.key` there): the same in every export of this organisation, and not to be computed without that key.

This is **pseudonymous, not anonymous** data: what somebody read, and when, tied to their job function, may point at a
person where few have that job. It stays personal data under the GDPR. Keep it where only those can read it who need
it, for as long as they need it; do not try to find out who somebody is; when somebody has been erased at home, delete
this export and make another. People who opted out and people who were erased are not in it.

## Licence

The log belongs to {name}, and goes to nobody else without its word. Titles{licensed} belong to their publishers.
There is no licence to publish any of it.
"""

_ASKED: Final = """# Data of {name}: what was shown to whom, and what came of it

Read part by part from `GET /v1/exports/TABLE`.

{told}"""

_CARD: Final = """# Data of {name}: what was shown to whom, and what came of it

Made by `sluis export` on {made_at}. Export `{id}`, format {format}.

## What is in it

| file | rows | one row is |
|---|---|---|
| `slates.parquet` | {slates} | one slate: what one person was offered at one moment |
| `items.parquet` | {items} | one place of a slate, in the order of the slates |
| `events.parquet` | {events} | one thing that somebody did with an article, in the order of the log |
| `articles.parquet` | {articles} | one article that went live, or that a slate or an event speaks of |
| `export.json` | | the same facts for programs, and the SHA-256 of each file |
| `return.key` | | a secret that lets a model go back (`sluis models add`): keep it as you keep the data |

{people} people took part. The first slate or event is of {first}, the last of {last}.
Moments are UTC, to the microsecond. Left out: {left_out}.

{told}## Where to begin

```sh
sluis train --data FOLDER --to MODEL     # without a database
sluis models add MODEL                   # at home: a challenger like any other
```

docs/notebooks/from-an-export.ipynb of Sluis looks around in it.
"""


def card(name: str, facts: Mapping[str, Any]) -> str:
    """The card of a folder in Markdown, from the facts in `export.json`."""
    rows: Mapping[str, int] = facts["rows"]
    kept_back = [f"{count:,} {what}" for what, count in facts["left_out"].items() if count]
    first, last = facts["period"] or ("-", "-")
    return _CARD.format(
        name=name,
        id=facts["id"],
        format=facts["format"],
        made_at=facts["made_at"],
        **{file: f"{rows.get(f'{file}.parquet', 0):,}" for file in ("slates", "items", "events", "articles")},
        people=f"{facts['people']:,}",
        first=first,
        last=last,
        left_out=", ".join(kept_back) or "nothing",
        told=_told(name, facts["axes"], len(facts["features"]), facts["feature_version"], facts["text"]),
    )


def card_of_parts(name: str, axes: Sequence[str], features: int, version: str) -> str:
    """The card of what is read over the API."""
    return _ASKED.format(name=name, told=_told(name, axes, features, version, text=False))


def _told(name: str, axes: Sequence[str], features: int, version: str, text: bool) -> str:
    return _TOLD.format(
        name=name,
        axes=", ".join(f"`{axis}`" for axis in axes),
        features=features,
        prefix="f_",
        text=", `lead` and `text`" if text else "; neither lead nor text",
        licensed=", leads and texts" if text else "",
        feature_version=version,
    )
