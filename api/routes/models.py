"""What was learned: which rankers and taggers there are, and which are in use."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from api.dependencies import Wired
from api.schemas import Answer
from api.security import Modelling

router = APIRouter(tags=["models"])


class ModelOut(Answer):
    """One artefact of this installation."""

    name: str
    kind: Literal["ranker", "taggers"]
    created_at: datetime
    in_use: bool = Field(description="The champion of its kind; the others are challengers, or were champions before.")
    metrics: dict[str, float | str]


class ModelsOut(Answer):
    """All that can be trusted, oldest first within a kind."""

    items: list[ModelOut]


@router.get("/models", summary="Rankers and taggers")
def listed(wired: Wired, _key: Modelling) -> ModelsOut:
    """With what was measured when each was learned. `sluis models promote` lets a challenger take over."""
    return ModelsOut(
        items=[
            ModelOut(
                name=made.name, kind=made.kind, created_at=made.created_at, in_use=in_use, metrics=dict(made.metrics)
            )
            for made, in_use in wired.models()
        ]
    )
