"""Column types that mean the same on both databases, and the helpers every table uses."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import numpy as np
from sqlalchemy import JSON, Column, DateTime, Enum, ForeignKeyConstraint, LargeBinary, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from catalog.records import Audience, Axes, Sketch, Vector, listed


class Moment(TypeDecorator[datetime]):
    """An aware instant. SQLite has no time zones, so it is kept as naive UTC there and made aware on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Address(TypeDecorator[str]):
    """A web address; what has none is stored as empty text, so that the column need not be nullable."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str:
        return value or ""

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value or None


class Float32s(TypeDecorator[Vector]):
    """A vector as little-endian float32 bytes; not-a-number and infinity never reach the disk."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Vector | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        if not np.isfinite(value).all():
            raise ValueError("a vector with a value that is not finite cannot be stored")
        return np.ascontiguousarray(value, dtype="<f4").tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Vector | None:
        return None if value is None else np.frombuffer(value, dtype="<f4")


class Uint32s(TypeDecorator[Sketch]):
    """A sketch of a text as little-endian uint32 bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Sketch | None, dialect: Dialect) -> bytes | None:
        return None if value is None else np.ascontiguousarray(value, dtype="<u4").tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Sketch | None:
        return None if value is None else np.frombuffer(value, dtype="<u4")


class Float64s(TypeDecorator[tuple[float, ...]]):
    """A row of features, bit for bit as the server computed them, so that replay can be compared exactly."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: tuple[float, ...] | None, dialect: Dialect) -> bytes | None:
        return None if value is None else np.asarray(value, dtype="<f8").tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> tuple[float, ...] | None:
        return None if value is None else tuple(np.frombuffer(value, dtype="<f8").tolist())


class AxesJson(TypeDecorator[Axes]):
    """Values per axis, as sorted lists in JSON."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Axes | None, dialect: Dialect) -> dict[str, list[str]] | None:
        return None if value is None else listed(value)

    def process_result_value(self, value: dict[str, list[str]] | None, dialect: Dialect) -> Axes | None:
        return None if value is None else {axis: frozenset(values) for axis, values in value.items()}


class AudienceJson(TypeDecorator[Audience]):
    """An audience inside a row of something else, such as the default of a source."""

    impl = AxesJson
    cache_ok = True

    def process_bind_param(self, value: Audience | None, dialect: Dialect) -> Axes | None:
        return None if value is None else value.axes

    def process_result_value(self, value: Axes | None, dialect: Dialect) -> Audience | None:
        return None if value is None else Audience(value)


def choice(kind: type[StrEnum]) -> Enum:
    """A column type for one of our enumerations, kept as its value."""
    return Enum(
        kind, native_enum=False, length=16, values_callable=lambda members: [member.value for member in members]
    )


def tenant() -> Column[str]:
    """The first part of every primary key."""
    return Column("tenant_id", String(64), primary_key=True)


def identifier(name: str = "id", **kwargs: Any) -> Column[str]:
    """A column that holds one of our random ids."""
    return Column(name, String(36), **kwargs)


def reference(column: str, target: str, **kwargs: Any) -> ForeignKeyConstraint:
    """A foreign key that cannot point into another tenant."""
    table = target.split(".")[0]
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", target], **kwargs)
