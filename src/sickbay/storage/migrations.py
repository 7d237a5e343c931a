"""Numbered steps from an empty file to the newest schema, as SQL text for an engine.

A step that has landed is never edited: a change of `schema.py` needs a new step, and tests/storage/schemas holds what
each step led to. SQLAlchemy is imported only where a step must run, so that a worker's start does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

Engine: TypeAlias = Literal["sqlite", "postgresql"]


def _first(engine: Engine) -> list[str]:
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.schema import CreateIndex, CreateTable

    from sickbay.storage.schema import TABLES

    dialect = sqlite.dialect() if engine == "sqlite" else postgresql.dialect()  # type: ignore[no-untyped-call]
    statements: list[str] = []
    for table in TABLES.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        indexes = sorted(table.indexes, key=lambda one: str(one.name))
        statements += [str(CreateIndex(one).compile(dialect=dialect)).strip() for one in indexes]
    return statements


STEPS: tuple[Callable[[Engine], list[str]], ...] = (_first,)
"""Step n leads from version n to n + 1."""
