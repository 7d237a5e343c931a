"""Strategies for searches beyond one index: composites, chains both ways, lists, positions, identifiers, several types."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace
from tests.storage.making import number, parameter
from tests.storage.random_data import OBSERVATIONS, PAIRS, URLS, WORDED

from sickbay.fhir.search.parameters import IDENTIFIER, OF_TYPE, TEXT, SearchParameter, add_offset
from sickbay.fhir.search.query import (
    CompositeValue,
    Filter,
    Include,
    NearValue,
    Query,
    ReferenceValue,
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
    present = st.builds(
        lambda search_parameter, values: Filter(search_parameter, tuple(values)),
        chosen,
        st.lists(pairs, min_size=1, max_size=2),
    )
    absent = st.builds(
        lambda search_parameter, is_missing: Filter(search_parameter, (TokenValue(None, is_missing),), "missing"),
        chosen,
        st.sampled_from(("true", "false")),
    )
    return st.one_of(present, present, absent)


def _on(search_parameter: SearchParameter, *values: Value, modifier: str | None = None) -> Filter:
    return Filter(search_parameter, values, modifier)


SUBJECT, CODE = parameter("Observation", "subject"), parameter("Observation", "code")
OTHER_FILTERS = st.one_of(
    st.sampled_from("abA").map(lambda code: _on(add_offset(SUBJECT, IDENTIFIER, "token"), TokenValue("s1", code))),
    st.sampled_from("abA").map(lambda code: _on(add_offset(SUBJECT, OF_TYPE, "token"), TokenValue("t|mrn", code))),
    st.sampled_from(("a", "an", "bo")).map(lambda text: _on(add_offset(CODE, TEXT, "string"), StringValue(text, text))),
    st.builds(
        lambda url, modifier: _on(parameter("Observation", "performer"), ReferenceValue(None, "", url), modifier=modifier),
        st.sampled_from((*URLS, "http://elsewhere")),
        st.sampled_from((None, "below")),
    ),
    st.lists(st.sampled_from((("ann",), ("oth", "anna"), ("er",), ("zo",), ("bo", "anna"))), min_size=1, max_size=2).map(
        lambda alternatives: _on(
            replace(CODE, kind="string", held=(CODE.number + WORDED, CODE.number + TEXT)),
            *(WordsValue(words) for words in alternatives),
        )
    ),
    st.sampled_from(("a", "an", "bo", "other ann")).map(
        lambda text: _on(add_offset(CODE, TEXT, "string"), StringValue(text, text), modifier="text")
    ),
    st.sampled_from(("true", "false")).map(
        lambda is_missing: _on(parameter("Observation", "performer"), TokenValue(None, is_missing), modifier="missing")
    ),
)
PART = parameter("Location", "partof").number
LOCATIONS = tuple("abcde")
PARTS = st.builds(
    lambda id, modifier: Filter(
        parameter("Location", "partof"), (ReferenceValue("Location", id),), modifier, along=(("Location", PART),)
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


PATIENT_FILTERS = st.sampled_from((("gender", "missing", "false"), ("name", "contains", "a"))).map(
    lambda comparison: Filter(
        parameter("Patient", comparison[0]),
        (TokenValue(None, "false"),) if comparison[1] == "missing" else (StringValue(comparison[2], comparison[2]),),
        comparison[1],
    )
)


def in_list(id: str) -> Filter:
    """Return a filter for `_list`."""
    by = _on(parameter("List", "_id"), TokenValue(None, id))
    return Filter(parameter("List", "item"), (), None, ("List", by), reverse=True)


def hops(on_patient: st.SearchStrategy[Filter], on_observation: st.SearchStrategy[Filter]) -> Any:
    """Return strategies (on patients, on observations) for filters that follow references both ways, up to three deep."""
    ids = st.sampled_from(OBSERVATIONS).map(lambda id: Filter(parameter("Observation", "_id"), (TokenValue(None, id),)))
    # These conditions match many resources; otherwise hardly any chain would have results.
    present = st.sampled_from(("code", "subject", "date", "focus")).map(
        lambda code: Filter(parameter("Observation", code), (TokenValue(None, "false"),), "missing")
    )
    ends = st.one_of(present, present, ids, ids, on_observation)

    def back(source: str, code: str, inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        return inner.map(lambda filter: Filter(parameter(source, code), (), None, (source, filter), reverse=True))

    def along(code: str, type: str, inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        return inner.map(lambda filter: Filter(parameter("Observation", code), (), None, (type, filter)))

    def any_type(code: str, *alternatives: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        """Chain without a type: it leads to several types, and a match in any of them is enough."""
        return st.tuples(*alternatives).map(lambda chains: Filter(parameter("Observation", code), (), either=chains))

    listed = st.sampled_from(("l0", "l1")).map(in_list)
    patient_conditions = st.one_of(PATIENT_FILTERS, on_patient)
    focus_of_any_type = any_type("focus", along("focus", "Patient", patient_conditions), along("focus", "Observation", ends))
    patient_once = st.one_of(back("Observation", "subject", ends), back("Observation", "focus", ends), listed)
    observation_once = st.one_of(
        along("subject", "Patient", st.one_of(PATIENT_FILTERS, PATIENT_FILTERS, on_patient)),
        along("focus", "Observation", ends),
        back("Observation", "focus", ends),
        listed,
        focus_of_any_type,
    )
    on_patients = st.one_of(
        patient_once, back("Observation", "subject", observation_once), back("Observation", "focus", observation_once)
    )
    on_observations = st.one_of(
        observation_once,
        along("subject", "Patient", patient_once),
        back("Observation", "focus", observation_once),
        along("focus", "Observation", back("Observation", "focus", observation_once)),
        any_type("focus", along("focus", "Patient", patient_once), along("focus", "Observation", observation_once)),
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
    .filter(
        lambda include: (
            include.source == "*" or (include.source == "List") is (include.parameter == "item") or include.parameter == "*"
        )
    )
    .map(lambda include: replace(include, parameter="*") if include.source == "*" else include),
    min_size=1,
    max_size=3,
).map(tuple)


def closure(saves: list[Save], query: Query, matches: list[Save], visible: list[Save]) -> set[tuple[str, str]]:
    """Return the included resources by checking all pairs of visible resources."""
    resources = {(save.type, save.id): save for save in visible}
    match_keys = {(save.type, save.id) for save in matches}
    frontier, pending, included = set(match_keys), query.includes, set[tuple[str, str]]()
    while frontier:
        fresh = {
            key
            for include in pending
            for key, origin in _links(resources, include, frontier)
            if key not in match_keys | included
            and key[0] not in include.without
            and (include.target in (None, key[0] if not include.reverse else origin[0]))
        }
        included |= fresh
        frontier, pending = fresh, tuple(include for include in query.includes if include.iterate)
    return included


def _links(
    resources: dict[tuple[str, str], Save], include: Include, frontier: set[tuple[str, str]]
) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Return pairs of (included resource, its origin)."""
    pairs = []
    for key, save in resources.items():
        for parameter_number, type, id in save.facts.references:
            if include.source in ("*", key[0]) and (
                include.parameter == "*" or parameter_number == number(key[0], include.parameter)
            ):
                pairs.append((key, (type, id)))
    if include.reverse:
        return [(source, target) for source, target in pairs if target in frontier]
    return [(target, source) for source, target in pairs if source in frontier and target in resources]
