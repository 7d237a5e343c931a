"""What PostgreSQL says differently, and what it locks."""

from __future__ import annotations

import asyncio

import pytest
from tests.storage.making import SPACE, observation, patient

from sickbay.storage.interface import Clear, DeleteFamily, Put, Record, UseOnce
from sickbay.storage.postgres import locks
from sickbay.storage.postgres.sql_dialect import FITS, fitted, spoken, values
from sickbay.storage.postgres.sync_bridge import SyncReader, in_turn
from sickbay.storage.query.statement import EACH, Row, Statement


def test_values_are_numbered_and_lists_are_arrays() -> None:
    text, lists = spoken(
        "SELECT 1 FROM a CROSS JOIN b ON b.n = a.n WHERE a.x = ? AND a.y IN (SELECT value FROM json_each(?)) AND a.z < ?"
    )
    assert text == "SELECT 1 FROM a JOIN b ON b.n = a.n WHERE a.x = $1 AND a.y = ANY($2) AND a.z < $3"
    assert values((1, '["b","c"]', "d"), lists) == [1, ["b", "c"], "d"]


def test_a_list_may_be_a_table() -> None:
    text, lists = spoken("SELECT 1 FROM json_each(?) j CROSS JOIN resource r ON r.nid = j.value AND instr(r.id, ?) > 0")
    assert text == "SELECT 1 FROM unnest($1::bigint[]) j(value) JOIN resource r ON r.nid = j.value AND strpos(r.id, $2) > 0"
    assert values(("[1,2]", "x"), lists) == [[1, 2], "x"]


def test_what_is_asked_of_each_row_is_not_made_a_join() -> None:
    text = f"SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.n = a.n AND b.x = ?{EACH}) LIMIT 1"
    assert spoken(text).text == "SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.n = a.n AND b.x = $1 OFFSET 0 ) LIMIT 1"


def test_a_long_text_is_told_apart_from_another_that_begins_alike() -> None:
    one, other = "x" * 5000 + "a", "x" * 5000 + "b"
    assert fitted("x" * FITS) == "x" * FITS
    assert fitted(one) != fitted(other)
    assert len(fitted(one)) < FITS + 40
    assert "\0" not in fitted("a\0b")


def names(statement: str) -> dict[str, bool]:
    """Locks by number: whether it is exclusive."""
    return {one.partition("(")[2].rstrip(")"): "shared" not in one for one in statement.removeprefix("SELECT ").split(", ")}


def held(name: str) -> str:
    return str(locks.number(name))


def test_everything_is_shared_but_for_what_clears() -> None:
    assert names(locks.of_steps([UseOnce("code", "k", 1)])) == {held("everything"): False}
    assert names(locks.of_steps([Clear("code")])) == {held("everything"): True}


def test_who_revokes_a_family_has_it_alone() -> None:
    put = names(locks.of_steps([Put(Record("token", "t", b"", family="f"))]))
    revoked = names(locks.of_steps([DeleteFamily("f", ("token",))]))
    assert put[held("family f")] is False
    assert revoked[held("family f")] is True


def test_what_is_saved_is_locked_alone_and_what_it_refers_to_with_others() -> None:
    found = names(locks.of_steps([observation("o", "p")]))
    assert found[held("resource general/r4/Observation/o")] is True
    assert found[held("resource general/r4/Patient/p")] is False
    assert found[held("space general/r4")] is False
    own = names(locks.of_steps([patient("p"), observation("o", "p")]))
    assert own[held("resource general/r4/Patient/p")] is True


def test_a_great_batch_has_its_space_alone() -> None:
    found = names(locks.of_steps([patient(f"p{n}") for n in range(locks.MANY + 1)]))
    assert found == {held("everything"): False, held("space general/r4"): True}
    assert names(locks.of_spaces([SPACE])) == found


def test_locks_are_taken_in_one_order() -> None:
    statement = locks.of_steps([observation(f"o{n}", f"p{n}") for n in range(20)])
    taken = [int(number) for number in names(statement)]
    assert taken == sorted(taken)


def test_code_that_asks_goes_on_with_what_was_fetched() -> None:
    asked: list[Statement] = []

    async def fetch(statement: Statement) -> list[Row]:
        asked.append(statement)
        await asyncio.sleep(0)
        return [(len(asked),)]

    reader = SyncReader()
    assert asyncio.run(in_turn(fetch, lambda: reader.one("a", (7,)) + reader.one("b") * 10)) == 21
    assert asked == [Statement("a", (7,)), Statement("b", ())]


def test_what_fetching_raises_is_raised_where_it_was_asked() -> None:
    async def fetch(statement: Statement) -> list[Row]:
        raise LookupError(statement.text)

    def job() -> str:
        try:
            return str(SyncReader().one("gone"))
        except LookupError as error:
            return f"caught {error}"

    assert asyncio.run(in_turn(fetch, job)) == "caught gone"
    with pytest.raises(LookupError):
        asyncio.run(in_turn(fetch, lambda: SyncReader().one("gone")))
