"""Laws of searching: the answer is the naive one, page by page, and what is invisible makes no difference to it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, product
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.postgres import ENGINES
from tests.storage.engines import open_engine
from tests.storage.featured import (
    INCLUDES,
    NEAR,
    OTHER_FILTERS,
    PLACES,
    closure,
    composite_filters,
    hops,
    in_list,
)
from tests.storage.making import number, parameter, saved
from tests.storage.naive import matches
from tests.storage.tangle import CODES, PATIENTS, SYSTEMS, population

from sickbay.fhir.facts import ResourceFacts
from sickbay.fhir.query import (
    CompositeValue,
    DateValue,
    Filter,
    Include,
    Prefix,
    QuantityValue,
    Query,
    ReferenceValue,
    Sort,
    StringValue,
    TokenValue,
    Value,
    Within,
)
from sickbay.fhir.visibility import EVERYTHING, NOTHING, Clause, Granular, Visibility
from sickbay.storage.sql import search as searching
from sickbay.storage.store import Save, Space

SPACES = count()
LAW = settings(
    max_examples=int(os.environ.get("SICKBAY_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module", params=ENGINES)
def store(
    request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    (opened,) = runner.run(open_engine(request, tmp_path_factory.mktemp("laws")))
    yield opened
    runner.run(opened.close())


def populations() -> st.SearchStrategy[list[Save]]:
    """Drawn as one number: a dense tangle of references, which drawing fact by fact would make seldom and slowly."""
    return st.integers(0, 2**32).map(population)


PREFIXES = st.sampled_from(("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"))
RANGES = st.tuples(st.integers(-3, 6), st.integers(1, 3)).map(lambda pair: (pair[0], sum(pair)))
DATES = st.builds(lambda prefix, ends: DateValue(prefix, *ends), PREFIXES, RANGES)
TOKENS = st.builds(TokenValue, st.sampled_from((None, "", "s1", "s2")), st.sampled_from((None, *CODES))).filter(
    lambda one: one.code is not None or one.system is not None
)
QUANTITIES = st.builds(
    lambda prefix, ends, unit: QuantityValue(prefix, float(ends[0]), float(ends[1]), *unit),
    PREFIXES,
    RANGES,
    st.sampled_from(((None, None), ("u", "mg"), (None, "mg"), ("v", "mg"))),
)
REFERENCES = st.builds(
    ReferenceValue, st.sampled_from((None, "Patient", "Practitioner")), st.sampled_from((*PATIENTS, "d"))
)
STRINGS = st.sampled_from(("a", "an", "anna", "o", "zo", "peters", "x", "")).map(lambda text: StringValue(text, text))


def filters(type: str, code: str, values: st.SearchStrategy[Value], *modifiers: str) -> st.SearchStrategy[Filter]:
    return st.builds(
        lambda found, modifier: Filter(parameter(type, code), tuple(found), modifier),
        st.lists(values, min_size=1, max_size=2),
        st.sampled_from((None, None, *modifiers)),
    )


MISSING = st.builds(
    lambda code, answer: Filter(parameter("Observation", code), (TokenValue(None, answer),), "missing"),
    st.sampled_from(("code", "date", "performer", "combo-code", "combo-value-quantity")),
    st.sampled_from(("true", "false")),
)
ON_PATIENT = st.one_of(
    filters("Patient", "name", STRINGS, "exact", "contains"), filters("Patient", "gender", TOKENS, "not")
)
ON_OBSERVATION = st.one_of(
    filters("Observation", "code", TOKENS, "not"),
    filters("Observation", "date", DATES),
    filters("Observation", "value-quantity", QUANTITIES),
    filters("Observation", "combo-code", TOKENS, "not"),
    filters("Observation", "combo-value-quantity", QUANTITIES),
    filters("Observation", "patient", REFERENCES),
    filters("Observation", "subject", REFERENCES),
    filters("Observation", "performer", REFERENCES),
    MISSING,
    composite_filters(TOKENS, QUANTITIES),
    OTHER_FILTERS,
)
HOPS = dict(zip(("Patient", "Observation"), hops(ON_PATIENT, ON_OBSERVATION), strict=True))
ON: dict[str, st.SearchStrategy[Filter]] = {
    "Patient": st.one_of(ON_PATIENT, HOPS["Patient"]),
    "Observation": st.one_of(ON_OBSERVATION, HOPS["Observation"]),
    "Location": st.one_of(NEAR, PLACES, PLACES),
}
SORTS = {
    "Patient": ("name", "gender", "_id", "_lastUpdated"),
    "Observation": (
        "date",
        "code",
        "value-quantity",
        "combo-code",
        "combo-value-quantity",
        "subject",
        "performer",
        "_id",
        "_lastUpdated",
    ),
    "Location": ("_id", "partof", "url"),
    "": ("_id", "_lastUpdated"),
}


HOLDERS = st.sampled_from((*product(("Patient",), PATIENTS), ("Observation", "o1"), ("Observation", "o2")))
MEMBERS = {"Observation": ("subject", "patient", "performer", "focus"), "List": ("item",)}


def inside(type: str, holder: tuple[str, str], *without: str) -> Within:
    """What refers to it by some of the parameters that a type has."""
    codes = [one for one in MEMBERS.get(type, ()) if one not in without]
    return Within(*holder, tuple(number(type, one) for one in codes))


@st.composite
def queries(draw: st.DrawFn) -> Query:
    type = draw(st.sampled_from(("Patient", "Patient", "Observation", "Observation", "Observation", "Location", "")))
    led = HOPS.get(type) if draw(st.booleans()) else None
    asked = [draw(led)] if led is not None else draw(st.lists(ON[type], max_size=2)) if type else []
    sorts = draw(st.lists(st.builds(Sort, st.sampled_from(SORTS[type]), st.booleans()), max_size=2))
    ids = draw(st.none() | st.none() | st.lists(st.sampled_from(("p0", "p1", "o1", "o2", "o3")), max_size=3).map(tuple))
    updated = draw(st.just(()) | st.just(()) | DATES.map(lambda one: (one,)))
    total = draw(st.sampled_from((None, "accurate")))
    made = Query("r4", type, tuple(asked), ids, updated, sort=tuple(sorts), count=draw(st.integers(1, 4)), total=total)
    holder = draw(st.none() | HOLDERS)
    without = draw(st.sampled_from(((), ("subject", "patient"), ("performer", "focus"))))
    if type:
        return replace(made, within=inside(type, holder, *without) if holder else None)
    chosen = draw(st.lists(st.sampled_from(("Patient", "Observation", "List", "Location")), unique=True))
    listed = draw(st.none() | st.sampled_from(("l0", "l1")).map(in_list))
    asking = draw(st.sets(st.sampled_from(chosen))) if holder and chosen else chosen
    parts = tuple(
        replace(
            made, type=one, filters=(listed,) if listed and one in asking else (), ids=ids if one in asking else None,
            within=inside(one, holder, *without) if holder else None,
        ) for one in chosen
    )  # fmt: skip
    return replace(made, parts=parts, ids=None, updated=(), within=inside("", holder) if holder else None)


GRANULAR = st.builds(
    lambda codings: Granular("code", tuple(codings)),
    st.lists(st.tuples(st.sampled_from((None, "s1", "s2")), st.sampled_from(CODES)), min_size=1, max_size=2),
)
CLAUSES = st.builds(
    Clause,
    st.sampled_from(("*", "Patient", "Observation", "Observation")),
    st.sampled_from(("rs", "s", "r")),
    st.none() | st.frozensets(st.sampled_from(PATIENTS), max_size=2),
    st.lists(GRANULAR, max_size=1).map(tuple),
)
ONE_PATIENT = st.sampled_from(PATIENTS).map(lambda id: Visibility((Clause("*", "rs", frozenset({id})),)))
VISIBILITIES = st.one_of(
    ONE_PATIENT,
    ONE_PATIENT,
    st.frozensets(st.sampled_from(PATIENTS), min_size=2, max_size=2).map(
        lambda ids: Visibility((Clause("*", "rs", ids),))
    ),
    st.lists(CLAUSES, min_size=1, max_size=3).map(lambda c: Visibility(tuple(c))),
    st.sampled_from((EVERYTHING, EVERYTHING, NOTHING)),
)


async def chain(store: Any, space: Space, query: Query, visibility: Visibility) -> tuple[list[str], list[int | None]]:
    """The ids of all pages in order, and their totals."""
    found: list[str] = []
    totals: list[int | None] = []
    while True:
        page = await store.search(space, query, visibility)
        found += [one.id for one in page.matches]
        totals.append(page.total)
        assert len(page.matches) == query.count or page.next is None
        if page.next is None:
            return found, totals
        query = replace(query, cursor=page.next)


async def stored(store: Any, saves: list[Save]) -> Space:
    space = Space(f"tenant{next(SPACES)}", "r4")
    await store.transaction([replace(one, space=space) for one in saves])
    return space


@LAW
@given(saves=populations(), query=queries(), visibility=VISIBILITIES)
def test_the_pages_of_an_answer_are_the_naive_answer(
    store: Any, runner: asyncio.Runner, saves: list[Save], query: Query, visibility: Visibility
) -> None:
    runner.run(pages_are_naive(store, saves, query, visibility))


async def pages_are_naive(store: Any, saves: list[Save], query: Query, visibility: Visibility) -> None:
    space = await stored(store, saves)
    expected = matches(saves, query, visibility)
    found, totals = await chain(store, space, query, visibility)
    assert found == expected
    assert set(totals) == {len(expected)}
    assert await store.count(space, query, visibility) == len(expected)
    assert store.guard.removed == 0


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few are many: wherever what comes first may fill a page, the rest is not looked at."""
    for name, few in {"WIDE": 1, "NEAR": 3, "MANY": 1, "AHEAD": 1}.items():
        monkeypatch.setattr(searching, name, few)


@pytest.mark.usefixtures("hasty")
@LAW
@given(saves=populations(), query=queries(), visibility=VISIBILITIES)
def test_the_pages_are_the_naive_ones_also_where_only_what_comes_first_is_looked_at(
    store: Any, runner: asyncio.Runner, saves: list[Save], query: Query, visibility: Visibility
) -> None:
    runner.run(pages_are_naive(store, saves, query, visibility))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("descending", [False, True])
def test_what_is_asked_by_date_comes_in_every_order(store: Any, runner: asyncio.Runner, descending: bool) -> None:
    """Whatever is wider than a day, has several dates, one of which is asked for and another sorted by, or none."""
    quarter, of = 21_600_000, number("Observation", "date")

    def dated(id: str, *ranges: tuple[int, int]) -> Save:
        dates = tuple((of, low * quarter, (low + width) * quarter) for low, width in ranges)
        return saved("Observation", id, ResourceFacts(dates=dates), at=len(id))

    saves = [dated(f"o{low}-{width}", (low, width)) for low, width in product((0, 2, 3, 4), (1, 3, 4, 9))]
    saves += [dated("apart", (0, 1), (7, 1)), dated("none"), dated("wide", (-9, 40), (3, 1)), dated("never")]

    async def law() -> None:
        space = await stored(store, saves)
        for prefix, low, width, size in product((None, *get_args(Prefix)), range(-1, 6), (1, 4), (1, 2)):
            value = DateValue(prefix, low * quarter, (low + width) * quarter) if prefix else None
            asked = (Filter(parameter("Observation", "date"), (value,)),) if value else ()
            for sort in ((Sort("date", descending),), (Sort("_lastUpdated", descending),), ()):
                query = Query("r4", "Observation", asked, sort=sort, count=size)
                found, totals = await chain(store, space, query, EVERYTHING)
                assert found == matches(saves, query, EVERYTHING)
                assert set(totals) == {len(found)}

    runner.run(law())


@LAW
@given(saves=populations(), query=queries(), visibility=VISIBILITIES)
def test_the_invisible_makes_no_difference(
    store: Any, runner: asyncio.Runner, saves: list[Save], query: Query, visibility: Visibility
) -> None:
    """Not to ids, not to totals, not to what is read."""

    def seen(one: Save, letter: str) -> bool:
        return visibility.allows(one.type, letter, one.facts.patients, one.facts.codes)

    async def law() -> None:
        whole = await stored(store, saves)
        only = await stored(store, [one for one in saves if seen(one, "s")])
        found, totals = await chain(store, whole, query, visibility)
        alone, theirs = await chain(store, only, query, EVERYTHING)
        assert sorted(found) == sorted(alone)
        assert totals == theirs
        for one in saves:
            assert (await store.read(whole, one.type, one.id, visibility) is not None) == seen(one, "r")
        assert store.guard.removed == 0

    runner.run(law())


@LAW
@given(saves=populations(), query=queries(), includes=INCLUDES, visibility=VISIBILITIES)
def test_what_is_included_is_the_naive_closure(
    store: Any,
    runner: asyncio.Runner,
    saves: list[Save],
    query: Query,
    includes: tuple[Include, ...],
    visibility: Visibility,
) -> None:
    """Each page's own, through what may be seen alone."""

    async def law() -> None:
        space = await stored(store, saves)
        asked = replace(query, includes=includes, count=100)
        page = await store.search(space, asked, visibility)
        there = [one for one in saves if visibility.allows(one.type, "rs", one.facts.patients, one.facts.codes)]
        found = [one for one in saves if any((one.type, one.id) == (two.type, two.id) for two in page.matches)]
        brought = [(one.type, one.id) for one in page.included]
        assert set(brought) == closure(saves, asked, found, there)
        assert len(brought) == len(set(brought))
        assert store.guard.removed == 0

    runner.run(law())


@LAW
@given(saves=populations(), changed=populations(), query=queries())
def test_what_was_updated_is_found_as_if_it_had_always_been_so(
    store: Any, runner: asyncio.Runner, saves: list[Save], changed: list[Save], query: Query
) -> None:
    async def law() -> None:
        space = await stored(store, saves)
        there = {(one.type, one.id) for one in saves}
        updates = [replace(one, space=space, version_id=1 + ((one.type, one.id) in there)) for one in changed]
        gone = [one for one in saves if (one.type, one.id) not in {(two.type, two.id) for two in changed}]
        deletes = [replace(one, space=space, version_id=2, body=b"", interaction="delete") for one in gone]
        await store.transaction([*updates, *deletes])
        found, _ = await chain(store, space, query, EVERYTHING)
        assert sorted(found) == sorted(matches(changed, query, EVERYTHING))
        whole = replace(
            query, filters=(), ids=None, updated=(), within=None,
            parts=tuple(Query("r4", one.type) for one in query.parts),
        )  # fmt: skip
        types = {one.type for one in query.each()}
        assert await store.count(space, whole, EVERYTHING) == sum(one.type in types for one in changed)

    runner.run(law())


@pytest.mark.parametrize("unit", [1, 43_200_000])
def test_every_comparison_of_ranges_is_the_naive_one(store: Any, runner: asyncio.Runner, unit: int) -> None:
    """Dates and quantities, alone and within a patient, where the source is another; of half days some are wider than a day."""
    ranges = list(product(range(4), range(1, 4)))

    def facts(low: int, width: int) -> ResourceFacts:
        dates, values, pair = (number("Observation", one) for one in ("date", "value-quantity", PAIR))
        amount = float(low), float(low + width) if unit == 1 else float(low)
        return ResourceFacts(
            patients=("p",),
            dates=((dates, low * unit, (low + width) * unit),),
            quantities=((values, "u", "mg", *amount),),
            composites=((pair, (("token", "s1", "a"), ("quantity", "u", "mg", *amount))),),
        )

    saves = [saved("Observation", f"o{low}-{width}", facts(low, width)) for low, width in ranges]
    saves += [
        _odd("below", -1e300, 2.0),
        _odd("above", 2.0, 1e300),
        _odd("turned", 3.0, -1.0),
        _odd("minus", -3.0, -1.0),
    ]
    seen = Visibility((Clause("*", "s", frozenset({"p"})),))

    async def law() -> None:
        space = await stored(store, saves)
        for prefix, (low, width), visibility in product(get_args(Prefix), ranges, (EVERYTHING, seen)):
            day = DateValue(prefix, low * unit, (low + width) * unit)
            amount = QuantityValue(prefix, float(low - 2), float(low + width - 2), "u", "mg")
            point = QuantityValue(prefix, float(low - 2), float(low - 1 if prefix in ("eq", "ne", "ap") else low - 2))
            pair = CompositeValue((TokenValue("s1", "a"), point))
            for code, asked in (
                ("date", (day,)), ("value-quantity", (amount,)), ("value-quantity", (point, amount)), (PAIR, (pair,)),
                ("date", (day, DateValue("gt", 3 * unit, 4 * unit))),
            ):  # fmt: skip
                query = Query("r4", "Observation", (Filter(parameter("Observation", code), asked),))
                page = await store.search(space, query, visibility)
                assert [one.id for one in page.matches] == matches(saves, query, visibility)

    runner.run(law())


PAIR = "code-value-quantity"


def _odd(id: str, low: float, high: float) -> Save:
    """A comparator, or a range that ends before it begins."""
    values, pair = number("Observation", "value-quantity"), number("Observation", PAIR)
    facts = ResourceFacts(
        patients=("p",), quantities=((values, "u", "mg", low, high),),
        composites=((pair, (("token", "s1", "a"), ("quantity", "u", "mg", low, high))),),
    )  # fmt: skip
    return saved("Observation", id, facts)


def test_a_day_after_one_and_before_another_is_the_naive_one(store: Any, runner: asyncio.Runner) -> None:
    """Also where the one that is after it and the one that is before it are two of the same resource."""
    day, of = 86_400_000, number("Observation", "date")

    def dated(id: str, *ranges: tuple[int, int]) -> Save:
        return saved("Observation", id, ResourceFacts(dates=tuple((of, low * day, high * day) for low, high in ranges)))

    saves = [dated(f"one{low}-{width}", (low, low + width)) for low, width in product(range(5), (1, 3))]
    saves += [
        dated("apart", (0, 1), (4, 5)),
        dated("near", (1, 2), (2, 3)),
        dated("late", (4, 5), (6, 7)),
        dated("none"),
    ]
    early, late = ("gt", "ge", "sa"), ("lt", "le", "eb")

    async def law() -> None:
        space = await stored(store, saves)
        for one, other, low, high in product(early, late, range(4), range(1, 5)):
            each = (DateValue(one, low * day, (low + 1) * day), DateValue(other, high * day, (high + 1) * day))
            query = Query(
                "r4", "Observation", tuple(Filter(parameter("Observation", "date"), (value,)) for value in each)
            )
            found, totals = await chain(store, space, replace(query, count=3), EVERYTHING)
            assert found == matches(saves, query, EVERYTHING)
            assert set(totals) == {len(found)}

    runner.run(law())


def test_every_token_is_found_as_the_naive_search_finds_it(store: Any, runner: asyncio.Runner) -> None:
    codings = list(product(SYSTEMS, CODES))
    code = parameter("Observation", "code")
    saves = [
        saved("Observation", f"o{place}", ResourceFacts(patients=("p",), tokens=((code.number, *coding),)))
        for place, coding in enumerate(codings)
    ]
    wanted = [TokenValue(system, value) for system in (None, "", "s1", "s3") for value in (None, "a", "A", "x")]
    seen = Visibility((Clause("*", "s", frozenset({"p"})),))

    async def law() -> None:
        space = await stored(store, saves)
        for value, other, modifier, visibility in product(wanted[1:], wanted[1:], (None, "not"), (EVERYTHING, seen)):
            query = Query("r4", "Observation", (Filter(code, (value, other), modifier),))
            page = await store.search(space, query, visibility)
            assert [one.id for one in page.matches] == matches(saves, query, visibility)

    runner.run(law())
