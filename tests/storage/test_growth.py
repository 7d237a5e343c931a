"""The cost of a search, in steps of SQLite's virtual machine, doesn't grow with the number of stored resources."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from msgspec.structs import replace
from tests.storage.making import SPACE, find, make_save, number, observation, parameter, patient, query_for, where

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import CompositeValue, DateValue, Filter, Prefix, QuantityValue, Query, Sort, TokenValue
from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.interface import Save
from sickbay.storage.query import access_path
from sickbay.storage.sqlite.store import SqliteStore, open_store

DAY = 86_400_000
FEW_PATIENTS, MANY_PATIENTS = 400, 8_000
"""Number of patients. A cost that grows with them is twenty times as high with many."""


CODE = where("Observation", "code", TokenValue("http://loinc.org", "8867-4"))


@pytest.fixture(scope="module")
async def stores(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[SqliteStore, SqliteStore]]:
    folder = tmp_path_factory.mktemp("growth")
    few, many = await _fill(folder / "few.db", FEW_PATIENTS), await _fill(folder / "many.db", MANY_PATIENTS)
    yield few, many
    await few.close()
    await many.close()


async def _fill(path: Path, count: int) -> SqliteStore:
    opened = open_store(path, find)
    await opened.transaction([resource for number in range(count) for resource in _resources(number)])
    return opened


def _resources(index: int) -> list[Save]:
    """Return a patient and an observation. A few of the first are later and higher than all others, which cover a thousand
    days.
    """
    late = index % 40 == 0 and index < FEW_PATIENTS
    day = 5000 + index if late else index % 1000
    value = float(9000 + index if late else index % 900)
    components = ("token", "http://loinc.org", "8867-4"), ("quantity", "u", "mg", value, value)
    facts = IndexEntries(
        patients=(f"p{index}",),
        tokens=(
            (number("Observation", "code"), "http://loinc.org", "8867-4"),
            (number("Observation", "category"), "urn:numbers", str(index)),
        ),
        dates=((number("Observation", "date"), day * DAY, (day + 1) * DAY),),
        quantities=((number("Observation", "value-quantity"), "u", "mg", value, value),),
        composites=((number("Observation", "code-value-quantity"), components),),
    )
    written: dict[str, Any] = {"at": 9000 if late else index % 1000}
    return [
        patient(f"p{index}", names=(f"n{index:05}",), **written),
        make_save("Observation", f"o{index}", facts, **written),
    ]


def on(prefix: Prefix, day: int) -> DateValue:
    return DateValue(prefix, day * DAY, (day + 1) * DAY)


def query_dates(*values: DateValue) -> Query:
    return query_for("Observation", *(where("Observation", "date", date) for date in values))


def amount(prefix: Prefix, value: float) -> QuantityValue:
    return QuantityValue(prefix, value, value)


async def steps(store: SqliteStore, query: Query) -> int:
    """Return the steps of a page's statements and of the look-ups that prepare them."""
    total = 0

    def add(event: dict[str, Any]) -> None:
        nonlocal total
        total += event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    reader = store._reader.db
    reader.trace_v2(apsw.SQLITE_TRACE_PROFILE, add)
    try:
        page = await store.search(SPACE, query, EVERYTHING)
    finally:
        reader.trace_v2(0)
    assert page.matches
    return total


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(query_for("Patient", ids=("p7", "p9", "p300")), id="ids"),
        pytest.param(query_dates(on("ge", 4000)), id="date=ge"),
        pytest.param(query_dates(on("gt", 4000)), id="date=gt"),
        pytest.param(query_dates(on("ap", 5040)), id="date=ap"),
        pytest.param(query_dates(on("ge", 5040), on("le", 5080)), id="date=ge&date=le"),
        pytest.param(query_dates(on("sa", 5000), on("lt", 5081)), id="date=sa&date=lt"),
        pytest.param(
            query_for("Observation", where("Observation", "value-quantity", amount("gt", 5000.0))), id="value-quantity=gt"
        ),
        pytest.param(
            query_for(
                "Observation",
                where(
                    "Observation",
                    "code-value-quantity",
                    CompositeValue((TokenValue("http://loinc.org", "8867-4"), amount("ge", 5000.0))),
                ),
            ),
            id="code-value-quantity=ge",
        ),
        pytest.param(query_for("Observation", updated=(DateValue("gt", 5000, 5001),)), id="_lastUpdated=gt"),
        pytest.param(query_for("Patient", updated=(DateValue("ge", 5000, 5001),)), id="_lastUpdated=ge"),
        *(
            pytest.param(
                query_for(type, sort=(Sort(by, descending),), count=10, total="none"), id=f"_sort={'-' * descending}{by}"
            )
            for type, by in (
                ("Observation", "date"),
                ("Observation", "value-quantity"),
                ("Observation", "_lastUpdated"),
                ("Patient", "name"),
                ("Patient", "_id"),
            )
            for descending in (False, True)
        ),
        pytest.param(
            query_for("Observation", CODE, where("Observation", "date", on("ge", 4000)), total="none"), id="code&date=ge"
        ),
        pytest.param(
            query_for("Observation", CODE, where("Observation", "value-quantity", amount("gt", 5000.0)), total="none"),
            id="code&value-quantity=gt",
        ),
        pytest.param(query_for("Observation", CODE, updated=(DateValue("ge", 5000, 5001),)), id="code&_lastUpdated=ge"),
        pytest.param(
            query_for(
                "Observation",
                CODE,
                where("Observation", "category", TokenValue("urn:numbers", None)),
                count=5,
                total="none",
            ),
            id="code&category=system|",
        ),
        pytest.param(query_for("Observation", total="accurate", count=5), id="_total=accurate"),
        pytest.param(
            replace(query_dates(on("ge", 100)), sort=(Sort("date"),), count=10, total="none"), id="date=ge&_sort=date"
        ),
        pytest.param(
            replace(query_dates(on("le", 300)), sort=(Sort("date", True),), count=10, total="none"), id="date=le&_sort=-date"
        ),
        pytest.param(
            query_for(
                "Observation",
                CODE,
                sort=(Sort("date", True),),
                count=10,
                total="none",
            ),
            id="code&_sort=-date",
        ),
    ],
)
@pytest.mark.anyio
async def test_the_cost_of_a_search_does_not_grow_with_the_stored_resources(
    stores: tuple[SqliteStore, SqliteStore], query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_path, "SMALL_RANGE_ROWS", FEW_PATIENTS // 2)
    few, many = [await steps(store, query) for store in stores]
    assert many < 2 * few


@pytest.fixture(scope="module")
async def crowded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[SqliteStore, SqliteStore]]:
    """Few and many observations of the same 40 patients. One more belongs to a patient without a gender who was added last."""
    folder = tmp_path_factory.mktemp("crowded")
    opened_stores = []
    for count in (FEW_PATIENTS, MANY_PATIENTS):
        opened = open_store(folder / f"{count}.db", find)
        patients = [patient(f"p{index}") for index in range(40)]
        other = make_save("Patient", "other", IndexEntries(patients=("other",)), at=9000)
        crowd = [observation(f"o{index}", f"p{index % 40}") for index in range(count)]
        await opened.transaction([*patients, other, *crowd, observation("last", "other")])
        opened_stores.append(opened)
    yield opened_stores[0], opened_stores[1]
    for opened in opened_stores:
        await opened.close()


GENDER = "http://hl7.org/fhir/administrative-gender"


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(where("Patient", "gender", TokenValue(GENDER, "female"), modifier="not"), id="gender:not"),
        pytest.param(where("Patient", "gender", TokenValue(None, "true"), modifier="missing"), id="gender:missing"),
        pytest.param(where("Patient", "_lastUpdated", DateValue("ge", 5000, 5001)), id="_lastUpdated=ge"),
    ],
)
@pytest.mark.anyio
async def test_a_chain_without_an_index_at_its_end_costs_only_what_is_there(
    crowded: tuple[SqliteStore, SqliteStore], inner: Filter
) -> None:
    query = query_for("Observation", Filter(parameter("Observation", "subject"), (), chain=("Patient", inner)))
    page = await crowded[1].search(SPACE, query, EVERYTHING)
    assert ([match.id for match in page.matches], page.total) == (["last"], 1)
    few, many = [await steps(store, query) for store in crowded]
    assert many < 2 * few
