"""What codes are called: the specification's, and those that the population is written with."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

from sickbay import population
from sickbay.fhir import terminology

PEOPLE = 20
"""Lives that are read for the codes that stand around their stories: races, roles, kinds of things."""


@cache
def systems(version: str) -> Mapping[str, Mapping[str, str]]:
    """System -> code -> display. A quarter of a second at the first call: from a thread."""
    found = {system: dict(codes) for system, codes in terminology.systems(version).items()}
    day = datetime.date(2026, 1, 1)
    for system, code, display in population.codes():
        found.setdefault(system, {}).setdefault(code, display)
    for make in (population.generate, population.schedule):
        for one in make(seed=1, patients=PEOPLE, today=day, version=cast(population.Version, version)):
            for system, code, display in _codings(one):
                if display or code not in found.get(system, {}):
                    found.setdefault(system, {}).setdefault(code, display)
    return found


def _codings(value: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, dict):
        if isinstance(value.get("system"), str) and isinstance(value.get("code"), str):
            yield value["system"], value["code"], value.get("display", "")
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _codings(one)
