"""Words: every text of a resource is found by each of its words, and what is asked is read as it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fhir.examples import examples

from sickbay.fhir.search.full_text import ALTERNATIVES, ASKED, LENGTH, TooMuch, content, narrative, pieces
from sickbay.fhir.search.full_text import asked as read
from sickbay.fhir.search.index import extract
from sickbay.fhir.search.matching import IndexedResource, matches
from sickbay.fhir.search.parser import parse, parse_several
from sickbay.fhir.search.query import Query

BASE = "http://h/general/r4"
WORDS = st.lists(st.text("abcä-,.( Ω1", min_size=1, max_size=9), max_size=60).map(" ".join)


def asked(*texts: str) -> list[tuple[str, ...]] | None:
    held = read(texts)
    return None if isinstance(held, str) else [one.words for one in held]


def found(version: str, resource: dict[str, Any], name: str, text: str) -> bool:
    query = parse(version, resource["resourceType"], [(name, text)], base=BASE)
    assert isinstance(query, Query), query
    return matches(query, IndexedResource("x", 0, extract(version, resource, BASE)))


@given(text=WORDS)
def test_pieces_hold_every_word_and_fit(text: str) -> None:
    held = pieces(text)
    assert all(0 < len(one) <= LENGTH for one in held)
    assert " ".join(held).split() == pieces_of(text)


def pieces_of(text: str) -> list[str]:
    query = asked(text.replace("(", " "))
    words = [word for one in text.split() for word in " ".join(pieces(one)).split()]
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
    assert asked(text) == alternatives


@pytest.mark.parametrize("text", ["", "(", "a)", "a OR", "OR a", "AND", "()", '"a b"', "NOT a", "..."])
def test_what_can_t_be_read_is_none(text: str) -> None:
    assert asked(text) is None


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
def test_a_search_has_so_many_words_and_no_more(texts: list[str]) -> None:
    with pytest.raises(TooMuch):
        asked(*texts)
    refused = parse("r4", "Patient", [("_content", ",".join(texts))], base=BASE)
    assert isinstance(refused, tuple)
    assert refused[0].rule == "fhir-search-too-complex"


def test_all_words_of_a_search_count_together_and_of_several_types_a_tenth_of_them() -> None:
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
    assert isinstance(parse_several("r4", ("Patient", "Group"), [("_content", few)], base=BASE), Query)
    assert not isinstance(parse_several("r4", ("Patient", "Group"), [("_content", f"{few} g")], base=BASE), Query)


def test_what_is_just_not_too_much_is_read() -> None:
    assert asked(" ".join(["(a OR b)"] * 4)) is not None
    assert asked(" ".join(f"w{number}" for number in range(ASKED))) is not None
    assert asked("(" * 30 + "a" + ")" * 30) is None


@given(text=st.text('()aA OR ND"', max_size=30))
def test_no_text_is_too_odd(text: str) -> None:
    held = asked(text)
    assert held is None or all(held)


def test_a_narrative_is_its_text_alone() -> None:
    assert narrative({"div": "<div class='x'>A<br/>b &lt; c&nbsp;d</div>"}) == ["a b c d"]
    assert narrative({"div": 1}) == narrative("x") == narrative({}) == []


def test_what_the_index_keeps_anyway_is_not_kept_twice() -> None:
    code = {"text": "Heart rate", "coding": [{"display": "Heart rate"}]}
    one = {"resourceType": "Observation", "code": code, "note": [{"text": "Heart rate"}, {"text": "At rest"}]}
    assert content("r4", one, [(1, "heart rate", "Heart rate")]) == ["at rest"]
    assert not content("r4", {"resourceType": "Observation", "code": code, "status": "final"}, [])


def test_what_the_index_keeps_badly_is_kept_in_words() -> None:
    """Too long for a row, or with a word after a sign that the search does not take for a space."""
    long = "word " * 40 + "end"
    one = {
        "resourceType": "Observation",
        "code": {"text": "See http://docs.example"},
        "valueString": long,
        "_status": {"extension": [{"url": "http://x", "valueString": "Doubtful"}]},
    }
    for word in ("docs", "end", "doubtful", "see"):
        assert found("r4", one, "_content", word)


def test_a_contained_resource_is_not_looked_into() -> None:
    one = {"resourceType": "Observation", "contained": [{"resourceType": "Patient", "name": [{"family": "Bravo"}]}]}
    assert not found("r4", one, "_content", "bravo")


@pytest.mark.parametrize("version", ["r4", "dstu2", "stu3"])
def test_each_text_of_the_published_examples_is_found(version: str, shared: Path) -> None:
    """Displays, texts, narratives, notes: by their longest word."""
    looked = 0
    for resource in examples(shared, version):
        for text in (*_texts(resource, "display"), *_texts(resource, "text")):
            words = sorted(" ".join(pieces(text)).split(), key=len)
            if words:
                looked += 1
                assert found(version, resource, "_content", words[-1]), (
                    resource["resourceType"],
                    resource.get("id"),
                    text,
                )
    assert looked > 400


APART = ("contained", "meta", "identifier", "Identifier", "resource", "outcome", "signature")
"""Other resources, and what is looked for by its code."""


def _texts(node: Any, wanted: str) -> list[str]:
    """Of codings and concepts, wherever they stand."""
    if isinstance(node, list):
        return [text for one in node for text in _texts(one, wanted)]
    if not isinstance(node, dict):
        return []
    own = [node[wanted]] if wanted in node and isinstance(node[wanted], str) and _is_concept(node) else []
    return own + [text for key, one in node.items() if not key.endswith(APART) for text in _texts(one, wanted)]


def _is_concept(node: dict[str, Any]) -> bool:
    return "coding" in node or ("code" in node and "system" in node and "display" in node)


def test_what_is_no_narrative_is_read_as_fast_as_it_is_long() -> None:
    """An end is looked for from each beginning, and no further than to the next."""
    assert narrative({"div": "<" * 500_000 + "a"}) == ["a"]
