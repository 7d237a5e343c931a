"""Evaluates a search expression, for comparison with a complete FHIRPath engine."""

from __future__ import annotations

from typing import Any

from sickbay.fhir.search.expressions import follow_route, list_routes


def evaluate(version: str, type: str, expression: str, resource: dict[str, Any]) -> list[Any]:
    return [value for route in list_routes(version, type, expression) for value in follow_route(route, resource)]
