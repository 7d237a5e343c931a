"""Which media type is answered with."""

from __future__ import annotations

import pytest

from sickbay.fhir.media import negotiate, writes

R4, DSTU2 = "application/fhir+json;charset=utf-8", "application/json+fhir;charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "format", "generic"),
    [
        (None, None, True),
        ("", None, True),
        ("*/*", None, True),
        ("application/json", None, True),
        ("text/html, application/fhir+json;q=0.5", None, False),
        ("application/fhir+json; fhirVersion=4.0", None, False),
        ("APPLICATION/FHIR+JSON", None, False),
        ("text/html", "json", True),
        ("text/html", "application/fhir+json", False),
        ("text/html", "application/fhir json", False),
    ],
)
def test_r4_json_is_given(accept: str | None, format: str | None, generic: bool) -> None:
    found = negotiate("r4", accept, format)
    assert (found.content_type, found.generic) == (R4, generic)


def test_dstu2_has_its_own_type() -> None:
    assert negotiate("dstu2", "application/json+fhir").content_type == DSTU2
    assert negotiate("dstu2", None).content_type == DSTU2


@pytest.mark.parametrize("accept", ["text/html", "application/fhir+xml", "application/fhir+json;q=0", "nonsense"])
def test_what_we_cannot_give_is_not_acceptable(accept: str) -> None:
    assert negotiate("r4", accept).content_type is None


def test_the_type_of_another_version_is_recognised_as_such() -> None:
    assert negotiate("r4", "application/json+fhir").known_elsewhere == "dstu2"
    assert negotiate("dstu2", "application/fhir+json").known_elsewhere == "r4"


def test_a_body_is_written_in_the_type_of_the_version_or_in_plain_json() -> None:
    assert writes("r4", "application/fhir+json; charset=utf-8")
    assert writes("dstu2", "application/json")
    assert not writes("r4", "application/json+fhir")
