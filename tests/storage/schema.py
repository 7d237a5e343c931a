"""Declares the tables once for both engines, using only Integer, Text and LargeBinary, so that STRICT tables work too.

Index tables contain integers. `space` is the number of one tenant's resources of one version; it comes first so that a reset
deletes one range. `nid` is `space << 40 | n`, so tables with keys that start with nid have one range per space too. `parameter`
is SearchParameter.number, which implies the type; negative values are what granular scopes filter by (minus the `word`). Each
fact is indexed in two covering directions: value to nid (the primary key) and nid to value (the index `…_of`).

The migrations of each engine contain the rendered text (`render`), and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Sequence, Table, Text, text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateSequence, CreateTable

from sickbay.storage.query.dictionary import SHIFT
from sickbay.storage.quotas import COUNTED

TABLES = MetaData()
_BIG = BigInteger().with_variant(Integer(), "sqlite")
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Sorted by bytes on every engine."""
history_sequence = Sequence("history_sequence", metadata=TABLES)
"""Numbers versions in order on PostgreSQL. A counter in a row would make all writers wait for each other."""


def _key(name: str) -> Column[int]:
    return Column(name, _BIG, primary_key=True, autoincrement=False, nullable=False)


def _big(name: str) -> Column[int]:
    return Column(name, _BIG, nullable=False)


def _words(name: str) -> Column[str]:
    return Column(name, _TEXT, nullable=False)


def _table(name: str, *columns: Column[Any], indexes: Iterable[Index] = (), rowid: bool = False) -> Table:
    return Table(name, TABLES, *columns, *indexes, sqlite_strict=True, sqlite_with_rowid=rowid)


def _where(condition: str) -> dict[str, Any]:
    """Restrict an index to some of the rows."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _fact(name: str, *columns: Column[Any], space: bool = True, more: Iterable[Index] = ()) -> Table:
    """Declare (space, parameter, value…, nid) and the reverse index (nid, parameter, value…)."""
    for column in columns:
        column.primary_key = True
    head = [_key("space"), _key("parameter")] if space else []
    back = Index(f"{name}_of", "nid", "parameter", *(column.name for column in columns if column.name != "parameter"))
    return _table(name, *head, *columns, _key("nid"), indexes=[back, *more])


def _index_wide_ranges(name: str, condition: str, *columns: str) -> Index:
    """Index the few wide ranges by their end; see `storage/query/range_scan.py`."""
    return Index(f"{name}_wide", "space", "parameter", *columns, "nid", **_where(condition))


meta = _table("meta", Column("name", _TEXT, primary_key=True, nullable=False), Column("value", LargeBinary, nullable=False))
space = _table(
    "space",
    _key("number"),
    _words("tenant"),
    _words("version"),
    _big("allocated"),
    _big("sequence"),
    Column("last_version", _BIG, nullable=False, server_default=text("0")),
    indexes=[Index("space_by_name", "tenant", "version", unique=True)],
)
"""last_version: the highest number of a version that a snapshot's return undid. Later versions have larger numbers."""
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
    Column("line", _TEXT, nullable=False, server_default=text("''")),
    indexes=[
        Index("record_by_key", "kind", "key", unique=True),
        Index("record_by_time", "kind", "at"),
        Index("record_by_owner", "owner", "kind", "at", **_where("owner <> ''")),
        Index("record_by_family", "family", "kind", "at", **_where("family <> ''")),
        Index("record_by_expiry", "expires_at", **_where("expires_at IS NOT NULL")),
        Index("record_exchange_by_expiry", "owner", "expires_at", **_where("kind = 'exchange'")),
        Index("record_by_quota", "label", "at", "number", **_where(COUNTED)),
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
"""Number of stored exchanges per app and the bytes of their values: the sum of an owner's rows. Triggers on `record` add a row
for each change, so that no writer waits for another's counter; `storage/query/exchanges.py` adds them up.
"""
quota_size = _table("quota_size", Column("label", _TEXT, primary_key=True, nullable=False), _big("records"), _big("bytes"))
"""Number and bytes of the records that count towards a quota, by label; `storage/quotas.py` has the maximum of each.

A writer of such a record waits until the one before has committed.
"""

_OUTDATED = text("state = 1 AND index_revision < 6")
"""A new revision of the index (`query/saving.py`) needs a migration that recreates this index, which lists what is left to
reindex.
"""

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
"""state: 0 only referenced, 1 live, 2 deleted. facts: patients and codes for the second access check, as JSON."""

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
    Column("undo", LargeBinary),
    indexes=[Index("resource_history_by_sequence", text(f"(nid >> {SHIFT})"), "sequence")],
)
"""body is NULL until the version is replaced, because that of the current one is stored in `resource`. undo: what the version
changed in the index (`storage/query/undo.py`); NULL for the first version, and for versions that an older Sickbay wrote.
"""

mark = _table("mark", _key("space"), Column("name", _TEXT, primary_key=True, nullable=False), _big("sequence"))
"""Positions in the history of a space: versions with a larger sequence were written later."""

snapshot_mark = _table(
    "snapshot_mark",
    Column("snapshot", _TEXT, primary_key=True, nullable=False),
    _key("space"),
    Column("name", _TEXT, primary_key=True, nullable=False),
    _big("sequence"),
)
"""The marks of the spaces that a snapshot contains."""
snapshot_version = _table(
    "snapshot_version",
    Column("snapshot", _TEXT, primary_key=True, nullable=False),
    _key("space"),
    _key("sequence"),
    _big("nid"),
    _big("type"),
    _words("id"),
    _big("version_id"),
    _big("at"),
    _words("interaction"),
    _words("who"),
    _words("facts"),
    Column("body", LargeBinary),
)
"""The versions since the mark `patients` that a snapshot contains. No sequence is used twice, so it identifies a version."""
snapshot_record = _table(
    "snapshot_record",
    Column("snapshot", _TEXT, primary_key=True, nullable=False),
    _key("number"),
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
)
"""The records that a snapshot contains, in their order."""

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
"""rank: minus the clinical date, so that ascending order is newest first. member: 0 refers to the patient but isn't in the
compartment, 1 is in it, 2 was in it and is deleted. named: 1 if the search parameter `patient` refers to the patient, 0 if that
isn't known (stored before this column existed).
"""
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
"""Live resources of a compartment by their facet codes (FACETS): a patient's vital signs, newest first, are one range. word:
the name of the parameter, as for granular scopes. There is no index by nid, because the rows to delete follow from the other
two tables.
"""

token_index = _fact("token_index", _big("hash"))
reference_index = _fact("reference_index", _big("target"), _big("parameter"), space=False)
date_index = _fact(
    "date_index",
    _big("low"),
    _big("high"),
    more=[_index_wide_ranges("date_index", "low < high - 86400000", "high", "low")],
)
quantity_index = _fact(
    "quantity_index",
    _big("low"),
    _big("high"),
    _big("unit"),
    more=[_index_wide_ranges("quantity_index", "low <> high", "high", "low", "unit")],
)
string_index = _fact("string_index", _words("value"), _big("exact"))
"""value: case-folded. exact: hash of the text as it is written."""
uri_index = _fact("uri_index", _words("value"))
composite_index = _fact(
    "composite_index",
    _big("hash"),
    _big("low"),
    _big("high"),
    _big("unit"),
    _words("value"),
    more=[_index_wide_ranges("composite_index", "low < high AND high > 0", "hash", "high", "low", "unit", "value")],
)
"""Each row is one element of a composite; `storage/query/composites.py` defines the columns of its components. A position is
also a row, with its latitude in low and its longitude in high.
"""

hidden_resource = _table("hidden_resource", _key("nid"), rowid=True)
"""Deleted resources that keep their index rows, so that a return to a mark only deletes their rows here."""

term = _table(
    "term",
    _key("hash"),
    _words("system"),
    _words("code"),
    indexes=[Index("term_by_code", "code", "hash"), Index("term_by_system", "system", "hash")],
)
type_count = _table("type_count", _key("space"), _key("type"), _key("slice"), _big("live"))
"""The sum of a type's slices is the number of live resources; a single slice may be negative. On PostgreSQL, concurrent writers
use different slices so that none waits for another's commit. SQLite, with a single writer, needs only one.
"""


_CHANGED = "INSERT INTO journal_size (owner, exchanges, bytes) VALUES"
_LESS = "UPDATE quota_size SET records = records - 1, bytes = bytes - {length}(OLD.value) WHERE label = OLD.label;"
_MORE = "UPDATE quota_size SET records = records + 1, bytes = bytes + {length}(NEW.value) WHERE label = NEW.label;"


def _is_counted(row: str) -> str:
    return COUNTED.replace("label", f"{row}.label").replace("kind", f"{row}.kind")


def _quota_triggers(length: str, when: str, each: str) -> tuple[str, ...]:
    """length: the function. when: the condition of a trigger, with a slot. each: its body for adding, changing, deleting."""
    labels, _, kinds = COUNTED.partition(" AND ")
    either = f"({labels.replace('label', 'OLD.label')} OR {labels.replace('label', 'NEW.label')})"
    kind = kinds.replace("kind", "NEW.kind")
    changed = f"{either} AND {kind} AND (OLD.label <> NEW.label OR {length}(OLD.value) <> {length}(NEW.value))"
    rows = (
        ("quota_added AFTER INSERT ON", _is_counted("NEW"), (_MORE,)),
        ("quota_changed AFTER UPDATE OF label, value ON", changed, (_LESS, _MORE)),
        ("quota_deleted AFTER DELETE ON", _is_counted("OLD"), (_LESS,)),
    )
    return tuple(
        f"CREATE TRIGGER {event} record {when.format(condition)} {each.format(' '.join(steps).format(length=length))}"
        for event, condition, steps in rows
    )


TRIGGERS: dict[str, tuple[str, ...]] = {
    "sqlite": (
        "CREATE TRIGGER exchange_added AFTER INSERT ON record WHEN NEW.kind = 'exchange' BEGIN"
        f" {_CHANGED} (NEW.owner, 1, length(NEW.value)); END",
        "CREATE TRIGGER exchange_changed AFTER UPDATE ON record WHEN NEW.kind = 'exchange' BEGIN"
        f" {_CHANGED} (OLD.owner, -1, -length(OLD.value)), (NEW.owner, 1, length(NEW.value)); END",
        "CREATE TRIGGER exchange_deleted AFTER DELETE ON record WHEN OLD.kind = 'exchange' BEGIN"
        f" {_CHANGED} (OLD.owner, -1, -length(OLD.value)); END",
        *_quota_triggers("length", "WHEN {}", "BEGIN {} END"),
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
        "CREATE FUNCTION quota_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP <> 'INSERT' THEN {_LESS.format(length='octet_length')} END IF;"
        f" IF TG_OP <> 'DELETE' THEN {_MORE.format(length='octet_length')} END IF;"
        " RETURN NULL; END $$",
        *_quota_triggers("octet_length", "FOR EACH ROW WHEN ({})", "EXECUTE FUNCTION quota_counted()"),
    ),
}
"""The triggers that maintain `journal_size` and `quota_size`, by engine. A record never changes its kind."""


KINDS = ("compartment", "facet", "token", "reference", "date", "quantity", "string", "uri", "composite")
VIEWS = tuple(
    f"CREATE VIEW shown_{kind} AS SELECT * FROM {kind}_index WHERE NOT EXISTS (SELECT 1 FROM hidden_resource)"
    " OR nid NOT IN (SELECT nid FROM hidden_resource)"
    for kind in KINDS
)
"""The index rows that searches read. While nothing is hidden, no row is looked up, which makes long counts faster."""


def render(dialect: Dialect) -> list[str]:
    """Return all CREATE statements in one engine's dialect."""
    statements = [str(CreateSequence(history_sequence).compile(dialect=dialect))] if dialect.supports_sequences else []
    for table in TABLES.sorted_tables:
        statements.append(_tidy(str(CreateTable(table).compile(dialect=dialect))))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements += [_tidy(str(CreateIndex(index).compile(dialect=dialect))) for index in indexes]
    return [*statements, *VIEWS, *TRIGGERS[dialect.name]]


def _tidy(statement: str) -> str:
    return " ".join(statement.split())
