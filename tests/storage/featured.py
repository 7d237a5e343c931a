"""Searches beyond one index: composites, hops there and back, lists, positions, identifiers, several types at once."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace
from tests.storage.making import number, parameter
from tests.storage.random_data import OBSERVATIONS, PAIRS, URLS, WORDED

from sickbay.fhir.search.parameters import IDENTIFIER, OF_TYPE, TEXT, beside
from sickbay.fhir.search.query import (
    CompositeValue,
    Filter,
    Include,
    NearValue,
    Query,
    ReferenceValue,
    SearchParameter,
    StringValue,
    TokenValue,
    UriValue,
    Value,
    WordsValue,
)
from sickbay.storage.interface import Save

SIMPLE, COMPONENTS = PAIRS


def composite_filters(tokens: st.SearchStrategy[Any], quantities: st.SearchStrategy[Any]) -> st.SearchStrategy[Filter]:
    combo = replace(
        parameter("Observation", "combo-code-value-quantity"),
        held=(number("Observation", SIMPLE), number("Observation", COMPONENTS)),
    )
    chosen = st.sampled_from((parameter("Observation", SIMPLE), combo, combo))
    pairs = st.tuples(tokens, quantities).map(lambda parts: CompositeValue(parts))
    some = st.builds(lambda one, values: Filter(one, tuple(values)), chosen, st.lists(pairs, min_size=1, max_size=2))
    absent = st.builds(
        lambda one, said: Filter(one, (TokenValue(None, said),), "missing"), chosen, st.sampled_from(("true", "false"))
    )
    return st.one_of(some, some, absent)


def _on(one: SearchParameter, *values: Value, modifier: str | None = None) -> Filter:
    return Filter(one, values, modifier)


SUBJECT, CODE = parameter("Observation", "subject"), parameter("Observation", "code")
OTHER_FILTERS = st.one_of(
    st.sampled_from("abA").map(lambda code: _on(beside(SUBJECT, IDENTIFIER, "token"), TokenValue("s1", code))),
    st.sampled_from("abA").map(lambda code: _on(beside(SUBJECT, OF_TYPE, "token"), TokenValue("t|mrn", code))),
    st.sampled_from(("a", "an", "bo")).map(lambda text: _on(beside(CODE, TEXT, "string"), StringValue(text, text))),
    st.builds(
        lambda url, way: _on(parameter("Observation", "performer"), ReferenceValue(None, "", url), modifier=way),
        st.sampled_from((*URLS, "http://elsewhere")),
        st.sampled_from((None, "below")),
    ),
    st.lists(st.sampled_from((("ann",), ("oth", "anna"), ("er",), ("zo",), ("bo", "anna"))), min_size=1, max_size=2).map(
        lambda asked: _on(
            replace(CODE, kind="string", held=(CODE.number + WORDED, CODE.number + TEXT)),
            *(WordsValue(one) for one in asked),
        )
    ),
    st.sampled_from(("a", "an", "bo", "other ann")).map(
        lambda text: _on(beside(CODE, TEXT, "string"), StringValue(text, text), modifier="text")
    ),
    st.sampled_from(("true", "false")).map(
        lambda said: _on(parameter("Observation", "performer"), TokenValue(None, said), modifier="missing")
    ),
)
PART = parameter("Location", "partof").number
LOCATIONS = tuple("abcde")
PARTS = st.builds(
    lambda id, way: Filter(
        parameter("Location", "partof"), (ReferenceValue("Location", id),), way, along=(("Location", PART),)
    ),
    st.sampled_from(LOCATIONS),
    st.sampled_from(("above", "below")),
)
PLACES = st.one_of(
    PARTS,
    st.sampled_from(("here", "http", "x/1")).map(
        lambda text: Filter(parameter("Location", "url"), (UriValue(text),), "contains")
    ),
    st.lists(st.sampled_from(LOCATIONS), min_size=1, max_size=2).map(
        lambda ids: Filter(parameter("Location", "_id"), tuple(TokenValue(None, id) for id in ids), "not")
    ),
)
NEAR = st.builds(
    lambda latitude, longitude, radius: Filter(parameter("Location", "near"), (NearValue(latitude, longitude, radius),)),
    st.sampled_from((0, 10_000, 88_990_000)),
    st.sampled_from((0, 179_995_000, -179_995_000, 5_000)),
    st.sampled_from((0, 2_000, 200_000, 20_000_000)),
)


SOMEBODY = st.sampled_from((("gender", "missing", "false"), ("name", "contains", "a"))).map(
    lambda asked: Filter(
        parameter("Patient", asked[0]),
        (TokenValue(None, "false"),) if asked[1] == "missing" else (StringValue(asked[2], asked[2]),),
        asked[1],
    )
)


def in_list(id: str) -> Filter:
    """`_list`."""
    by = _on(parameter("List", "_id"), TokenValue(None, id))
    return Filter(parameter("List", "item"), (), None, ("List", by), reverse=True)


def hops(on_patient: st.SearchStrategy[Filter], on_observation: st.SearchStrategy[Filter]) -> Any:
    """(on patients, on observations): along references and back, up to three deep."""
    ids = st.sampled_from(OBSERVATIONS).map(lambda id: Filter(parameter("Observation", "_id"), (TokenValue(None, id),)))
    # Ends that many meet: else hardly anything would hang on what lies between.
    present = st.sampled_from(("code", "subject", "date", "focus")).map(
        lambda code: Filter(parameter("Observation", code), (TokenValue(None, "false"),), "missing")
    )
    ends = st.one_of(present, present, ids, ids, on_observation)

    def back(source: str, code: str, inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        return inner.map(lambda one: Filter(parameter(source, code), (), None, (source, one), reverse=True))

    def along(code: str, type: str, inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        return inner.map(lambda one: Filter(parameter("Observation", code), (), None, (type, one)))

    def anywhere(code: str, *ways: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        """A chain that says no type: it leads to several, and one of them must hold."""
        return st.tuples(*ways).map(lambda led: Filter(parameter("Observation", code), (), either=led))

    listed = st.sampled_from(("l0", "l1")).map(in_list)
    somebody = st.one_of(SOMEBODY, on_patient)
    anyone = anywhere("focus", along("focus", "Patient", somebody), along("focus", "Observation", ends))
    patient_once = st.one_of(back("Observation", "subject", ends), back("Observation", "focus", ends), listed)
    observation_once = st.one_of(
        along("subject", "Patient", st.one_of(SOMEBODY, SOMEBODY, on_patient)),
        along("focus", "Observation", ends),
        back("Observation", "focus", ends),
        listed,
        anyone,
    )
    on_patients = st.one_of(
        patient_once, back("Observation", "subject", observation_once), back("Observation", "focus", observation_once)
    )
    on_observations = st.one_of(
        observation_once,
        along("subject", "Patient", patient_once),
        back("Observation", "focus", observation_once),
        along("focus", "Observation", back("Observation", "focus", observation_once)),
        anywhere("focus", along("focus", "Patient", patient_once), along("focus", "Observation", observation_once)),
    )
    return on_patients, on_observations


INCLUDES = st.lists(
    st.builds(
        Include,
        st.sampled_from(("Observation", "Observation", "List", "*")),
        st.sampled_from(("subject", "focus", "performer", "item", "*")),
        st.sampled_from((None, None, "Patient", "Observation")),
        st.booleans(),
        st.booleans(),
        st.frozensets(st.sampled_from(("Patient", "Observation")), max_size=1),
    )
    .filter(lambda one: one.source == "*" or (one.source == "List") is (one.parameter == "item") or one.parameter == "*")
    .map(lambda one: replace(one, parameter="*") if one.source == "*" else one),
    min_size=1,
    max_size=3,
).map(tuple)


def closure(saves: list[Save], query: Query, found: list[Save], seen: list[Save]) -> set[tuple[str, str]]:
    """What includes bring: the naive way, over all pairs of resources that may be seen."""
    there = {(one.type, one.id): one for one in seen}
    known = {(one.type, one.id) for one in found}
    frontier, asked, brought = set(known), query.includes, set[tuple[str, str]]()
    while frontier:
        fresh = {
            place
            for one in asked
            for place, far in _links(there, one, frontier)
            if place not in known | brought
            and place[0] not in one.without
            and (one.target in (None, place[0] if not one.reverse else far[0]))
        }
        brought |= fresh
        frontier, asked = fresh, tuple(one for one in query.includes if one.iterate)
    return brought


def _links(
    there: dict[tuple[str, str], Save], one: Include, frontier: set[tuple[str, str]]
) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """(what is brought, from where)."""
    pairs = []
    for place, save in there.items():
        for parameter_number, type, id in save.facts.references:
            if one.source in ("*", place[0]) and (one.parameter == "*" or parameter_number == number(place[0], one.parameter)):
                pairs.append((place, (type, id)))
    if one.reverse:
        return [(source, target) for source, target in pairs if target in frontier]
    return [(target, source) for source, target in pairs if source in frontier and target in there]
