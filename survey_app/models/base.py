"""What all rows share: the declarative base, constraint names and column types."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Integer, MetaData, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase

EPOCH = date(1970, 1, 1)
# SQLite would give a deleted row's number to the next one; an open page would then mean another row.
KEPT_IDS = {"sqlite_autoincrement": True}


class Base(DeclarativeBase):
    """Every constraint has a name, the same on both databases."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


class EpochDay(TypeDecorator[date]):
    """A day as the number of days since 1970-01-01: two bytes in SQLite where a text takes ten."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH).days

    def process_result_value(self, value: Any | None, dialect: Dialect) -> date | None:
        return None if value is None else EPOCH + timedelta(days=value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC on both databases; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time needs its zone, got {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        aware: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """State that a text column holds one of a few words."""
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_is_known")
