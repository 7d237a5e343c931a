"""The media type of a response."""

from __future__ import annotations

import pytest

from sickbay.fhir.media import body_kind, negotiate

R4, DSTU2 = "application/fhir+json;charset=utf-8", "application/json+fhir;charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        (None, None),
        ("", None),
        ("*/*", None),
        ("application/json", None),
        ("text/html, application/fhir+json;q=0.5", None),
        ("application/fhir+json; fhirVersion=4.0", None),
        ("APPLICATION/FHIR+JSON", None),
        ("text/html", "json"),
        ("text/html", "application/fhir+json"),
        ("text/html", "application/fhir json"),
    ],
)
def test_r4_json_is_chosen(accept: str | None, format: str | None) -> None:
    assert negotiate("r4", accept, format).content_type == R4


def test_dstu2_has_its_own_media_type() -> None:
    assert negotiate("dstu2", "application/json+fhir", None).content_type == DSTU2
    assert negotiate("dstu2", None, None).content_type == DSTU2


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/xml+fhir",
        "application/fhir+json;q=0",
        "application/fhir+json; fhirVersion=3.0",
        "nonsense",
    ],
)
def test_an_unsupported_media_type_is_not_acceptable(accept: str) -> None:
    assert negotiate("r4", accept, None).content_type is None


def test_the_media_type_of_another_version_is_not_acceptable() -> None:
    assert negotiate("r4", "application/json+fhir", None).content_type is None
    assert negotiate("dstu2", "application/fhir+json", None).content_type is None


def test_a_body_may_have_the_media_type_of_the_version_or_plain_json() -> None:
    assert body_kind("r4", "application/fhir+json; charset=utf-8") == "json"
    assert body_kind("dstu2", "application/json") == "json"
    assert body_kind("r4", "application/json+fhir") is None
    assert body_kind("r4", "application/fhir+json; charset=latin-1") is None
    assert body_kind("r4", "application/fhir+json; fhirVersion=3.0") is None
    assert body_kind("r4", None) is None


@pytest.mark.parametrize(
    ("version", "type"),
    [("dstu2", "application/xml+fhir"), ("stu3", "application/fhir+xml"), ("r5", "application/fhir+xml")],
)
def test_xml_is_chosen_by_its_media_types_and_by_format(version: str, type: str) -> None:
    for accept in (type, "application/xml", "text/xml", f"{type};q=0.9, application/json;q=0.1"):
        media = negotiate(version, accept, None)
        assert (media.content_type, media.xml) == (type + ";charset=utf-8", True)
        assert body_kind(version, accept.partition(",")[0]) == "xml"
    assert negotiate(version, "application/json", "xml").xml
    assert not negotiate(version, "application/json, application/xml", None).xml


def test_a_browser_receives_json() -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
    assert negotiate("r4", accept, None).content_type == R4


def test_the_media_type_may_have_a_version_parameter() -> None:
    assert negotiate("r4b", "application/fhir+json; fhirVersion=4.3", None).content_type == R4
    assert negotiate("r4", "application/fhir+json; fhirVersion=4.3", None).content_type is None
    assert negotiate("r5", 'application/fhir+json; fhirVersion="4.0", application/fhir+xml; fhirVersion=5.0', None).xml
