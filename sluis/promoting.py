"""Whether a ranker may rank: one gate and one way in, whether it is asked at a terminal or over the API."""

import math
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
from rich.markup import escape
from sqlalchemy import Connection

from catalog import outbox, promotions, tenants
from catalog.clock import utcnow
from catalog.errors import ArtefactMismatch, SluisError
from catalog.ids import new_id
from catalog.promotions import Promotion
from catalog.records import PromotionState
from catalog.webhooks import Topic
from evaluation.gate import GateOptions, Verdict, compare
from models.heuristic import HeuristicRanker
from models.manifest import RANKER, Manifest
from models.protocols import Additive
from ranking import dataset
from ranking.dataset import Dataset, LabelOptions
from sluis.console import err
from sluis.wiring import House

TERMINAL: Final = "at a terminal"
"""Who asked, where it was no key."""


def load(house: House, labels: LabelOptions | None = None) -> Dataset:
    """All that can be learned from or judged on now, by the organisation's grades unless others are given."""
    with house.database.read() as connection:
        return dataset.load(connection, house.tenant, utcnow(), labels or house.labels)


def champion_of(house: House) -> Additive:
    """What ranks now: the heuristic, as in the server, where the champion cannot be read."""
    try:
        return house.rankers()
    except ArtefactMismatch as error:
        err.print(f"[yellow]problem[/] {escape(str(error))}", soft_wrap=True)
        return HeuristicRanker()


def promote(house: House, challenger: Manifest) -> Verdict:
    """Let a ranker rank if the gate lets it pass, and write down what it said."""
    asked = Promotion(new_id(), challenger.name, utcnow(), TERMINAL, PromotionState.WAITING)
    verdict = _judge(house, challenger)
    with house.database.write() as connection:
        promotions.note(connection, house.tenant, _settled(house, connection, asked, verdict))
    return verdict


def promote_waiting(house: House) -> list[Promotion]:
    """The same for all that was asked for over the API and nobody else is judging; what became of each.

    Brings LightGBM, so it never runs in a worker that encodes.
    """
    judged: list[Promotion] = []
    while True:
        with house.database.write() as connection:
            claim = promotions.claim_waiting(connection, house.tenant, utcnow())
        if not claim:
            return judged
        judged.extend(_promote_one(house, asked, claim.token) for asked in promotions.claimed(claim))


def _promote_one(house: House, asked: Promotion, token: str) -> Promotion:
    try:
        house.require_alone(house.tenant)
        verdict = _judge(house, house.registry.get(RANKER, asked.model))
    except SluisError as error:
        outcome = replace(asked, state=PromotionState.FAILED, reason=str(error), decided_at=utcnow())
        with house.database.write() as connection:
            promotions.decide(connection, house.tenant, outcome, token)
        return outcome
    with house.database.write() as connection:
        outcome = _settled(house, connection, asked, verdict)
        promotions.decide(connection, house.tenant, outcome, token)
    return outcome


def _judge(house: House, challenger: Manifest) -> Verdict:
    newest = _unseen(load(house), challenger)
    return compare(newest, champion_of(house), house.rankers.load(challenger), GateOptions())


def _settled(house: House, connection: Connection, asked: Promotion, verdict: Verdict) -> Promotion:
    """Bring it into use, if it passed, in the transaction that tells of it; should that fail, it is done again."""
    now = utcnow()
    tenants.get(connection, house.tenant, lock=True)  # nobody goes back meanwhile
    if verdict.passed:
        house.registry.promote(RANKER, asked.model)
        outbox.put(connection, house.tenant, Topic.MODEL_PROMOTED, {"name": asked.model}, now)
    low, high = verdict.interval
    return replace(
        asked,
        state=PromotionState.PROMOTED if verdict.passed else PromotionState.REFUSED,
        reason=verdict.reason,
        slates=verdict.slates,
        difference=_told(verdict.difference),
        low=_told(low),
        high=_told(high),
        decided_at=now,
    )


def _told(figure: float) -> float | None:
    return figure if math.isfinite(figure) else None


def _unseen(data: Dataset, challenger: Manifest) -> Dataset:
    """The slates since the days that the challenger was kept from: it has learned from none of them."""
    try:
        since = datetime.fromisoformat(str(challenger.facts.get("unseen_since")))
    except ValueError as error:
        raise ArtefactMismatch(f"{challenger.name} does not say which days it was kept from: learn it again") from error
    return data.take(np.array([offer.at >= since for offer in data.offers], dtype=np.bool_))
