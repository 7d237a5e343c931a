"""Routing of paths and methods to interactions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.routing import Misrouted, Route, route
from sickbay.fhir.unrouted import PLACES


@pytest.mark.parametrize("path", ["", "/"])
def test_options_on_the_base_returns_the_conformance_in_dstu2(path: str) -> None:
    """DSTU2, http.html#conformance: GET [base]/metadata or OPTIONS [base]. Later versions have only the former."""
    assert route("dstu2", "OPTIONS", path) == Route("capabilities")
    assert route("dstu2", "OPTIONS", "/Patient") == Route("preflight")
    assert {route(version, "OPTIONS", path) for version in ("stu3", "r4", "r4b", "r5")} == {Route("preflight")}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/metadata", Route("capabilities")),
        ("OPTIONS", "/Patient", Route("preflight")),
        ("GET", "/.well-known/smart-configuration", Route("discovery")),
        ("GET", "/Patient/1", Route("read", "r", "Patient", "1")),
        ("HEAD", "/Patient/1", Route("read", "r", "Patient", "1")),
        ("GET", "/Patient/1/_history/2", Route("vread", "r", "Patient", "1", "2")),
        ("GET", "/Patient/1/_history", Route("history-instance", "r", "Patient", "1")),
        ("GET", "/Patient/_history", Route("history-type", "s", "Patient")),
        ("GET", "/_history", Route("history-system", "s")),
        ("GET", "/Patient", Route("search-type", "s", "Patient")),
        ("POST", "/Patient/_search", Route("search-type", "s", "Patient")),
        ("POST", "/_search", Route("search-system", "s")),
        ("GET", "", Route("search-system", "s")),
        ("POST", "/", Route("batch")),
        (
            "GET",
            "/Patient/1/Observation",
            Route("search-compartment", "s", "Observation", compartment=("Patient", "1")),
        ),
        ("GET", "/Patient/1/*", Route("search-compartment", "s", compartment=("Patient", "1"))),
        ("POST", "/Patient", Route("create", "c", "Patient")),
        ("PUT", "/Patient/1", Route("update", "u", "Patient", "1")),
        ("PUT", "/Patient", Route("update", "cus", "Patient")),
        ("DELETE", "/Patient/1", Route("delete", "d", "Patient", "1")),
        ("GET", "/Patient/1/$everything", Route("operation", "r", "Patient", "1", operation="everything")),
        ("GET", "/Patient/$export", Route("operation", "rs", "Patient", operation="export")),
    ],
)
def test_a_path_is_routed_to_its_interaction(method: str, path: str, expected: Route) -> None:
    assert route("r4", method, path) == expected


@pytest.mark.parametrize("path", ["/metadata", "/.well-known/smart-configuration"])
def test_server_metadata_is_read_only(path: str) -> None:
    assert route("r4", "HEAD", path) == route("r4", "GET", path)
    refused = route("r4", "DELETE", path)
    assert isinstance(refused, Misrouted)
    assert (refused.status, refused.allowed) == (405, ("GET", "HEAD"))


def fault(path: str, version: str = "r4", method: str = "GET") -> tuple[int, str | None, str | None]:
    misrouted = route(version, method, path)
    assert isinstance(misrouted, Misrouted)
    return misrouted.status, misrouted.fault.rule if misrouted.fault else None, misrouted.nearest


def test_a_type_of_another_version_is_reported_with_its_counterpart() -> None:
    assert fault("/MedicationOrder") == (404, "fhir-resource-wrong-version", "MedicationRequest")
    assert fault("/MedicationRequest/1", "dstu2") == (404, "fhir-resource-wrong-version", "MedicationOrder")


@pytest.mark.parametrize("name", ["patients", "patient", "Patients", "Pateint"])
def test_a_misspelt_type_suggests_the_nearest(name: str) -> None:
    assert fault(f"/{name}/1") == (404, "fhir-resource-unknown", "Patient")


@pytest.mark.parametrize(
    "path",
    [
        "/Observation/%6fb-lab",
        "/Observation/ob-lab%00",
        "/Observation/" + "a" * 65,
        "/Patient/MRN%20123/45",
        "/Patient/é",
    ],
)
def test_an_id_is_never_decoded_or_normalised(path: str) -> None:
    assert fault(path)[:2] == (404, "fhir-id-invalid")


@pytest.mark.parametrize("path", ["/Observation/1/", "/x/../Patient/1", "/Patient/1/x", "Patient/1", "/metadata/"])
def test_any_other_path_is_not_found(path: str) -> None:
    assert fault(path)[0] == 404


def test_a_double_slash_is_reported() -> None:
    assert fault("//Patient")[:2] == (404, "fhir-base-double-slash")


def test_an_unsupported_method_is_405_with_the_supported_ones() -> None:
    misrouted = route("r4", "GET", "/Patient/_search/x")
    assert isinstance(misrouted, Misrouted)
    misrouted = route("r4", "PATCH", "/metadata")
    assert isinstance(misrouted, Misrouted)
    assert (misrouted.status, misrouted.allowed) == (405, ("GET", "HEAD"))
    assert misrouted.allow == ((b"allow", b"GET, HEAD"),)
    assert Misrouted(404).allow == ()


@pytest.mark.parametrize(
    ("version", "path", "exists"),
    [
        ("r4", "/Observation/1/Patient", False),
        ("r4", "/Organization/1/*", False),
        ("r4", "/Device/1/Observation", True),
        ("dstu2", "/Encounter/1/Observation", False),
        ("dstu2", "/Patient/1/Observation", True),
    ],
)
def test_only_compartments_of_the_version_are_routed(version: str, path: str, exists: bool) -> None:
    assert isinstance(route(version, "GET", path), Route) is exists


@pytest.mark.parametrize(
    ("method", "path", "rule", "expected"),
    [
        ("POST", "/Patient/_validate", "fhir-operation-unknown", "<Type>/$validate or <Type>/<id>/$validate"),
        ("POST", "/Patient/_validate/1", "fhir-operation-unknown", "<Type>/$validate or <Type>/<id>/$validate"),
        ("POST", "/Patient/validate", "fhir-operation-unknown", "<Type>/$validate or <Type>/<id>/$validate"),
        ("GET", "/DocumentReference/%24docref", "fhir-operation-unknown", "DocumentReference/$docref"),
        ("GET", "/Encounter/1/Lastn", "fhir-operation-unknown", "Observation/$lastn"),
        ("GET", "/_export", "fhir-operation-unknown", "$export or Patient/$export or Group/<id>/$export"),
        ("GET", "/Patient/1/_histroy", "fhir-path-unknown", "/Patient/1/_history"),
        ("GET", "/Patient/1/history/2", "fhir-path-unknown", "/Patient/1/_history/2"),
        ("GET", "/search", "fhir-path-unknown", "/"),
        ("GET", "/Patient/_Search", "fhir-path-unknown", "/Patient"),
        ("POST", "/Patient/_Search", "fhir-path-unknown", "/Patient/_search"),
        ("GET", "/$metadata", "fhir-path-unknown", "/metadata"),
        ("GET", "/Patient/1/observation", "fhir-resource-unknown", "Observation"),
        ("GET", "/Patient/1/x", "fhir-path-unknown", PLACES),
        ("GET", "/Patient/_search", "fhir-method-not-allowed", "POST, or GET /Patient"),
        ("DELETE", "/Patient/$meta", "fhir-method-not-allowed", "GET or POST"),
        ("POST", "/Patient/1", "fhir-method-not-allowed", "GET, HEAD, PUT, PATCH or DELETE"),
    ],
)
def test_a_misspelt_operation_segment_or_method_is_named_with_what_was_meant(
    method: str, path: str, rule: str, expected: str
) -> None:
    misrouted = route("r4", method, path)
    assert isinstance(misrouted, Misrouted)
    assert misrouted.fault is not None
    assert (misrouted.fault.rule, misrouted.fault.expected) == (rule, expected)


SEGMENTS = st.sampled_from(["Patient", "1", "_history", "_search", "*", "", "$x", "metadata", "..", "é", "%00", "Observation"])


@given(st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "X"]), st.lists(SEGMENTS, max_size=6))
def test_every_path_is_routed_or_refused(method: str, segments: list[str]) -> None:
    result = route("r4", method, "".join(f"/{segment}" for segment in segments))
    assert isinstance(result, Route | Misrouted)
    if isinstance(result, Misrouted):
        assert result.status == (405 if result.allowed else 404)
        assert result.fault is not None
        assert result.fault.expected
