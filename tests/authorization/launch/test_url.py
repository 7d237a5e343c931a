"""The launch URL: as Sickbay builds it, and as an app receives it from another server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization import samples

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.launch import CHECKS
from sickbay.authorization.launch.url import code_of, launch_url
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis.evidence.url import read_request
from sickbay.kernel.checks import Refusal, examine


def names(url: str, **known: Any) -> list[str]:
    return [refusal.name for refusal in examine(CHECKS, read_request({"url": url}), UrlContext(**known)).refusals]


@given(st.text(min_size=1, max_size=30), st.sampled_from(["", "?a=b"]))
def test_an_app_can_read_the_launch_url_we_build(code: str, query: str) -> None:
    client = structs.replace(samples.CLIENT, launch_uri=f"http://localhost:8100/launch{query}")
    launched = read_request({"url": launch_url(client, code, samples.BASE)})
    assert launched.parameters.get("launch") == code
    assert launched.parameters.get("iss") == samples.BASE
    assert ("a" in launched.parameters) == bool(query)


def test_an_app_without_a_launch_uri_has_no_launch_url() -> None:
    assert launch_url(structs.replace(samples.CLIENT, launch_uri=None), "x", samples.BASE) == ""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?iss=https%3A%2F%2Fehr.example.org%2Ffhir&launch=x", []),
        ("", ["launch-url-missing-iss"]),
        ("?iss=&launch=x", ["launch-url-missing-iss"]),
        ("?iss=https%253A%252F%252Fehr.example.org%252Ffhir&launch=x", ["launch-url-iss-double-encoded"]),
        ("?iss=ehr.example.org%2Ffhir&launch=x", ["launch-url-iss-not-absolute"]),
        ("?iss=https%3A%2F%2Fehr.example.org%2Ffhir%2FPatient&launch=x", ["launch-url-iss-not-base"]),
        ("?iss=https%3A%2F%2Fehr.example.org%2Ffhir%2F.well-known%2Fsmart-configuration", ["launch-url-iss-not-base"]),
        ("?PAT_PersonId=1", ["launch-url-vendor-substitution", "launch-url-missing-iss"]),
        ("#?iss=https%3A%2F%2Fa&launch=x", ["launch-url-params-in-fragment", "launch-url-missing-iss"]),
    ],
)
def test_each_fault_of_a_launch_url_is_reported(query: str, expected: list[str]) -> None:
    assert names(f"https://app.example.org/launch{query}") == expected


def test_an_untrusted_iss_is_refused_if_the_allowlist_is_known() -> None:
    url = "https://app.example.org/launch?iss=https%3A%2F%2Fehr.example.org%2Ffhir%2F&launch=x"
    assert not names(url, allowed_iss=("https://EHR.example.org/fhir",))
    assert names(url, allowed_iss=("https://ehr.example.org/other",)) == ["launch-url-iss-not-allowlisted"]


def test_a_launch_code_depends_only_on_timeline_and_key() -> None:
    code = code_of(b"k" * 32, "timeline-1")
    assert len(code) == 43
    assert code == code_of(b"k" * 32, "timeline-1")
    assert code not in (code_of(b"k" * 32, "timeline-2"), code_of(b"l" * 32, "timeline-1"))


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (
            read_request({"url": "https://app.example.org/launch#?iss=x&launch=y"}),
            UrlContext(),
            Refusal(
                "launch-url-params-in-fragment",
                "invalid_request",
                {"names": "iss and launch", "received": "https://app.example.org/launch#?iss=x&launch=y"},
            ),
        ),
        (
            read_request({"url": "https://app.example.org/launch?iss=https%3A%2F%2Fa%2Ffhir#launch=y"}),
            UrlContext(),
            Refusal(
                "launch-url-params-in-fragment",
                "invalid_request",
                {"names": "launch", "received": "https://app.example.org/launch?iss=https%3A%2F%2Fa%2Ffhir#launch=y"},
            ),
        ),
        (
            read_request({"url": "https://app.example.org/launch?PAT_PersonId=1&x=y"}),
            UrlContext(),
            Refusal("launch-url-vendor-substitution", "invalid_request", {"names": "PAT_PersonId, x"}),
        ),
        (
            read_request({"url": "https://app.example.org/launch?p=$x$"}),
            UrlContext(),
            Refusal("launch-url-vendor-substitution", "invalid_request", {"names": "p"}),
        ),
        (
            read_request({"url": "https://app.example.org/launch"}),
            UrlContext(),
            Refusal(
                "launch-url-missing-iss",
                "invalid_request",
                {"received": None, "example": "https://app.example.org/launch?iss=<FHIR base>&launch=<code>"},
            ),
        ),
        (
            read_request({"url": "https://app.example.org/launch?launch=a?b"}),
            UrlContext(),
            Refusal(
                "launch-url-missing-iss",
                "invalid_request",
                {"received": None, "example": "https://app.example.org/launch?iss=<FHIR base>&launch=<code>"},
            ),
        ),
        (
            read_request({"url": "https://app.example.org/launch?iss=https%253A%252F%252Fa%252Ffhir&launch=x"}),
            UrlContext(),
            Refusal(
                "launch-url-iss-double-encoded",
                "invalid_request",
                {"received": "https%3A%2F%2Fa%2Ffhir", "expected": "https://a/fhir"},
            ),
        ),
        (
            read_request({"url": "https://app.example.org/launch?iss=a%2Ffhir&launch=x"}),
            UrlContext(),
            Refusal("launch-url-iss-not-absolute", "invalid_request", {"received": "a/fhir"}),
        ),
        (
            read_request({"url": "https://app.example.org/launch?iss=ftp%3A%2F%2Fa%2Ffhir&launch=x"}),
            UrlContext(),
            Refusal("launch-url-iss-not-absolute", "invalid_request", {"received": "ftp://a/fhir"}),
        ),
        (
            read_request({"url": "https://app.example.org/launch?iss=https%3A%2F%2Fa%2Ffhir%2FPatient%2F&launch=x"}),
            UrlContext(),
            Refusal(
                "launch-url-iss-not-base",
                "invalid_request",
                {"received": "https://a/fhir/Patient/", "expected": "https://a/fhir"},
            ),
        ),
        (
            read_request({"url": "https://app.example.org/launch?iss=https%3A%2F%2Fa%2Ffhir%2Fmetadata&launch=x"}),
            UrlContext(),
            Refusal(
                "launch-url-iss-not-base",
                "invalid_request",
                {"received": "https://a/fhir/metadata", "expected": "https://a/fhir"},
            ),
        ),
        (
            read_request({"url": "https://app.example.org/launch?iss=https%3A%2F%2Fa%2Ffhir&launch=x"}),
            UrlContext(allowed_iss=("https://b/fhir",)),
            Refusal(
                "launch-url-iss-not-allowlisted",
                "invalid_request",
                {"received": "https://a/fhir", "allowed": ["https://b/fhir"]},
            ),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: UrlRequest, context: UrlContext, expected: Refusal
) -> None:
    assert examine(CHECKS, request_, context).refusals[0] == expected


def test_code_and_url_keep_their_format() -> None:
    assert code_of(b"k" * 32, "t") == "pkD0x7azd3LId73Y9afcs8QltHCm1P4Ww0qgqDS0Hys"
    client = structs.replace(samples.CLIENT, launch_uri="http://localhost:8100/launch")
    assert launch_url(client, "a/b", "http://ehr/r4") == ("http://localhost:8100/launch?iss=http%3A%2F%2Fehr%2Fr4&launch=a%2Fb")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?iss=http%3A%2F%2F%2Fx&launch=x", ["launch-url-iss-not-absolute"]),
        ("?iss=https%3A%2F%2Fa%2Fx&launch=x&p=$x$", []),
        ("?p=$$", ["launch-url-missing-iss"]),
        ("?p=$x", ["launch-url-missing-iss"]),
    ],
)
def test_an_iss_without_a_host_and_stray_dollar_signs_are_recognised(query: str, expected: list[str]) -> None:
    assert names(f"https://app.example.org/launch{query}") == expected
