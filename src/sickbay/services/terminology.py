"""Displays of codes, from the specification and from the codes of the sample population."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

from sickbay import population
from sickbay.fhir import terminology

PEOPLE = 20
"""Sample patients that are generated to find codes outside the stories, such as races, roles and categories."""


@cache
def list_systems(version: str) -> Mapping[str, Mapping[str, str]]:
    """System -> code -> display. The first call takes a quarter of a second, so make it in a thread."""
    displays = {system: dict(codes) for system, codes in terminology.load_systems(version).items()}
    day = datetime.date(2026, 1, 1)
    for system, code, display in population.list_codes():
        displays.setdefault(system, {}).setdefault(code, display)
    for make in (population.generate, population.schedule):
        for resource in make(seed=1, patients=PEOPLE, today=day, version=cast(population.Version, version)):
            for system, code, display in _find_codings(resource):
                if display or code not in displays.get(system, {}):
                    displays.setdefault(system, {}).setdefault(code, display)
    return displays


def _find_codings(value: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, dict):
        if isinstance(value.get("system"), str) and isinstance(value.get("code"), str):
            yield value["system"], value["code"], value.get("display", "")
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from _find_codings(member)
