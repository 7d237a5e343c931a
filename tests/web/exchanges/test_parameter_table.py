"""Properties of the marks: without them, the received and the expected text remain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.web.exchanges.code_samples import RequestParts
from sickbay.web.exchanges.parameter_table import compare_parameters, mark_differences
from sickbay.web.pages.parts import TextPiece

WORDS = st.text(alphabet="abc/:,. +%&=ü", max_size=40)


def text(pieces: tuple[TextPiece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


@given(WORDS, WORDS)
def test_joining_the_pieces_gives_the_received_and_the_expected_text(received: str, expected: str) -> None:
    marked = mark_differences(received, expected)
    assert text(marked.received) == received
    assert text(marked.expected) == expected


@given(WORDS, WORDS)
def test_something_is_marked_exactly_if_the_texts_differ(received: str, expected: str) -> None:
    marked = mark_differences(received, expected)
    kinds = {piece.kind for piece in marked.received + marked.expected} - {""}
    assert bool(kinds) == (received != expected)
    assert {piece.kind for piece in marked.received} <= {"", "bad"}
    assert {piece.kind for piece in marked.expected} <= {"", "good", "cut"}


@given(WORDS, WORDS)
def test_unmarked_text_is_the_same_on_both_sides(received: str, expected: str) -> None:
    marked = mark_differences(received, expected)
    same = [[piece.text for piece in side if not piece.kind] for side in (marked.received, marked.expected)]
    assert "".join(same[0]) == "".join(same[1])


@given(st.text(max_size=30))
def test_equal_texts_are_not_marked(value: str) -> None:
    assert all(not piece.kind for piece in mark_differences(value, value).received)


@pytest.mark.parametrize(
    ("received", "expected", "bad", "good"),
    [
        ("patient/Patient.read,launch", "patient/Patient.read launch", [","], [" "]),
        ("http://a/callback/", "http://a/callback", ["/"], [""]),
        ("http://localhost:8100/", "kX7mQ2vTn9RbW4cJ8sLzHd", ["http://localhost:8100/"], ["kX7mQ2vTn9RbW4cJ8sLzHd"]),
        ("", "Zk3v", [], ["Zk3v"]),
    ],
)
def test_the_smallest_difference_is_marked(received: str, expected: str, bad: list[str], good: list[str]) -> None:
    marked = mark_differences(received, expected)
    assert [piece.text for piece in marked.received if piece.kind] == bad
    assert [piece.text for piece in marked.expected if piece.kind] == good


def test_a_warning_is_marked_differently_from_an_error() -> None:
    assert {piece.kind for piece in mark_differences("a/", "a", "slip").received} == {"", "slip"}


def test_a_punctuation_character_has_a_spoken_name() -> None:
    assert [piece.spoken for piece in mark_differences("aaaa,b", "aaaa b").received if piece.kind] == ["comma"]


@pytest.mark.parametrize("address", ["", "https://ehr.example.org/authorize"])
def test_what_a_text_says_was_sent_is_shown_if_there_is_no_request(address: str) -> None:
    facts = {"received": "https://a.example/cb/", "expected": "https://a.example/cb"}
    finding = {"id": "redirect-uri-trailing-slash", "severity": "error", "facts": facts}
    (row,) = compare_parameters(RequestParts("GET", address), None, [(1, finding)], {})
    assert row.expected is not None
    assert text(row.expected) == "https://a.example/cb"
    assert (text(row.received) if row.received else None) == (None if address else "https://a.example/cb/")


@pytest.mark.parametrize(
    ("instead", "suggestion", "expected", "note"),
    [
        ([["category", "laboratory"]], "category=laboratory", "laboratory", ""),
        ([["category:text", "lab"]], "category:text=lab", "category:text=lab", ""),
        ([["category", "a"], ["category", "b"]], "category=a&category=b", "a + b", ""),
        ([], "category=laboratory", "", "such as category=laboratory"),
        ([], "", "", ""),
    ],
)
def test_an_empty_search_has_an_expected_value_wherever_one_is_known(
    instead: list[list[str]], suggestion: str, expected: str, note: str
) -> None:
    facts = {"parameter": "category", "received": "lab", "instead": instead, "suggestion": suggestion}
    finding = {"id": "fhir-search-value-absent", "severity": "warning", "facts": facts}
    request = RequestParts("GET", "http://localhost/Observation", (("category", "lab"), ("patient", "p-0001")))
    right = tuple((name, value) for name, value in instead) or (("category", "lab"),)
    corrected = RequestParts("GET", request.address, (*right, ("patient", "p-0001"))) if instead else None
    rows = compare_parameters(request, corrected, [(1, finding)], {})
    assert [row.name for row in rows] == ["category", "patient"]
    assert (text(rows[0].expected or ()), rows[0].note) == (expected, note)
    assert rows[0].has_expectation == bool(expected or note)


def test_a_parameter_to_leave_out_has_the_number_of_its_advice() -> None:
    request = RequestParts("POST", "http://a/token", form=(("client_id", "app"), ("code", "x")))
    corrected = RequestParts("POST", "http://a/token", form=(("code", "x"),))
    facts = {"received": "app", "expected": "app"}
    advice = {"id": "client-id-duplicated", "parameter": "client_id", "severity": "info", "facts": facts}
    row = compare_parameters(request, corrected, [(2, advice)], {})[0]
    assert (row.name, row.number, row.kind, row.expected, row.has_expectation) == ("client_id", 2, "advice", (), True)


@pytest.mark.parametrize(
    ("method", "name", "form"),
    [("client_secret_basic", "Authorization", ()), ("client_secret_post", "client_secret", (("client_secret", "abcd…(9)"),))],
)
def test_a_wrong_secret_has_a_row_where_it_was_sent(method: str, name: str, form: tuple[tuple[str, str], ...]) -> None:
    header = {} if form else {"authorization": "Basic …(16)"}
    placeholders = {"Authorization": "Basic BASE64-OF-YOUR-ID-AND-SECRET", "client_secret": "YOUR-SECRET"}
    right = ((name, placeholders[name]),)
    corrected = RequestParts("POST", "http://a/token", form=right if form else (), headers=() if form else right)
    wrong = {"id": "client-secret-wrong", "severity": "error", "facts": {"received": method}}
    row = compare_parameters(RequestParts("POST", "http://a/token", form=form), corrected, [(1, wrong)], header)[0]
    assert (row.name, row.number, row.kind, row.note) == (name, 1, "refused", "the registered secret")
    assert text(row.received or ()) == (header or dict(form)).popitem()[1]


def test_an_error_response_says_nothing_about_the_parameters_of_its_request() -> None:
    response = RequestParts("GET", "http://a/cb", query=(("error", "access_denied"),))
    named = {"id": "scope-patient-without-context", "severity": "error", "facts": {"told": "missing-patient"}}
    assert [row.name for row in compare_parameters(response, None, [(1, named)], {})] == ["error"]


def test_a_name_that_is_not_recorded_is_described_in_words() -> None:
    parts = RequestParts("GET", "/general/oauth/authorize", (("‹name of 1 character›", "‹2 characters›"), ("state", "x")))
    assert [row.name for row in compare_parameters(parts, None, (), {})] == [
        "a parameter whose name isn’t recorded (1 character)",
        "state",
    ]
