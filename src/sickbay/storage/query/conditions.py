"""SQL conditions: joined with AND and OR, negated, and comparisons with a list of values."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from sickbay.storage.query.statement import Sql

TRUE, FALSE = Sql("TRUE"), Sql("FALSE")


def join_with_and(parts: Sequence[Sql]) -> Sql:
    """Join conditions with AND. An empty conjunction is TRUE."""
    conditions = [part for part in parts if part is not TRUE]
    if any(part is FALSE for part in conditions):
        return FALSE
    return (
        Sql(" AND ".join(part.text for part in conditions), tuple(bind for part in conditions for bind in part.binds))
        if conditions
        else TRUE
    )


def join_with_or(parts: Sequence[Sql]) -> Sql:
    """Join conditions with OR. An empty disjunction is FALSE."""
    alternatives = [part for part in parts if part is not FALSE]
    if not alternatives:
        return FALSE
    if any(part is TRUE for part in alternatives):
        return TRUE
    if len(alternatives) == 1:
        return alternatives[0]
    return Sql(
        f"({' OR '.join(part.text for part in alternatives)})", tuple(bind for part in alternatives for bind in part.binds)
    )


def match_any(column: str, values: list[int] | list[str]) -> Sql:
    """Compare `column` with the values: an equality for one value, a JSON list for several."""
    if not values:
        return FALSE
    if len(values) == 1:
        return Sql(f"{column} = ?", (values[0],))
    return Sql(f"{column} IN (SELECT value FROM json_each(?))", (orjson.dumps(values).decode(),))


def negate(part: Sql) -> Sql:
    return Sql(f"NOT ({part.text})", part.binds)
