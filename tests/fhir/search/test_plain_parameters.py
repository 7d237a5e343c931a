"""A plain parameter has the same result as if its name were read by steps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import examples

from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.parameters import load_parameters
from sickbay.fhir.search.parser import find_plain
from sickbay.fhir.search.routes import _find_named_types, find_types

BASE = "http://localhost:7425/general/r4"
VERSIONS = ("dstu2", "stu3", "r4", "r5")
TYPES = ("Patient", "Observation", "Condition", "Location", "Questionnaire")
VALUES = st.sampled_from(
    (
        *("a", "A,b", "", ",", "p-1", "Patient/p-1", "Patient/p-1,Patient/p-2", "http://a.example/b", "s|c", "|c", "s|", "|"),
        *("ge2020", "2020-01-01", "2020-13", "gt5.4", "5|u|c", "undefined", "a$b", r"a\,b", "true", "1|2|3|km"),
        *("bone AND liver", "x" * 70),
    )
)
ODD = ("_format", "_pretty", "_count", "_sort", "_has:Observation:patient:code", "_list", "_in", "_text", "_content", "_filter")
MORE = (
    "_type",
    "_contained",
    "nonsense",
    "patient.name",
    "subject:Patient.name",
    "name:exact",
    "code:50",
    "near",
    "near-distance",
)


@st.composite
def searches(draw: st.DrawFn) -> tuple[str, str, list[tuple[str, str]]]:
    version, type = draw(st.sampled_from(VERSIONS)), draw(st.sampled_from(TYPES))
    names = st.sampled_from((*load_parameters(version, type), *ODD, *MORE))
    return version, type, draw(st.lists(st.tuples(names, VALUES), max_size=4))


def by_steps(version: str, type: str, pairs: list[tuple[str, str]], strict: bool) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_parser, "find_plain", lambda *_: None)
        return search_parser._parse_query(version, type, pairs, BASE, strict)


@settings(max_examples=examples(1500), deadline=None)
@given(search=searches(), strict=st.booleans())
def test_a_search_has_the_same_result_with_and_by_steps(search: tuple[str, str, list[tuple[str, str]]], strict: bool) -> None:
    assert search_parser._parse_query(*search, BASE, strict) == by_steps(*search, strict)


def test_a_name_with_a_modifier_a_chain_or_another_meaning_is_not_plain() -> None:
    known = {
        name: find_plain("r4", "Observation", name) is not None for name in ("patient", "category", "date", "_id", *ODD, *MORE)
    }
    assert {name for name, is_plain in known.items() if is_plain} == {"patient", "category", "date", "_id", "_text", "_content"}


@settings(max_examples=examples(500), deadline=None)
@given(
    version=st.sampled_from(VERSIONS),
    type=st.sampled_from((None, *TYPES)),
    pairs=st.lists(
        st.tuples(
            st.sampled_from(
                (
                    "patient",
                    "_has:Observation:patient:code",
                    "_list",
                    "_in",
                    "_type",
                    "_include",
                    "_revinclude:iterate",
                    "subject:Patient.name",
                    "patient.name",
                )
            ),
            st.sampled_from(("p-1", "Group/1", "Patient", "Observation:patient", "Observation:subject:Patient", "*", "")),
        ),
        max_size=3,
    ),
)
def test_the_types_in_a_search_depend_only_on_the_values_that_name_types(
    version: str, type: str | None, pairs: list[tuple[str, str]]
) -> None:
    assert find_types(version, type, pairs) == _find_named_types(version, type, pairs)
