"""The tables of handlers are complete: each interaction and each operation that can be routed has one."""

from __future__ import annotations

import pytest

from sickbay.fhir.operations import registry as operation_registry
from sickbay.fhir.routing import Misrouted, Route, route
from sickbay.fhir.versions import VERSIONS
from sickbay.web.fhir import public
from sickbay.web.fhir.endpoint import INTERACTIONS, KINDS
from sickbay.web.fhir.operations import OPERATIONS

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PATHS = (
    "",
    "/metadata",
    "/_history",
    "/_search",
    "/Patient",
    "/Patient/_history",
    "/Patient/_search",
    "/Patient/1",
    "/Patient/1/_history",
    "/Patient/1/_history/1",
    "/Patient/1/Observation",
    "/Patient/1/*",
    "/Patient/$everything",
    "/$export",
    "/$export/1",
    "/$export/1/Patient.ndjson",
    "/.well-known/smart-configuration",
)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_routed_interaction_has_a_handler(version: str) -> None:
    routes = [route(version, method, path) for method in METHODS for path in PATHS]
    named = {routed.interaction for routed in routes if isinstance(routed, Route)}
    assert {"read", "create", "batch", "operation", "history-instance"} <= named
    assert named - {"preflight"} <= INTERACTIONS.keys()
    assert any(isinstance(routed, Misrouted) for routed in routes)


def test_each_handler_belongs_to_a_routed_interaction() -> None:
    routes = [route(version, method, path) for version in VERSIONS for method in METHODS for path in PATHS]
    assert INTERACTIONS.keys() | public.INTERACTIONS == {routed.interaction for routed in routes if isinstance(routed, Route)}


def test_each_operation_has_a_handler_and_each_handler_an_operation() -> None:
    assert OPERATIONS.keys() == {operation.name for operation in operation_registry.OPERATIONS}


def test_only_interactions_are_counted_as_reads_searches_and_writes() -> None:
    assert KINDS.keys() <= INTERACTIONS.keys()
