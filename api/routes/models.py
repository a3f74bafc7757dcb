"""What was learned: which rankers and taggers there are, which are in use, and asking for another one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field
from sqlalchemy import Connection

from api.dependencies import V1, Reading, Services, Wired, Writing
from api.idempotency import once
from api.schemas import Answer
from api.security import Modelling
from catalog import outbox, promotions, tenants
from catalog.errors import Conflict, Invalid, NotFound
from catalog.ids import TenantId
from catalog.promotions import Promotion
from catalog.records import PromotionState
from catalog.webhooks import Topic
from models.manifest import ORGANISATION, RANKER, Manifest
from models.registry import ServesOthers

router = APIRouter(prefix=V1, tags=["models"])

Name = Annotated[str, Path(max_length=100, pattern=r"^[a-z0-9][a-z0-9-]*$", description="As `GET /v1/models` has it.")]


class InUse(Conflict):
    """It ranks already."""

    code = "in_use"


class NotInUse(Conflict):
    """There is no going back from what is not in use."""

    code = "not_in_use"


class GateOut(Answer):
    """What became of the last request to let a ranker rank."""

    status: PromotionState = Field(
        description="`waiting` for a worker, `promoted`, `refused` by the gate, or `failed`: it could not be judged."
    )
    reason: str = Field(description="The gate's word on it with its figures, or what went wrong; empty while it waits.")
    slates: int | None = Field(description="How many of the newest slates could tell the two apart.")
    difference: float | None = Field(description="nDCG@10 of the challenger less that of what ranked then.")
    low: float | None = Field(description="The lower end of the 95 % interval of the difference.")
    high: float | None = Field(description="The upper end.")
    asked_at: datetime
    asked_by: str
    decided_at: datetime | None


class ModelOut(Answer):
    """One artefact of this installation."""

    name: str
    kind: Literal["ranker", "taggers"]
    created_at: datetime
    in_use: bool = Field(description="The champion of its kind; the others are challengers, or were champions before.")
    metrics: dict[str, float | str] = Field(
        description="What was measured when it was learned; empty where that was on the log of another organisation."
    )
    gate: GateOut | None = Field(description="The last request to let it rank; null where there was none.")


class ModelsOut(Answer):
    """All that can be trusted, oldest first within a kind."""

    items: list[ModelOut]


@router.get("/models", summary="Rankers and taggers")
def listed(wired: Wired, key: Modelling, connection: Reading) -> ModelsOut:
    """With what was measured when each was learned, and what the gate said.

    Artefacts are the installation's. Where it serves several organisations, each sees its own and what is in use.
    """
    return ModelsOut(items=_told(connection, key.tenant, _visible(wired, key.tenant)))


@router.get("/models/{name}", summary="One ranker, or taggers")
def one(wired: Wired, key: Modelling, connection: Reading, name: Name) -> ModelOut:
    """Ask here what became of a promotion."""
    return _told(connection, key.tenant, [_named(wired, key.tenant, name)])[0]


@router.post("/models/{name}/promote", status_code=202, summary="Let a ranker rank")
@once
def promote(wired: Wired, key: Modelling, connection: Writing, name: Name) -> ModelOut:
    """If it is not worse than what ranks now on days it has not seen. The gate reads the whole log, so a worker does
    it: `gate` says `waiting`, and in a while `promoted` or `refused` with figures. Webhooks hear `model.promoted`.

    Asking again while it waits changes nothing. Refused with 403 where the installation serves other organisations.
    """
    found = made, in_use, _ = _named(wired, key.tenant, name)
    _require_alone(wired, key.tenant)
    if made.kind != RANKER:
        raise Invalid("taggers are promoted with their certificate, when they have learned: ask for a ranker")
    if in_use:
        raise InUse(f"{name} ranks already")
    promotions.ask(connection, key.tenant, name, key.label, wired.clock())
    return _told(connection, key.tenant, [found])[0]


@router.post("/models/{name}/rollback", summary="Go back to what was in use before")
@once
def rollback(wired: Wired, key: Modelling, connection: Writing, name: Name) -> ModelOut:
    """Takes this one out of use, at once. The answer is the one that is in use again.

    By its name, so that sending it twice goes back once: what is not in use is refused with 409.
    """
    tenants.get(connection, key.tenant, lock=True)  # two at once would go back two steps
    made, in_use, _ = _named(wired, key.tenant, name)
    _require_alone(wired, key.tenant)
    if not in_use:
        raise NotInUse(f"{name} is not in use: GET /v1/models says what is")
    back = wired.registry.rollback(made.kind)
    if back.kind == RANKER:
        outbox.put(connection, key.tenant, Topic.MODEL_PROMOTED, {"name": back.name}, wired.clock())
    return _told(connection, key.tenant, [(back, True, True)])[0]


Visible = tuple[Manifest, bool, bool]
"""An artefact, whether it is in use, and whether its figures are for this organisation to see."""


def _visible(wired: Services, tenant: TenantId) -> list[Visible]:
    """What an organisation may know of: where it is not alone, what it learned itself, and that something is in use."""
    alone = wired.is_alone(tenant)
    every = [(made, in_use, alone or made.facts.get(ORGANISATION) == tenant) for made, in_use in wired.registry.every()]
    return [(made, in_use, own) for made, in_use, own in every if in_use or own]


def _named(wired: Services, tenant: TenantId, name: str) -> Visible:
    for found in _visible(wired, tenant):
        if found[0].name == name:
            return found
    raise NotFound(f"there is no model {name!r}: GET /v1/models lists those there are")


def _require_alone(wired: Services, tenant: TenantId) -> None:
    if not wired.is_alone(tenant):
        raise ServesOthers


def _told(connection: Connection, tenant: TenantId, found: Sequence[Visible]) -> list[ModelOut]:
    asked = promotions.latest(connection, tenant, [made.name for made, _, _ in found])
    return [
        ModelOut(
            name=made.name,
            kind=made.kind,
            created_at=made.created_at,
            in_use=in_use,
            metrics=dict(made.metrics) if own else {},
            gate=_gate_out(asked[made.name]) if made.name in asked else None,
        )
        for made, in_use, own in found
    ]


def _gate_out(asked: Promotion) -> GateOut:
    same: dict[str, Any] = {name: getattr(asked, name) for name in GateOut.model_fields if name != "status"}
    return GateOut(status=asked.state, **same)
