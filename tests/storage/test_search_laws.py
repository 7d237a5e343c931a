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
from tests.storage.engines import ENGINES, open_engine
from tests.storage.making import number, parameter, saved
from tests.storage.naive import matches

from sickbay.fhir.facts import ResourceFacts
from sickbay.fhir.query import (
    DateValue,
    Filter,
    Prefix,
    QuantityValue,
    Query,
    ReferenceValue,
    Sort,
    StringValue,
    TokenValue,
    Value,
)
from sickbay.fhir.visibility import EVERYTHING, NOTHING, Clause, Granular, Visibility
from sickbay.storage.store import Save, Space

PATIENTS = ("p0", "p1", "p2", "p3")
SYSTEMS = (None, "s1", "s2")
CODES = ("a", "b", "A")
TEXTS = ("ann", "anna", "bo", "peters", "zoë", "\U0010ffff")
SPACES = count()
LAW = settings(
    max_examples=int(os.environ.get("SICKBAY_EXAMPLES", "150")),
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
    opened = runner.run(open_engine(request, tmp_path_factory.mktemp("laws")))
    yield opened
    runner.run(opened.close())


@st.composite
def patients(draw: st.DrawFn, id: str) -> Save:
    texts = draw(st.lists(st.sampled_from(TEXTS), max_size=2, unique=True))
    gender = draw(st.sampled_from(CODES))
    facts = ResourceFacts(
        patients=(id,),
        tokens=((number("Patient", "gender"), "s1", gender),),
        strings=tuple((number("Patient", "name"), text) for text in texts),
    )
    return saved("Patient", id, facts, at=draw(st.integers(0, 5)))


@st.composite
def observations(draw: st.DrawFn, id: str) -> Save:
    """In a compartment or beside it, with some dates, codings, performers and values."""
    patient = draw(st.sampled_from(PATIENTS))
    codings = draw(st.lists(st.tuples(st.sampled_from(SYSTEMS), st.sampled_from(CODES)), max_size=2, unique=True))
    dates = draw(st.lists(st.tuples(st.integers(-2, 6), st.integers(1, 3)), max_size=2))
    values = draw(st.lists(st.tuples(st.sampled_from((None, "mg", "g")), st.integers(-3, 3)), max_size=1))
    performer = draw(st.sampled_from((("Practitioner", "d"), ("Patient", "p0"), None)))
    references = [
        (name, "Patient", patient) for name in draw(st.sampled_from((("patient", "subject"), ("subject",), ())))
    ]
    references += [("performer", *performer)] if performer else []
    held = draw(st.sampled_from(((patient,), (patient, "p1"), ())))
    facts = ResourceFacts(
        patients=tuple(dict.fromkeys(held)),
        clinical_date=dates[0][0] if dates else None,
        tokens=tuple((number("Observation", "code"), *coding) for coding in codings),
        references=tuple((number("Observation", name), type, target) for name, type, target in references),
        dates=tuple((number("Observation", "date"), low, low + width) for low, width in dates),
        quantities=tuple((number("Observation", "value-quantity"), "u", unit, low, low + 1.0) for unit, low in values),
        codes=tuple(("code", *coding) for coding in codings),
    )
    return saved("Observation", id, facts, at=draw(st.integers(0, 5)))


@st.composite
def populations(draw: st.DrawFn) -> list[Save]:
    people = [draw(patients(id)) for id in draw(st.sets(st.sampled_from(PATIENTS), min_size=1))]
    return people + [draw(observations(f"o{place}")) for place in range(draw(st.integers(0, 9)))]


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
    st.sampled_from(("code", "date", "performer")),
    st.sampled_from(("true", "false")),
)
ON_PATIENT = st.one_of(
    filters("Patient", "name", STRINGS, "exact", "contains"), filters("Patient", "gender", TOKENS, "not")
)
ON_OBSERVATION = st.one_of(
    filters("Observation", "code", TOKENS, "not"),
    filters("Observation", "date", DATES),
    filters("Observation", "value-quantity", QUANTITIES),
    filters("Observation", "patient", REFERENCES),
    filters("Observation", "subject", REFERENCES),
    filters("Observation", "performer", REFERENCES),
    MISSING,
)
SORTS = {"Patient": ("name", "gender", "_id", "_lastUpdated"), "Observation": ("date", "code", "_id", "_lastUpdated")}


@st.composite
def queries(draw: st.DrawFn) -> Query:
    type = draw(st.sampled_from(("Patient", "Observation", "Observation")))
    asked = draw(st.lists(ON_PATIENT if type == "Patient" else ON_OBSERVATION, max_size=2))
    sorts = draw(st.lists(st.builds(Sort, st.sampled_from(SORTS[type]), st.booleans()), max_size=2))
    ids = draw(st.none() | st.none() | st.lists(st.sampled_from(("p0", "p1", "o1", "o2", "o3")), max_size=3).map(tuple))
    updated = draw(st.just(()) | st.just(()) | DATES.map(lambda one: (one,)))
    total = draw(st.sampled_from((None, "accurate")))
    return Query("r4", type, tuple(asked), ids, updated, sort=tuple(sorts), count=draw(st.integers(1, 4)), total=total)


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
VISIBILITIES = st.one_of(
    st.sampled_from((EVERYTHING, NOTHING)),
    st.lists(CLAUSES, min_size=1, max_size=3).map(lambda c: Visibility(tuple(c))),
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
    async def law() -> None:
        space = await stored(store, saves)
        expected = matches(saves, query, visibility)
        found, totals = await chain(store, space, query, visibility)
        assert found == expected
        assert set(totals) == {len(expected)}
        assert await store.count(space, query, visibility) == len(expected)
        assert store.guard.removed == 0

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
        assert await store.count(space, Query("r4", query.type), EVERYTHING) == sum(
            one.type == query.type for one in changed
        )

    runner.run(law())


def test_every_comparison_of_ranges_is_the_naive_one(store: Any, runner: asyncio.Runner) -> None:
    """Dates and quantities, alone and within a patient, where the source is another."""
    ranges = list(product(range(4), range(1, 4)))

    def facts(low: int, width: int) -> ResourceFacts:
        dates, values = number("Observation", "date"), number("Observation", "value-quantity")
        return ResourceFacts(
            patients=("p",),
            dates=((dates, low, low + width),),
            quantities=((values, "u", "mg", float(low), float(low + width)),),
        )

    saves = [saved("Observation", f"o{low}-{width}", facts(low, width)) for low, width in ranges]
    seen = Visibility((Clause("*", "s", frozenset({"p"})),))

    async def law() -> None:
        space = await stored(store, saves)
        for prefix, (low, width), visibility in product(get_args(Prefix), ranges, (EVERYTHING, seen)):
            day = DateValue(prefix, low, low + width)
            amount = QuantityValue(prefix, float(low), float(low + width), "u", "mg")
            for code, value in (("date", day), ("value-quantity", amount)):
                query = Query("r4", "Observation", (Filter(parameter("Observation", code), (value,)),))
                page = await store.search(space, query, visibility)
                assert [one.id for one in page.matches] == matches(saves, query, visibility)

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
