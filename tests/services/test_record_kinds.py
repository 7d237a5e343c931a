"""The table of record kinds has exactly the kinds that the sources write."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import sickbay
from sickbay.services import records
from sickbay.services.record_kinds import KINDS, list_cleared_kinds
from sickbay.storage.query import snapshots
from sickbay.storage.query.records import COUNT_FAILURE

SOURCES = Path(sickbay.__file__).parent


def write(path: Path) -> Iterator[str]:
    """The first argument of each Record(…) in a file: a string, or a constant of the same file or of `records`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        target.id: statement.value.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Record" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Attribute) and isinstance(first.value, ast.Name) and first.value.id == "records":
                yield getattr(records, first.attr)
            elif not isinstance(first, ast.Starred):
                yield str(constants[first.id] if isinstance(first, ast.Name) else ast.literal_eval(first))


IN_SQL = {"failure": COUNT_FAILURE, "undone-token": snapshots.REMEMBER_TOKENS}
"""Kinds of records that a statement writes itself."""


def test_the_table_has_exactly_the_kinds_that_are_written() -> None:
    assert {kind for path in SOURCES.rglob("*.py") for kind in write(path)} | IN_SQL.keys() == KINDS.keys()
    assert all(f"'{kind}'" in statement for kind, statement in IN_SQL.items())


ADDED = {"app", "class", "hospital", "snapshot", "student", "user"}
"""What only a full reset deletes."""


def test_a_reset_keeps_what_was_added_and_a_full_reset_keeps_only_keys_and_settings() -> None:
    assert KINDS.keys() - list_cleared_kinds(everything=False) == ADDED | {"key", "meta", "changes"}
    assert KINDS.keys() - list_cleared_kinds(everything=True) == {"key", "meta", "changes"}
