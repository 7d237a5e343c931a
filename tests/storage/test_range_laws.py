"""Laws of range searches: with any access path, and with scans that stop early, the result equals that of the reference
search.
"""

from __future__ import annotations

import asyncio
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from msgspec.structs import replace
from tests.laws import cases
from tests.storage.making import make_save, number, parameter
from tests.storage.reference_search import matches
from tests.storage.test_search_laws import LAW, VISIBILITIES, chain, check_pages, populations, queries, store_all

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import CompositeValue, DateValue, Filter, Prefix, QuantityValue, Query, Sort, TokenValue
from sickbay.fhir.visibility import EVERYTHING, Clause, Visibility
from sickbay.storage.interface import Save
from sickbay.storage.query import search as searching

PAIR = "code-value-quantity"


@pytest.mark.parametrize("unit", [1, 43_200_000])
def test_every_comparison_of_ranges_matches_the_reference_search(store: Any, runner: asyncio.Runner, unit: int) -> None:
    """Dates and quantities, for everyone and for one patient, whose search uses another source. Some half-day ranges are wider
    than a day.
    """
    ranges = list(product(range(4), range(1, 4)))

    def facts(low: int, width: int) -> IndexEntries:
        dates, values, pair = (number("Observation", code) for code in ("date", "value-quantity", PAIR))
        amount = float(low), float(low + width) if unit == 1 else float(low)
        return IndexEntries(
            patients=("p",),
            dates=((dates, low * unit, (low + width) * unit),),
            quantities=((values, "u", "mg", *amount),),
            composites=((pair, (("token", "s1", "a"), ("quantity", "u", "mg", *amount))),),
        )

    saves = [make_save("Observation", f"o{low}-{width}", facts(low, width)) for low, width in ranges]
    saves += [
        _odd("below", -1e300, 2.0),
        _odd("above", 2.0, 1e300),
        _odd("turned", 3.0, -1.0),
        _odd("minus", -3.0, -1.0),
    ]
    of_patient = Visibility((Clause("*", "s", frozenset({"p"})),))

    async def law() -> None:
        space = await store_all(store, saves)
        for prefix, (low, width), visibility in product(get_args(Prefix), ranges, (EVERYTHING, of_patient)):
            day = DateValue(prefix, low * unit, (low + width) * unit)
            amount = QuantityValue(prefix, float(low - 2), float(low + width - 2), "u", "mg")
            point = QuantityValue(prefix, float(low - 2), float(low - 1 if prefix in ("eq", "ne", "ap") else low - 2))
            pair = CompositeValue((TokenValue("s1", "a"), point))
            for code, values in (
                ("date", (day,)),
                ("value-quantity", (amount,)),
                ("value-quantity", (point, amount)),
                (PAIR, (pair,)),
                ("date", (day, DateValue("gt", 3 * unit, 4 * unit))),
            ):
                query = Query("r4", "Observation", (Filter(parameter("Observation", code), values),))
                page = await store.search(space, query, visibility)
                assert [match.id for match in page.matches] == matches(saves, query, visibility)

    runner.run(law())


def _odd(id: str, low: float, high: float) -> Save:
    """Return an observation with a comparator, or with a range that ends before it begins."""
    values, pair = number("Observation", "value-quantity"), number("Observation", PAIR)
    facts = IndexEntries(
        patients=("p",),
        quantities=((values, "u", "mg", low, high),),
        composites=((pair, (("token", "s1", "a"), ("quantity", "u", "mg", low, high))),),
    )
    return make_save("Observation", id, facts)


def test_a_search_between_two_days_matches_the_reference_search(store: Any, runner: asyncio.Runner) -> None:
    """Also if the date after the first bound and the date before the second are different dates of the same resource."""
    day, date_number = 86_400_000, number("Observation", "date")

    def date(id: str, *ranges: tuple[int, int]) -> Save:
        return make_save(
            "Observation", id, IndexEntries(dates=tuple((date_number, low * day, high * day) for low, high in ranges))
        )

    saves = [date(f"one{low}-{width}", (low, low + width)) for low, width in product(range(5), (1, 3))]
    saves += [
        date("apart", (0, 1), (4, 5)),
        date("near", (1, 2), (2, 3)),
        date("late", (4, 5), (6, 7)),
        date("none"),
    ]
    early: tuple[Prefix, ...] = ("gt", "ge", "sa")
    late: tuple[Prefix, ...] = ("lt", "le", "eb")

    async def law() -> None:
        space = await store_all(store, saves)
        for lower_prefix, upper_prefix, low, high in product(early, late, range(4), range(1, 5)):
            bounds = (
                DateValue(lower_prefix, low * day, (low + 1) * day),
                DateValue(upper_prefix, high * day, (high + 1) * day),
            )
            query = Query("r4", "Observation", tuple(Filter(parameter("Observation", "date"), (value,)) for value in bounds))
            found_ids, totals = await chain(store, space, replace(query, count=3), EVERYTHING)
            assert found_ids == matches(saves, query, EVERYTHING)
            assert set(totals) == {len(found_ids)}

    runner.run(law())


@pytest.fixture
def early_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the thresholds, so that a scan stops early wherever the first results may fill a page."""
    for name, threshold in {"WIDE": 1, "NEAR": 3, "SORTED_ROWS": 1, "AHEAD": 1}.items():
        monkeypatch.setattr(searching, name, threshold)


@pytest.mark.usefixtures("early_stops")
@LAW
@given(saves=populations(), query=queries(), visibility=VISIBILITIES)
def test_pages_match_the_reference_search_if_scans_stop_early(
    store: Any, runner: asyncio.Runner, saves: list[Save], query: Query, visibility: Visibility
) -> None:
    runner.run(check_pages(store, saves, query, visibility))


@pytest.mark.usefixtures("early_stops")
@pytest.mark.parametrize("descending", [False, True])
def test_a_date_filter_works_with_every_sort_order(store: Any, runner: asyncio.Runner, descending: bool) -> None:
    """Includes ranges wider than a day, resources with several dates, one filtered and another sorted by, and none."""
    quarter, date_number = 21_600_000, number("Observation", "date")

    def date(id: str, *ranges: tuple[int, int]) -> Save:
        dates = tuple((date_number, low * quarter, (low + width) * quarter) for low, width in ranges)
        return make_save("Observation", id, IndexEntries(dates=dates), at=len(id))

    saves = [date(f"o{low}-{width}", (low, width)) for low, width in product((0, 2, 3, 4), (1, 3, 4, 9))]
    saves += [date("apart", (0, 1), (7, 1)), date("none"), date("wide", (-9, 40), (3, 1)), date("never")]

    async def law() -> None:
        space = await store_all(store, saves)
        for prefix, low, width, size in cases(product((None, *get_args(Prefix)), range(-1, 6), (1, 4), (1, 2))):
            value = DateValue(prefix, low * quarter, (low + width) * quarter) if prefix else None
            date_filters = (Filter(parameter("Observation", "date"), (value,)),) if value else ()
            for sort in ((Sort("date", descending),), (Sort("_lastUpdated", descending),), ()):
                query = Query("r4", "Observation", date_filters, sort=sort, count=size)
                found_ids, totals = await chain(store, space, query, EVERYTHING)
                assert found_ids == matches(saves, query, EVERYTHING)
                assert set(totals) == {len(found_ids)}

    runner.run(law())
