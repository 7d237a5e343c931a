"""Transactions that share a commit are each applied completely or not at all, and the index is the same as with separate
commits.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.storage.making import SPACE
from tests.storage.replaying import differences, versions

from sickbay.fhir.search.index import extract_entries
from sickbay.storage.interface import Clear, Conflict, Put, Record, ResourceSpace, Save, Step
from sickbay.storage.sqlite.connection import connect, fetch_rows, migrate
from sickbay.storage.sqlite.steps import apply
from sickbay.storage.sqlite.writer import Undo, Writer

Change: TypeAlias = tuple[str, str, int]
"""Type, id, and the new value; -1 deletes it."""
Outcomes: TypeAlias = list[Exception | None]

OTHER = ResourceSpace("other", "r4")
ALREADY_TAKEN = Put(Record("taken", "x", b""), if_revision=0)
CHANGES = st.tuples(st.sampled_from(("Observation", "Condition", "Goal")), st.sampled_from("abcd"), st.integers(-1, 5))
GROUPS = st.lists(
    st.lists(st.tuples(st.lists(CHANGES, min_size=1, max_size=4), st.booleans()), min_size=1, max_size=8), max_size=4
)
"""Commits of transactions, each with whether its last step fails."""


class Model:
    """The expected state: bodies by type and id, and the steps that lead to it."""

    def __init__(self) -> None:
        self.bodies: dict[tuple[str, str], list[bytes]] = {}

    def steps(self, changes: list[Change]) -> list[Step]:
        """Return the steps of one transaction and add them to the expected state."""
        return [step for change in changes if (step := self._step(*change)) is not None]

    def _step(self, type: str, id: str, value: int) -> Save | None:
        versions = self.bodies.setdefault((type, id), [])
        if value < 0 and (not versions or versions[-1] == b""):
            return None
        step = save(type, id, len(versions) + 1, value)
        versions.append(step.body)
        return step


def save(type: str, id: str, version: int, value: int) -> Save:
    if value < 0:
        return Save(SPACE, type, id, version, b"", extract_entries("r4", {}, ""), 1000 * version, "delete")
    kind = {"coding": [{"system": "http://a", "code": str(value)}], "text": f"says {value}"}
    resource = {
        "resourceType": type,
        "id": id,
        "code": kind,
        "subject": {"reference": f"Patient/{value}"},
        "effectiveDateTime": f"2025-01-0{value + 1}",
        "valueQuantity": {"value": value, "unit": "kg"},
    }
    facts = extract_entries("r4", resource, "")
    return Save(SPACE, type, id, version, orjson.dumps(resource), facts, 1000 * version, "create" if version == 1 else "update")


async def commit(writer: Writer, transactions: Sequence[Sequence[Step]]) -> Outcomes:
    """Run all transactions in one commit, because they are requested in one turn of the loop."""
    jobs = (
        writer.run(partial(apply, steps=steps), Undo.NOTHING if len(steps) == 1 else Undo.SAVEPOINT) for steps in transactions
    )
    return list(await asyncio.gather(*jobs, return_exceptions=True))  # type: ignore[arg-type]


def run(path: Path, groups: Sequence[Sequence[Sequence[Step]]]) -> list[Outcomes]:
    db = connect(path)
    migrate(db)
    writer = Writer(db)

    async def run_groups() -> list[Outcomes]:
        await commit(writer, [[ALREADY_TAKEN]])
        return [await commit(writer, transactions) for transactions in groups]

    try:
        return asyncio.run(run_groups())
    finally:
        writer.close()


@given(groups=GROUPS)
@settings(max_examples=60, deadline=None)
def test_each_transaction_is_applied_completely_or_not_at_all(groups: list[list[tuple[list[Change], bool]]]) -> None:
    good, steps_of_groups = Model(), list[list[list[Step]]]()
    for transactions in groups:
        steps_of_groups.append([])
        for changes, fails in transactions:
            model = good if not fails else copy_model(good)
            steps_of_groups[-1].append([*model.steps(changes), *([ALREADY_TAKEN] if fails else [])])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        outcomes = run(path, steps_of_groups)
        for transactions, group_outcomes in zip(groups, outcomes, strict=True):
            assert [isinstance(outcome, Conflict) for outcome in group_outcomes] == [fails for _, fails in transactions]
        assert versions(path) == {key: bodies for key, bodies in good.bodies.items() if bodies}
        assert differences(path) == []


def copy_model(model: Model) -> Model:
    copy = Model()
    copy.bodies = {key: list(bodies) for key, bodies in model.bodies.items()}
    return copy


def test_a_row_that_cannot_be_written_fails_only_its_own_transaction(tmp_path: Path) -> None:
    """The error occurs when all rows are inserted together; then each transaction is committed separately."""
    good = [[save("Observation", id, 1, 1)] for id in "ab"]
    bad = save("Observation", "c", 1, 1)
    bad = replace(bad, facts=bad.facts._replace(uris=((1, "half a \ud800"),)))
    outcomes = run(tmp_path / "a.db", [[good[0], [bad], good[1]]])
    assert [type(outcome) for outcome in outcomes[0]] == [type(None), UnicodeEncodeError, type(None)]
    assert [id for _, id in versions(tmp_path / "a.db")] == ["a", "b"]
    assert differences(tmp_path / "a.db") == []


def test_clearing_a_tenant_also_deletes_pending_rows_of_the_same_commit(tmp_path: Path) -> None:
    clear: list[Step] = [Clear("resources", SPACE.tenant)]
    before, after = [save("Observation", "a", 1, 1)], [save("Observation", "a", 1, 2)]
    assert run(tmp_path / "a.db", [[before, clear, after]]) == [[None, None, None]]
    assert versions(tmp_path / "a.db") == {("Observation", "a"): [after[0].body]}
    db = connect(tmp_path / "a.db")
    assert fetch_rows(db, "SELECT sum(live) FROM type_count") == [(1,)]
    db.close()
    assert differences(tmp_path / "a.db") == []


@pytest.mark.parametrize("count", [1, 3, 4, 5, 63, 64, 65, 200])
def test_any_number_of_rows_is_inserted(tmp_path: Path, count: int) -> None:
    group = [[save("Observation", f"o{number}", 1, number % 5)] for number in range(count)]
    assert run(tmp_path / "a.db", [group]) == [[None] * count]
    assert differences(tmp_path / "a.db") == []
