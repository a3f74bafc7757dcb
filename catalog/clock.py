"""Time is an argument everywhere below; only the edges ask the clock."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def require_aware(name: str, moment: datetime | None) -> None:
    """Refuse a moment without a time zone: it would mean another instant on another machine."""
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{name} must be aware")
