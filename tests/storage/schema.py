"""The tables, once for every engine: Integer, Text and LargeBinary only, so that STRICT tables and PostgreSQL agree.

Index tables carry integers. `space` is the number of one tenant's resources of one version, and stands first so that a
reset is one range. `nid` is ours: `space << 40 | n`, so what is keyed by nid is one range too. `parameter` is the
SearchParameter.number, which names the type too; negative ones are what granular scopes filter by (minus the `word`).
Each fact has two covering directions: value to nid (the primary key) and nid to value (the index `…_of`).

The migrations of each engine hold the rendered text (`render`), and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Sequence, Table, Text, text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateSequence, CreateTable

TABLES = MetaData()
_BIG = BigInteger().with_variant(Integer(), "sqlite")
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Ordered by its bytes on every engine."""
history_sequence = Sequence("history_sequence", metadata=TABLES)
"""PostgreSQL's numbers of versions in their order: a counter in a row would make all writers wait for each other."""


def _key(name: str) -> Column[int]:
    return Column(name, _BIG, primary_key=True, autoincrement=False, nullable=False)


def _big(name: str) -> Column[int]:
    return Column(name, _BIG, nullable=False)


def _words(name: str) -> Column[str]:
    return Column(name, _TEXT, nullable=False)


def _table(name: str, *columns: Column[Any], indexes: Iterable[Index] = (), rowid: bool = False) -> Table:
    return Table(name, TABLES, *columns, *indexes, sqlite_strict=True, sqlite_with_rowid=rowid)


def _where(condition: str) -> dict[str, Any]:
    """An index of some of the rows."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _fact(name: str, *columns: Column[Any], space: bool = True, more: Iterable[Index] = ()) -> Table:
    """(space, parameter, value…, nid) and back: (nid, parameter, value…)."""
    for column in columns:
        column.primary_key = True
    head = [_key("space"), _key("parameter")] if space else []
    back = Index(f"{name}_of", "nid", "parameter", *(one.name for one in columns if one.name != "parameter"))
    return _table(name, *head, *columns, _key("nid"), indexes=[back, *more])


def _wide(name: str, condition: str, *columns: str) -> Index:
    """What is wider than nearly all the others, by its end: `storage/query/range_scan.py` says why."""
    return Index(f"{name}_wide", "space", "parameter", *columns, "nid", **_where(condition))


meta = _table("meta", Column("name", _TEXT, primary_key=True, nullable=False), Column("value", LargeBinary, nullable=False))
space = _table(
    "space",
    _key("number"),
    _words("tenant"),
    _words("version"),
    _big("allocated"),
    _big("sequence"),
    indexes=[Index("space_by_name", "tenant", "version", unique=True)],
)
word = _table("word", _key("number"), _words("text"), indexes=[Index("word_by_text", "text", unique=True)])

record = _table(
    "record",
    Column("number", _BIG, primary_key=True, nullable=False),
    _words("kind"),
    _words("key"),
    _words("tenant"),
    _words("owner"),
    _words("family"),
    _words("label"),
    _big("at"),
    Column("expires_at", _BIG),
    Column("used_at", _BIG),
    _big("revision"),
    Column("value", LargeBinary, nullable=False),
    indexes=[
        Index("record_by_key", "kind", "key", unique=True),
        Index("record_by_time", "kind", "at"),
        Index("record_by_owner", "owner", "kind", "at", **_where("owner <> ''")),
        Index("record_by_family", "family", "kind", "at", **_where("family <> ''")),
        Index("record_by_expiry", "expires_at", **_where("expires_at IS NOT NULL")),
        Index("record_exchange_by_expiry", "owner", "expires_at", **_where("kind = 'exchange'")),
    ],
    rowid=True,
)
journal_size = _table(
    "journal_size",
    Column("number", _BIG, primary_key=True, nullable=False),
    _words("owner"),
    _big("exchanges"),
    _big("bytes"),
    rowid=True,
)
"""How many exchanges of which app are kept, and the bytes of their values: the rows of an owner add up. Triggers on `record`
add a row for each change, so that no writer waits for another's counter; `storage/query/exchanges.py` adds them up."""

_OUTDATED = text("state = 1 AND index_revision < 5")
"""With a new revision of the index (`sql/saving.py`) comes a step that makes this index anew: it is what is left to do."""

resource = _table(
    "resource",
    _key("nid"),
    _big("space"),
    _big("type"),
    _big("state"),
    _words("id"),
    _big("version_id"),
    _big("changed"),
    _big("index_revision"),
    _words("facts"),
    Column("body", LargeBinary, nullable=False),
    indexes=[
        Index("resource_by_id", "space", "type", "id", unique=True),
        Index("resource_by_type", "space", "type", "state", "nid"),
        Index("resource_by_change", "space", "type", "changed", "nid", **_where("state = 1")),
        Index("resource_outdated", "nid", sqlite_where=_OUTDATED, postgresql_where=_OUTDATED),
    ],
    rowid=True,
)
"""state: 0 only referenced, 1 live, 2 deleted. facts: patients and codes for the second check, as JSON."""

resource_history = _table(
    "resource_history",
    _key("nid"),
    _key("version_id"),
    _big("sequence"),
    _big("at"),
    _words("interaction"),
    _words("who"),
    _words("facts"),
    Column("body", LargeBinary),
    indexes=[Index("resource_history_by_sequence", "sequence")],
)
"""body is NULL while the version is the current one: then it stands in `resource` alone."""

compartment_index = _table(
    "compartment_index",
    _key("patient"),
    _key("type"),
    _key("rank"),
    _key("nid"),
    _big("member"),
    _big("named"),
    indexes=[Index("compartment_index_of", "nid", "member", "patient")],
)
"""rank: minus the clinical date, so that ascending is newest first. member: 0 refers to the patient but is not in the
compartment, 1 is in it, 2 was in it and is deleted. named: 1 where the search parameter `patient` names the patient, 0 where
that is not known (of what was stored before there was this column)."""
facet_index = _table(
    "facet_index",
    _key("patient"),
    _key("type"),
    _key("word"),
    _key("hash"),
    _key("rank"),
    _key("nid"),
    _big("member"),
    _big("named"),
)
"""What is live of a compartment by the codes that divide it (FACETS): a patient's vital signs, newest first, are one range.
word: the name of the parameter, as of granular scopes. No index by nid: what is to be forgotten follows from the other two."""

token_index = _fact("token_index", _big("hash"))
reference_index = _fact("reference_index", _big("target"), _big("parameter"), space=False)
date_index = _fact(
    "date_index",
    _big("low"),
    _big("high"),
    more=[_wide("date_index", "low < high - 86400000", "high", "low")],
)
quantity_index = _fact(
    "quantity_index",
    _big("low"),
    _big("high"),
    _big("unit"),
    more=[_wide("quantity_index", "low <> high", "high", "low", "unit")],
)
string_index = _fact("string_index", _words("value"), _big("exact"))
"""value: folded. exact: hash of the text as it is written."""
uri_index = _fact("uri_index", _words("value"))
composite_index = _fact(
    "composite_index",
    _big("hash"),
    _big("low"),
    _big("high"),
    _big("unit"),
    _words("value"),
    more=[_wide("composite_index", "low < high AND high > 0", "hash", "high", "low", "unit", "value")],
)
"""One element of a composite in one row: which column a component has is said in `storage/query/composites.py`. A position is
one too: low its latitude, high its longitude."""

term = _table(
    "term",
    _key("hash"),
    _words("system"),
    _words("code"),
    indexes=[Index("term_by_code", "code", "hash"), Index("term_by_system", "system", "hash")],
)
type_count = _table("type_count", _key("space"), _key("type"), _key("slice"), _big("live"))
"""The sum of a type's slices is how many are live; one slice may be below zero. On PostgreSQL those who write at the same
time write different slices, so that none waits for another's commit; SQLite, which has one writer, needs one."""


_CHANGED = "INSERT INTO journal_size (owner, exchanges, bytes) VALUES"
TRIGGERS: dict[str, tuple[str, ...]] = {
    "sqlite": (
        "CREATE TRIGGER exchange_added AFTER INSERT ON record WHEN NEW.kind = 'exchange' BEGIN"
        f" {_CHANGED} (NEW.owner, 1, length(NEW.value)); END",
        "CREATE TRIGGER exchange_changed AFTER UPDATE ON record WHEN NEW.kind = 'exchange' BEGIN"
        f" {_CHANGED} (OLD.owner, -1, -length(OLD.value)), (NEW.owner, 1, length(NEW.value)); END",
        "CREATE TRIGGER exchange_deleted AFTER DELETE ON record WHEN OLD.kind = 'exchange' BEGIN"
        f" {_CHANGED} (OLD.owner, -1, -length(OLD.value)); END",
    ),
    "postgresql": (
        "CREATE FUNCTION exchange_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP <> 'INSERT' THEN {_CHANGED} (OLD.owner, -1, -octet_length(OLD.value)); END IF;"
        f" IF TG_OP <> 'DELETE' THEN {_CHANGED} (NEW.owner, 1, octet_length(NEW.value)); END IF;"
        " RETURN NULL; END $$",
        "CREATE TRIGGER exchange_added AFTER INSERT ON record FOR EACH ROW WHEN (NEW.kind = 'exchange')"
        " EXECUTE FUNCTION exchange_counted()",
        "CREATE TRIGGER exchange_changed AFTER UPDATE ON record FOR EACH ROW WHEN (NEW.kind = 'exchange')"
        " EXECUTE FUNCTION exchange_counted()",
        "CREATE TRIGGER exchange_deleted AFTER DELETE ON record FOR EACH ROW WHEN (OLD.kind = 'exchange')"
        " EXECUTE FUNCTION exchange_counted()",
    ),
}
"""What keeps `journal_size`, by engine. A record never changes its kind."""


def render(dialect: Dialect) -> list[str]:
    """All CREATE statements in one engine's words."""
    statements = [str(CreateSequence(history_sequence).compile(dialect=dialect))] if dialect.supports_sequences else []
    for table in TABLES.sorted_tables:
        statements.append(_tidy(str(CreateTable(table).compile(dialect=dialect))))
        indexes = sorted(table.indexes, key=lambda one: str(one.name))
        statements += [_tidy(str(CreateIndex(one).compile(dialect=dialect))) for one in indexes]
    return [*statements, *TRIGGERS[dialect.name]]


def _tidy(statement: str) -> str:
    return " ".join(statement.split())
