"""Parsing of conditional headers and Prefer."""

from __future__ import annotations

import pytest

from sickbay.fhir.preconditions import extract_criteria, is_unmodified, make_etag, matches_version, read_handling, read_return

AT = "Wed, 25 Nov 2026 01:35:05 GMT"


@pytest.mark.parametrize(
    ("header", "current", "expected"),
    [
        ("*", 3, True),
        ('W/"3"', 3, True),
        ('"3"', 3, True),
        ("3", 3, True),
        ('W/"3", W/"4"', 4, True),
        (" * ", 1, True),
        ('W/"2"', 3, False),
        ("x", 3, False),
        ("", 3, False),
        ('W/"٣"', 3, False),
        ("*", None, False),
        ('W/"3"', None, False),
    ],
)
def test_a_header_matches_the_current_version(header: str, current: int | None, expected: bool) -> None:
    assert matches_version(header, current) == expected


def test_an_etag_matches_its_own_version() -> None:
    assert matches_version(make_etag(17), 17)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, False),
        (AT, True),
        ("Wed, 25 Nov 2026 01:35:06 GMT", True),
        ("Wed, 25 Nov 2026 01:35:04 GMT", False),
        ("Wednesday, 25-Nov-26 01:35:05 GMT", True),
        ("2026-11-25T01:35:05.900Z", True),
        ("2026-11-25T01:35:04Z", False),
        ("2026-11-25T02:35:05+01:00", True),
        ("yesterday", False),
        ("", False),
        ("Wed, 99 Nov 2026 01:35:05 GMT", False),
    ],
)
def test_a_resource_that_was_not_modified_since_is_recognised(sent: str | None, expected: bool) -> None:
    assert is_unmodified(sent, AT) is expected


@pytest.mark.parametrize(
    "sent",
    [
        "identifier=a|b",
        "?identifier=a|b",
        "Patient?identifier=a|b",
        "http://localhost:7425/general/r4/Patient?identifier=a|b",
    ],
)
def test_a_condition_may_be_sent_with_or_without_its_url(sent: str) -> None:
    assert extract_criteria(sent, "Patient") == "identifier=a|b"


def test_a_condition_of_another_type_is_unchanged() -> None:
    assert extract_criteria("Observation?code=1", "Patient") == "Observation?code=1"
    assert extract_criteria("url=http://h/Patient?x", "Patient") == "url=http://h/Patient?x"


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        (None, None),
        ("respond-async", None),
        ("return=minimal", "minimal"),
        ('handling=strict, return="representation"', "representation"),
        ("return = OperationOutcome", "OperationOutcome"),
        ("return=everything", None),
        ("Return=Minimal", "minimal"),
        ("return=operationoutcome;x=1", "OperationOutcome"),
        ("x-return=minimal", None),
        ("return=x, return=minimal", None),
    ],
)
def test_the_return_preference_is_parsed(prefer: str | None, expected: str | None) -> None:
    assert read_return(prefer) == expected


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        (None, None),
        ("handling=strict", "strict"),
        ("return=minimal,handling=lenient", "lenient"),
        ("Handling = Strict", "strict"),
        ('respond-async; handling="strict"', "strict"),
        ("handling=loose", None),
        ("mishandling=strict", None),
    ],
)
def test_the_handling_preference_is_parsed(prefer: str | None, expected: str | None) -> None:
    assert read_handling(prefer) == expected
