"""The translation to PostgreSQL's dialect, and the locks of transactions."""

from __future__ import annotations

import asyncio

import pytest
from tests.storage.making import observation, patient

from sickbay.storage.interface import Clear, DeleteFamily, Put, Record, UseOnce
from sickbay.storage.postgres import locks
from sickbay.storage.postgres.sql_dialect import FITS, convert_values, fit_text, translate_to_postgres
from sickbay.storage.postgres.sync_bridge import SyncReader, run_in_turn
from sickbay.storage.query.statement import EACH, Row, Statement


def test_values_are_numbered_and_lists_are_arrays() -> None:
    text, lists = translate_to_postgres(
        "SELECT 1 FROM a CROSS JOIN b ON b.n = a.n WHERE a.x = ? AND a.y IN (SELECT value FROM json_each(?)) AND a.z < ?"
    )
    assert text == "SELECT 1 FROM a JOIN b ON b.n = a.n WHERE a.x = $1 AND a.y = ANY($2) AND a.z < $3"
    assert convert_values((1, '["b","c"]', "d"), lists) == [1, ["b", "c"], "d"]


def test_a_list_may_be_a_table() -> None:
    text, lists = translate_to_postgres(
        "SELECT 1 FROM json_each(?) j CROSS JOIN resource r ON r.nid = j.value AND instr(r.id, ?) > 0"
    )
    assert text == "SELECT 1 FROM unnest($1::bigint[]) j(value) JOIN resource r ON r.nid = j.value AND strpos(r.id, $2) > 0"
    assert convert_values(("[1,2]", "x"), lists) == [[1, 2], "x"]


def test_an_exists_evaluated_per_row_does_not_become_a_join() -> None:
    text = f"SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.n = a.n AND b.x = ?{EACH}) LIMIT 1"
    assert (
        translate_to_postgres(text).text
        == "SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.n = a.n AND b.x = $1 OFFSET 0 ) LIMIT 1"
    )


def test_long_texts_with_the_same_beginning_are_distinguished() -> None:
    first, second = "x" * 5000 + "a", "x" * 5000 + "b"
    assert fit_text("x" * FITS) == "x" * FITS
    assert fit_text(first) != fit_text(second)
    assert len(fit_text(first)) < FITS + 40
    assert "\0" not in fit_text("a\0b")


def names(statement: str) -> dict[str, bool]:
    """Return locks by number, with whether they are exclusive."""
    return {call.partition("(")[2].rstrip(")"): "shared" not in call for call in statement.removeprefix("SELECT ").split(", ")}


def lock_number(name: str) -> str:
    return str(locks.hash_to_number(name))


def test_only_clearing_locks_everything_exclusively() -> None:
    assert names(locks.lock_for_steps([UseOnce("code", "k", 1)])) == {lock_number("everything"): False}
    assert names(locks.lock_for_steps([Clear("code")])) == {lock_number("everything"): True}


def test_revoking_a_family_locks_it_exclusively() -> None:
    put = names(locks.lock_for_steps([Put(Record("token", "t", b"", family="f"))]))
    revoked = names(locks.lock_for_steps([DeleteFamily("f", ("token",))]))
    assert put[lock_number("family f")] is False
    assert revoked[lock_number("family f")] is True


def test_a_saved_resource_is_locked_exclusively_and_a_referenced_one_shared() -> None:
    lock_modes = names(locks.lock_for_steps([observation("o", "p")]))
    assert lock_modes[lock_number("resource general/r4/Observation/o")] is True
    assert lock_modes[lock_number("resource general/r4/Patient/p")] is False
    assert lock_modes[lock_number("space general/r4")] is False
    both_saved = names(locks.lock_for_steps([patient("p"), observation("o", "p")]))
    assert both_saved[lock_number("resource general/r4/Patient/p")] is True


def test_a_large_batch_locks_its_space_exclusively() -> None:
    lock_modes = names(locks.lock_for_steps([patient(f"p{n}") for n in range(locks.MAXIMUM_LOCKED_RESOURCES + 1)]))
    assert lock_modes == {lock_number("everything"): False, lock_number("space general/r4"): True}


def test_locks_are_taken_in_a_fixed_order() -> None:
    statement = locks.lock_for_steps([observation(f"o{n}", f"p{n}") for n in range(20)])
    numbers = [int(number) for number in names(statement)]
    assert numbers == sorted(numbers)


def test_synchronous_code_continues_with_the_fetched_rows() -> None:
    statements: list[Statement] = []

    async def fetch(statement: Statement) -> list[Row]:
        statements.append(statement)
        await asyncio.sleep(0)
        return [(len(statements),)]

    reader = SyncReader()
    assert asyncio.run(run_in_turn(fetch, lambda: reader.one("a", (7,)) + reader.one("b") * 10)) == 21
    assert statements == [Statement("a", (7,)), Statement("b", ())]


def test_a_fetch_error_is_raised_in_the_code_that_made_the_query() -> None:
    async def fetch(statement: Statement) -> list[Row]:
        raise LookupError(statement.text)

    def job() -> str:
        try:
            return str(SyncReader().one("gone"))
        except LookupError as error:
            return f"caught {error}"

    assert asyncio.run(run_in_turn(fetch, job)) == "caught gone"
    with pytest.raises(LookupError):
        asyncio.run(run_in_turn(fetch, lambda: SyncReader().one("gone")))
