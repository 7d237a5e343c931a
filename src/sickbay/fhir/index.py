"""What the index holds of a resource: its facts, read out of the body by the version's search parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sickbay.fhir import values, words
from sickbay.fhir.binary import context
from sickbay.fhir.clinical import clinical_date
from sickbay.fhir.composites import composites
from sickbay.fhir.expressions import Present, Route, Step, follow, routes
from sickbay.fhir.facts import Part, ResourceFacts
from sickbay.fhir.query import Kind, SearchParameter
from sickbay.fhir.references import is_absolute, target
from sickbay.fhir.search_parameters import (
    IDENTIFIER,
    OF_TYPE,
    TEXT,
    compartment_types,
    known_types,
    parameters,
)

GRANULAR = frozenset(
    {
        "category",
        "class",
        "clinical-status",
        "code",
        "intent",
        "modality",
        "service-category",
        "service-type",
        "specialty",
        "status",
        "type",
        "vaccine-code",
        "verification-status",
        "_security",
        "_tag",
    }
)
"""The parameters by which a granular scope may filter; a scope with another one sees nothing."""

CROWDS = frozenset({"Group"})
"""Types whose one body names many patients: in nobody's compartment, though the definition has them in each member's."""

_ELSEWHERE = frozenset({"_id", "_lastUpdated"})
"""Columns of the store, not index rows."""


class _Task(NamedTuple):
    """What to do with the value of one first key."""

    number: int
    code: str
    take: Callable[[_Rows, _Task, Any], None]
    steps: tuple[Step, ...]
    type: str
    compartment: bool
    granular: bool
    worded: bool
    """Whether its texts are kept under its own number: of references R5's alone, where they can be asked for."""


@dataclass(slots=True)
class _Rows:
    """The facts while they are collected; dicts keep the order and drop repetitions."""

    base: str
    tokens: dict[tuple[int, str | None, str], None] = field(default_factory=dict)
    references: dict[tuple[int, str, str], None] = field(default_factory=dict)
    dates: dict[tuple[int, int, int], None] = field(default_factory=dict)
    strings: dict[tuple[int, str, str], None] = field(default_factory=dict)
    numbers: dict[tuple[int, float, float], None] = field(default_factory=dict)
    quantities: dict[tuple[int, str | None, str | None, float, float], None] = field(default_factory=dict)
    uris: dict[tuple[int, str], None] = field(default_factory=dict)
    codes: dict[tuple[str, str | None, str], None] = field(default_factory=dict)
    patients: dict[str, None] = field(default_factory=dict)
    named: dict[str, None] = field(default_factory=dict)
    positions: dict[tuple[int, int, int], None] = field(default_factory=dict)
    composites: dict[tuple[int, tuple[Part, ...]], None] = field(default_factory=dict)


def extract(version: str, resource: dict[str, Any], base: str) -> ResourceFacts:
    """The facts of one resource. base: the FHIR base on which absolute references are ours. Never raises on content.

    A foreign absolute reference stands in `uris` under its parameter's number.
    """
    type = resource.get("resourceType")
    if not isinstance(type, str) or type not in known_types(version):
        return ResourceFacts()
    rows = _Rows(base)
    tasks = _tasks(version, type)
    for key, held in resource.items():
        for task in tasks.get(key, ()):
            for value in follow(held, task.steps, resource):
                task.take(rows, task, value)
    for task in tasks.get("", ()):
        _presence(rows, task, resource)
    if type == "Binary" and (owner := context(resource, base)) is not None and owner[0] == "Patient":
        rows.patients = {owner[1]: None}
    rows.composites = dict.fromkeys(composites(version, resource, base))
    _worded(rows, version, type, resource)
    own = resource.get("id")
    if type == "Patient" and isinstance(own, str):
        rows.patients = {own: None}
    return _facts(rows, clinical_date(version, resource))


def _worded(rows: _Rows, version: str, type: str, resource: dict[str, Any]) -> None:
    """What is text and no parameter keeps, and the narrative."""
    held = parameters(version, type)
    for piece in words.content(version, resource, rows.strings):
        rows.strings[held["_content"].number, piece, piece] = None
    if "text" in resource:
        for piece in words.narrative(resource["text"]):
            rows.strings[held["_text"].number, piece, piece] = None


def _facts(rows: _Rows, at: int | None) -> ResourceFacts:
    return ResourceFacts(
        patients=tuple(sorted(rows.patients)),
        named=tuple(rows.named),
        clinical_date=at,
        tokens=tuple(rows.tokens),
        references=tuple(rows.references),
        dates=tuple(rows.dates),
        strings=tuple(rows.strings),
        numbers=tuple(rows.numbers),
        quantities=tuple(rows.quantities),
        uris=tuple(rows.uris),
        codes=tuple(rows.codes),
        composites=tuple(rows.composites),
        positions=tuple(rows.positions),
    )


@cache
def _tasks(version: str, type: str) -> dict[str, tuple[_Task, ...]]:
    """First key -> tasks, so that what a resource does not have costs nothing."""
    found: dict[str, list[_Task]] = {}
    compartment = () if type in CROWDS else compartment_types(version).get(type, ())
    for one in parameters(version, type).values():
        if one.kind in _TAKE and one.code not in _ELSEWHERE and not one.held:
            for route in routes(version, type, one.expression):
                found.setdefault(route.first, []).append(_task(version, one, route, one.code in compartment))
    return {key: tuple(tasks) for key, tasks in found.items()}


def _task(version: str, one: SearchParameter, route: Route, compartment: bool) -> _Task:
    granular = one.kind == "token" and one.code in GRANULAR
    worded = one.kind != "reference" or version == "r5"
    return _Task(one.number, one.code, _TAKE[one.kind], route.steps, route.type, compartment, granular, worded)


def _presence(rows: _Rows, task: _Task, resource: dict[str, Any]) -> None:
    test = task.steps[0]
    if isinstance(test, Present):
        rows.tokens[task.number, None, "true" if test.value(resource) else "false"] = None


def _token(rows: _Rows, task: _Task, value: Any) -> None:
    for system, code in values.tokens(value, task.type):
        rows.tokens[task.number, system, code] = None
        if task.granular:
            rows.codes[task.code, system, code] = None
    if task.worded and isinstance(value, dict) and (task.type != "Identifier" or "type" in value):
        for text, raw in values.texts(value, task.type):
            rows.strings[task.number + TEXT, text, raw] = None
        if task.type == "Identifier":
            for kind, number in values.of_type(value, task.type):
                rows.tokens[task.number + OF_TYPE, kind, number] = None


def _reference(rows: _Rows, task: _Task, value: Any) -> None:
    if isinstance(value, dict) and "identifier" in value:
        for system, code in values.identified(value, task.type):
            rows.tokens[task.number + IDENTIFIER, system, code] = None
    if task.worded and isinstance(value, dict):
        for folded, raw in values.texts(value, task.type):
            rows.strings[task.number + TEXT, folded, raw] = None
    text = values.referenced(value, task.type)
    if text is None:
        return
    found = target(text, rows.base)
    if found is None:
        if is_absolute(text):
            rows.uris[task.number, text] = None
        return
    rows.references[task.number, found[0], found[1]] = None
    if found[0] == "Patient":
        if task.compartment:
            rows.patients[found[1]] = None
        if task.code == "patient":
            rows.named[found[1]] = None


def _date(rows: _Rows, task: _Task, value: Any) -> None:
    for low, high in values.dates(value, task.type):
        rows.dates[task.number, low, high] = None


def _string(rows: _Rows, task: _Task, value: Any) -> None:
    for text, raw in values.strings(value, task.type):
        rows.strings[task.number, text, raw] = None


def _number(rows: _Rows, task: _Task, value: Any) -> None:
    for low, high in values.numbers(value, task.type):
        rows.numbers[task.number, low, high] = None


def _quantity(rows: _Rows, task: _Task, value: Any) -> None:
    for system, code, low, high in values.quantities(value, task.type):
        rows.quantities[task.number, system, code, low, high] = None


def _uri(rows: _Rows, task: _Task, value: Any) -> None:
    for text in values.uris(value, task.type):
        rows.uris[task.number, text] = None


def _special(rows: _Rows, task: _Task, value: Any) -> None:
    """`near` of Location, and R5's narratives of sections."""
    if task.code in words.WORDS:
        rows.strings |= dict.fromkeys((task.number, piece, piece) for piece in words.narrative(value))
    found = values.position(value)
    if found is not None:
        rows.positions[task.number, *found] = None


_TAKE: dict[Kind, Callable[[_Rows, _Task, Any], None]] = {
    "token": _token,
    "reference": _reference,
    "date": _date,
    "string": _string,
    "number": _number,
    "quantity": _quantity,
    "uri": _uri,
    "special": _special,
}
