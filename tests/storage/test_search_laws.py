"""Laws of searching: the answer is the naive one, page by page, and what is invisible makes no difference to it."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from itertools import count, product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
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
from tests.storage.random_data import CODES, PATIENTS, SYSTEMS, population
from tests.storage.reference_search import matches

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import (
    DateValue,
    Filter,
    Include,
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
from sickbay.storage.interface import ResourceSpace, Save

SPACES = count()
LAW = settings(
    max_examples=int(os.environ.get("SICKBAY_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


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
REFERENCES = st.builds(ReferenceValue, st.sampled_from((None, "Patient", "Practitioner")), st.sampled_from((*PATIENTS, "d")))
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
ON_PATIENT = st.one_of(filters("Patient", "name", STRINGS, "exact", "contains"), filters("Patient", "gender", TOKENS, "not"))
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
            made,
            type=one,
            filters=(listed,) if listed and one in asking else (),
            ids=ids if one in asking else None,
            within=inside(one, holder, *without) if holder else None,
        )
        for one in chosen
    )
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
    st.frozensets(st.sampled_from(PATIENTS), min_size=2, max_size=2).map(lambda ids: Visibility((Clause("*", "rs", ids),))),
    st.lists(CLAUSES, min_size=1, max_size=3).map(lambda c: Visibility(tuple(c))),
    st.sampled_from((EVERYTHING, EVERYTHING, NOTHING)),
)


async def chain(store: Any, space: ResourceSpace, query: Query, visibility: Visibility) -> tuple[list[str], list[int | None]]:
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


async def stored(store: Any, saves: list[Save]) -> ResourceSpace:
    space = ResourceSpace(f"tenant{next(SPACES)}", "r4")
    await store.transaction([dataclasses.replace(one, space=space) for one in saves])
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
        updates = [dataclasses.replace(one, space=space, version_id=1 + ((one.type, one.id) in there)) for one in changed]
        gone = [one for one in saves if (one.type, one.id) not in {(two.type, two.id) for two in changed}]
        deletes = [dataclasses.replace(one, space=space, version_id=2, body=b"", interaction="delete") for one in gone]
        await store.transaction([*updates, *deletes])
        found, _ = await chain(store, space, query, EVERYTHING)
        assert sorted(found) == sorted(matches(changed, query, EVERYTHING))
        whole = replace(
            query,
            filters=(),
            ids=None,
            updated=(),
            within=None,
            parts=tuple(Query("r4", one.type) for one in query.parts),
        )
        types = {one.type for one in query.each()}
        assert await store.count(space, whole, EVERYTHING) == sum(one.type in types for one in changed)

    runner.run(law())


def test_every_token_is_found_as_the_naive_search_finds_it(store: Any, runner: asyncio.Runner) -> None:
    codings = list(product(SYSTEMS, CODES))
    code = parameter("Observation", "code")
    saves = [
        saved("Observation", f"o{place}", IndexEntries(patients=("p",), tokens=((code.number, *coding),)))
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
