"""Laws of searching: each page matches the reference search, and invisible resources make no difference."""

from __future__ import annotations

import asyncio
from itertools import count, product
from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.laws import examples
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
from tests.storage.making import make_save, number, parameter
from tests.storage.random_data import CODES, MARKED, PATIENTS, SYSTEMS, population
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
    max_examples=examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def populations() -> st.SearchStrategy[list[Save]]:
    """Draw a population from one number. Drawing each fact separately would rarely and slowly give as many references."""
    return st.integers(0, 2**32).map(population)


PREFIXES = st.sampled_from(("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"))
RANGES = st.tuples(st.integers(-3, 6), st.integers(1, 3)).map(lambda pair: (pair[0], sum(pair)))
DATES = st.builds(lambda prefix, ends: DateValue(prefix, *ends), PREFIXES, RANGES)
TOKENS = st.builds(TokenValue, st.sampled_from((None, "", "s1", "s2")), st.sampled_from((None, *CODES))).filter(
    lambda token: token.code is not None or token.system is not None
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
        lambda drawn, modifier: Filter(parameter(type, code), tuple(drawn), modifier),
        st.lists(values, min_size=1, max_size=2),
        st.sampled_from((None, None, *modifiers)),
    )


MISSING = st.builds(
    lambda code, answer: Filter(parameter("Observation", code), (TokenValue(None, answer),), "missing"),
    st.sampled_from((*MARKED, "subject", "combo-code", "combo-value-quantity", "_id", "_lastUpdated")),
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
    """Return membership by those of the type's parameters that aren't excluded."""
    codes = [code for code in MEMBERS.get(type, ()) if code not in without]
    return Within(*holder, tuple(number(type, code) for code in codes))


@st.composite
def queries(draw: st.DrawFn) -> Query:
    type = draw(st.sampled_from(("Patient", "Patient", "Observation", "Observation", "Observation", "Location", "")))
    hop = HOPS.get(type) if draw(st.booleans()) else None
    filters_ = [draw(hop)] if hop is not None else draw(st.lists(ON[type], max_size=2)) if type else []
    sorts = draw(st.lists(st.builds(Sort, st.sampled_from(SORTS[type]), st.booleans()), max_size=2))
    ids = draw(st.none() | st.none() | st.lists(st.sampled_from(("p0", "p1", "o1", "o2", "o3")), max_size=3).map(tuple))
    updated = draw(st.just(()) | st.just(()) | DATES.map(lambda date: (date,)))
    totals: tuple[Literal["accurate"] | None, ...] = (None, "accurate")
    total = draw(st.sampled_from(totals))
    query = Query("r4", type, tuple(filters_), ids, updated, sort=tuple(sorts), count=draw(st.integers(1, 4)), total=total)
    holder = draw(st.none() | HOLDERS)
    without = draw(st.sampled_from(((), ("subject", "patient"), ("performer", "focus"))))
    if type:
        return replace(query, within=inside(type, holder, *without) if holder else None)
    chosen = draw(st.lists(st.sampled_from(("Patient", "Observation", "List", "Location")), unique=True))
    listed = draw(st.none() | st.sampled_from(("l0", "l1")).map(in_list))
    filtered_types = draw(st.sets(st.sampled_from(chosen))) if holder and chosen else chosen
    parts = tuple(
        replace(
            query,
            type=part_type,
            filters=(listed,) if listed and part_type in filtered_types else (),
            ids=ids if part_type in filtered_types else None,
            within=inside(part_type, holder, *without) if holder else None,
        )
        for part_type in chosen
    )
    return replace(query, parts=parts, ids=None, updated=(), within=inside("", holder) if holder else None)


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
    """Return the ids of all pages in order, and their totals."""
    found_ids: list[str] = []
    totals: list[int | None] = []
    while True:
        page = await store.search(space, query, visibility)
        found_ids += [match.id for match in page.matches]
        totals.append(page.total)
        assert len(page.matches) == query.count or page.next is None
        if page.next is None:
            return found_ids, totals
        query = replace(query, cursor=page.next)


async def store_all(store: Any, saves: list[Save]) -> ResourceSpace:
    space = ResourceSpace(f"tenant{next(SPACES)}", "r4")
    await store.transaction([replace(save, space=space) for save in saves])
    return space


@LAW
@given(saves=populations(), query=queries(), visibility=VISIBILITIES)
def test_pages_match_the_reference_search(
    store: Any, runner: asyncio.Runner, saves: list[Save], query: Query, visibility: Visibility
) -> None:
    runner.run(check_pages(store, saves, query, visibility))


async def check_pages(store: Any, saves: list[Save], query: Query, visibility: Visibility) -> None:
    space = await store_all(store, saves)
    expected = matches(saves, query, visibility)
    found_ids, totals = await chain(store, space, query, visibility)
    assert found_ids == expected
    assert set(totals) == {len(expected)}
    assert await store.count(space, query, visibility) == len(expected)
    assert store.guard.removed == 0


@LAW
@given(saves=populations(), query=queries(), visibility=VISIBILITIES)
def test_invisible_resources_make_no_difference(
    store: Any, runner: asyncio.Runner, saves: list[Save], query: Query, visibility: Visibility
) -> None:
    """Neither for ids, nor for totals, nor for reads."""

    def is_allowed(save: Save, letter: str) -> bool:
        return visibility.allows(save.type, letter, save.facts.patients, save.facts.codes)

    async def law() -> None:
        full_space = await store_all(store, saves)
        visible_space = await store_all(store, [save for save in saves if is_allowed(save, "s")])
        found_ids, totals = await chain(store, full_space, query, visibility)
        expected_ids, expected_totals = await chain(store, visible_space, query, EVERYTHING)
        assert sorted(found_ids) == sorted(expected_ids)
        assert totals == expected_totals
        for save in saves:
            assert (await store.read(full_space, save.type, save.id, visibility) is not None) == is_allowed(save, "r")
        assert store.guard.removed == 0

    runner.run(law())


@LAW
@given(saves=populations(), query=queries(), includes=INCLUDES, visibility=VISIBILITIES)
def test_included_resources_match_the_reference_closure(
    store: Any,
    runner: asyncio.Runner,
    saves: list[Save],
    query: Query,
    includes: tuple[Include, ...],
    visibility: Visibility,
) -> None:
    """The includes of each page follow only visible resources."""

    async def law() -> None:
        space = await store_all(store, saves)
        including_query = replace(query, includes=includes, count=100)
        page = await store.search(space, including_query, visibility)
        visible = [save for save in saves if visibility.allows(save.type, "rs", save.facts.patients, save.facts.codes)]
        matched = [save for save in saves if any((save.type, save.id) == (match.type, match.id) for match in page.matches)]
        included = [(resource.type, resource.id) for resource in page.included]
        assert set(included) == closure(saves, including_query, matched, visible)
        assert len(included) == len(set(included))
        assert store.guard.removed == 0

    runner.run(law())


@LAW
@given(saves=populations(), changed=populations(), query=queries())
def test_updated_resources_are_found_like_newly_created_ones(
    store: Any, runner: asyncio.Runner, saves: list[Save], changed: list[Save], query: Query
) -> None:
    async def law() -> None:
        space = await store_all(store, saves)
        saved_keys = {(save.type, save.id) for save in saves}
        updates = [replace(save, space=space, version_id=1 + ((save.type, save.id) in saved_keys)) for save in changed]
        removed = [save for save in saves if (save.type, save.id) not in {(other.type, other.id) for other in changed}]
        deletes = [replace(save, space=space, version_id=2, body=b"", interaction="delete") for save in removed]
        await store.transaction([*updates, *deletes])
        found_ids, _ = await chain(store, space, query, EVERYTHING)
        assert sorted(found_ids) == sorted(matches(changed, query, EVERYTHING))
        unfiltered = replace(
            query,
            filters=(),
            ids=None,
            updated=(),
            within=None,
            parts=tuple(Query("r4", part.type) for part in query.parts),
        )
        types = {part.type for part in query.parts or (query,)}
        assert await store.count(space, unfiltered, EVERYTHING) == sum(save.type in types for save in changed)

    runner.run(law())


def test_token_searches_match_the_reference_search(store: Any, runner: asyncio.Runner) -> None:
    codings = list(product(SYSTEMS, CODES))
    code = parameter("Observation", "code")
    saves = [
        make_save("Observation", f"o{index}", IndexEntries(patients=("p",), tokens=((code.number, *coding),)))
        for index, coding in enumerate(codings)
    ]
    tokens = [TokenValue(system, value) for system in (None, "", "s1", "s3") for value in (None, "a", "A", "x")]
    of_patient = Visibility((Clause("*", "s", frozenset({"p"})),))

    async def law() -> None:
        space = await store_all(store, saves)
        for value, second, modifier, visibility in product(tokens[1:], tokens[1:], (None, "not"), (EVERYTHING, of_patient)):
            query = Query("r4", "Observation", (Filter(code, (value, second), modifier),))
            page = await store.search(space, query, visibility)
            assert [match.id for match in page.matches] == matches(saves, query, visibility)

    runner.run(law())
