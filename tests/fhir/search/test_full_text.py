"""Full-text search: every word of a resource's text is found, and expressions are parsed as written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fhir.examples import examples

from sickbay.fhir.search.full_text import (
    ALTERNATIVES,
    ASKED,
    PIECE_CHARACTERS,
    TooMuch,
    extract_content,
    extract_narrative,
    indexed_elements,
    parse_words,
    split_text,
)
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.matching import IndexedResource, is_match
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Query
from sickbay.fhir.search.routes import parse_multi_type_search

BASE = "http://h/general/r4"
WORDS = st.lists(st.text("abcä-,.( Ω1", min_size=1, max_size=9), max_size=60).map(" ".join)


def words_of(*texts: str) -> list[tuple[str, ...]] | None:
    alternatives = parse_words(texts)
    return None if isinstance(alternatives, str) else [alternative.words for alternative in alternatives]


def is_found(version: str, resource: dict[str, Any], name: str, text: str) -> bool:
    query = parse(version, resource["resourceType"], [(name, text)], base=BASE)
    assert isinstance(query, Query), query
    return is_match(query, IndexedResource("x", 0, extract_entries(version, resource, BASE)))


@given(text=WORDS)
def test_pieces_contain_every_word_and_fit_into_a_row(text: str) -> None:
    texts = split_text(text)
    assert all(0 < len(piece) <= PIECE_CHARACTERS for piece in texts)
    assert " ".join(texts).split() == pieces_of(text)


def pieces_of(text: str) -> list[str]:
    query = words_of(text.replace("(", " "))
    words = [word for part in text.split() for word in " ".join(split_text(part)).split()]
    assert query is None or set(query[0]) == set(words)
    return words


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("bone", [("bone",)]),
        ("Bone Marrow", [("bone", "marrow")]),
        ("(bone OR liver) and metastases", [("bone", "metastases"), ("liver", "metastases")]),
        ("a or b c", [("a",), ("b", "c")]),
        ("Covid-19", [("covid", "19")]),
        ("((a))", [("a",)]),
    ],
)
def test_words_are_joined_by_and_and_or(text: str, alternatives: list[tuple[str, ...]]) -> None:
    assert words_of(text) == alternatives


@pytest.mark.parametrize("text", ["", "(", "a)", "a OR", "OR a", "AND", "()", '"a b"', "NOT a", "..."])
def test_an_invalid_expression_is_refused(text: str) -> None:
    assert words_of(text) is None


@pytest.mark.parametrize(
    "texts",
    [
        [" ".join(["(a OR b)"] * 5)],
        [" OR ".join("a" * (ALTERNATIVES + 1))],
        ["a"] * (ALTERNATIVES + 1),
        [" ".join(f"w{number}" for number in range(ASKED + 1))],
        ["( " * 100_000],
        ["a " * 500_000],
    ],
)
def test_a_search_with_too_many_words_is_refused(texts: list[str]) -> None:
    with pytest.raises(TooMuch):
        words_of(*texts)
    refused = parse("r4", "Patient", [("_content", ",".join(texts))], base=BASE)
    assert isinstance(refused, tuple)
    assert refused[0].rule == "fhir-search-too-complex"


def test_the_limit_applies_to_all_words_of_a_search_and_a_tenth_of_it_to_searches_of_several_types() -> None:
    many = " ".join(f"w{number}" for number in range(ASKED // 2))
    for pairs in (
        [("_content", many)] * 3,
        [("_text", many), ("general-practitioner:Practitioner._content", f"{many} x")],
    ):
        refused = parse("r4", "Patient", pairs, base=BASE)
        assert isinstance(refused, tuple)
        assert refused[0].rule == "fhir-search-too-complex"
    assert isinstance(parse("r4", "Patient", [("_content", many), ("_text", many)], base=BASE), Query)
    few = " ".join("abcdef")
    assert isinstance(parse_multi_type_search("r4", ("Patient", "Group"), [("_content", few)], base=BASE), Query)
    assert not isinstance(parse_multi_type_search("r4", ("Patient", "Group"), [("_content", f"{few} g")], base=BASE), Query)


def test_a_search_just_below_the_limit_is_parsed() -> None:
    assert words_of(" ".join(["(a OR b)"] * 4)) is not None
    assert words_of(" ".join(f"w{number}" for number in range(ASKED))) is not None
    assert words_of("(" * 30 + "a" + ")" * 30) is None


@given(text=st.text('()aA OR ND"', max_size=30))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    alternatives = words_of(text)
    assert alternatives is None or all(alternatives)


def test_a_narrative_is_reduced_to_its_text() -> None:
    assert extract_narrative({"div": "<div class='x'>A<br/>b &lt; c&nbsp;d</div>"}) == ["a b c d"]
    assert extract_narrative({"div": 1}) == extract_narrative("x") == extract_narrative({}) == []


def test_text_that_another_parameter_indexes_is_not_indexed_again() -> None:
    code = {"text": "Heart rate", "coding": [{"display": "Heart rate"}]}
    observation = {"resourceType": "Observation", "code": code, "note": [{"text": "Heart rate"}, {"text": "At rest"}]}
    assert indexed_elements("r4", "Observation") & {"code", "note", "_status"} == {"code"}
    assert extract_content("r4", observation, ["note"], [(1, "heart rate", "Heart rate")]) == ["at rest"]
    assert not extract_content("r4", observation, [], [])


def test_text_that_another_parameter_indexes_incompletely_is_indexed_in_words() -> None:
    """For example, text that is too long for a row, or a word after a character that a search doesn't treat as a space."""
    long = "word " * 40 + "end"
    observation = {
        "resourceType": "Observation",
        "code": {"text": "See http://docs.example"},
        "valueString": long,
        "_status": {"extension": [{"url": "http://x", "valueString": "Doubtful"}]},
    }
    for word in ("docs", "end", "doubtful", "see"):
        assert is_found("r4", observation, "_content", word)


def test_contained_resources_are_not_searched() -> None:
    observation = {"resourceType": "Observation", "contained": [{"resourceType": "Patient", "name": [{"family": "Bravo"}]}]}
    assert not is_found("r4", observation, "_content", "bravo")


@pytest.mark.parametrize("version", ["r4", "dstu2", "stu3"])
def test_each_text_of_the_published_examples_is_found(version: str, shared: Path) -> None:
    """Searches displays, texts, narratives and notes by their longest word."""
    searched = 0
    for resource in examples(shared, version):
        for text in (*_texts(resource, "display"), *_texts(resource, "text")):
            words = sorted(" ".join(split_text(text)).split(), key=len)
            if words:
                searched += 1
                assert is_found(version, resource, "_content", words[-1]), (
                    resource["resourceType"],
                    resource.get("id"),
                    text,
                )
    assert searched > 400


APART = ("contained", "meta", "identifier", "Identifier", "resource", "outcome", "signature")
"""Elements with other resources, and elements that are searched by code."""


def _texts(node: Any, wanted: str) -> list[str]:
    """Returns the texts of all codings and concepts in the node."""
    if isinstance(node, list):
        return [text for item in node for text in _texts(item, wanted)]
    if not isinstance(node, dict):
        return []
    own = [node[wanted]] if wanted in node and isinstance(node[wanted], str) and _is_concept(node) else []
    return own + [text for key, member in node.items() if not key.endswith(APART) for text in _texts(member, wanted)]


def _is_concept(node: dict[str, Any]) -> bool:
    return "coding" in node or ("code" in node and "system" in node and "display" in node)


def test_reading_an_invalid_narrative_takes_time_proportional_to_its_length() -> None:
    """The end of a tag is searched only up to the next beginning."""
    assert extract_narrative({"div": "<" * 500_000 + "a"}) == ["a"]


def test_a_narrative_may_contain_a_number_that_is_no_character() -> None:
    assert extract_narrative({"div": f"<div>before &#{'9' * 5000}; after</div>"}) == ["before after"]
