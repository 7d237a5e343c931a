"""Extracts the index entries of a resource according to the search parameters of its version."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from sickbay.fhir.binary import context
from sickbay.fhir.clinical import clinical_date
from sickbay.fhir.references import is_absolute, target
from sickbay.fhir.search import full_text, index_values
from sickbay.fhir.search.composites import composites
from sickbay.fhir.search.expressions import ElementPath, Present, Step, follow, routes
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.parameters import IDENTIFIER, OF_TYPE, TEXT, compartment_types, known_types, parameters
from sickbay.fhir.search.query import Kind, SearchParameter

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
"""The parameters that a granular scope may filter by. A scope with any other parameter grants nothing."""

CROWDS = frozenset({"Group"})
"""Types with many patients in one body. They are in no compartment, though the definition puts them in each member's."""

_ELSEWHERE = frozenset({"_id", "_lastUpdated"})
"""Parameters stored in columns rather than in index rows."""


class _Task(NamedTuple):
    """A parameter and one path to its values."""

    number: int
    code: str
    steps: tuple[Step, ...]
    type: str
    compartment: bool
    granular: bool
    indexes_text: bool
    """Whether its texts are indexed under its own number. For references only in R5, where they can be searched."""


class _Rows:
    """Collects index entries. Dicts keep the order and remove duplicates."""

    __slots__ = (
        "base",
        "codes",
        "dates",
        "named",
        "numbers",
        "patients",
        "positions",
        "quantities",
        "references",
        "strings",
        "tokens",
        "uris",
    )

    def __init__(self, base: str) -> None:
        self.base = base
        self.tokens: dict[tuple[int, str | None, str], None] = {}
        self.references: dict[tuple[int, str, str], None] = {}
        self.dates: dict[tuple[int, int, int], None] = {}
        self.strings: dict[tuple[int, str, str], None] = {}
        self.numbers: dict[tuple[int, float, float], None] = {}
        self.quantities: dict[tuple[int, str | None, str | None, float, float], None] = {}
        self.uris: dict[tuple[int, str], None] = {}
        self.codes: dict[tuple[str, str | None, str], None] = {}
        self.patients: dict[str, None] = {}
        self.named: dict[str, None] = {}
        self.positions: dict[tuple[int, int, int], None] = {}


Take: TypeAlias = Callable[[_Rows, _Task, Any], None]


def extract(version: str, resource: dict[str, Any], base: str) -> IndexEntries:
    """Returns the index entries of a resource. base: the FHIR base, for absolute references. Never raises for invalid content.

    An absolute reference to another server is stored in `uris` under its parameter's number.
    """
    type = resource.get("resourceType")
    if not isinstance(type, str) or type not in known_types(version):
        return IndexEntries()
    rows = _Rows(base)
    tasks = _tasks(version, type)
    for key, member in resource.items():
        if key in tasks:
            for take, steps, task in tasks[key]:
                for value in follow(member, steps, resource) if steps else member if isinstance(member, list) else (member,):
                    take(rows, task, value)
    for _, _, task in tasks.get("", ()):
        _presence(rows, task, resource)
    if type == "Binary" and (owner := context(resource, base)) is not None and owner[0] == "Patient":
        rows.patients = {owner[1]: None}
    _add_text(rows, version, type, resource)
    id = resource.get("id")
    if type == "Patient" and isinstance(id, str):
        rows.patients = {id: None}
    return IndexEntries(
        tuple(sorted(rows.patients)),
        tuple(rows.named),
        clinical_date(version, resource),
        tuple(rows.tokens),
        tuple(rows.references),
        tuple(rows.dates),
        tuple(rows.strings),
        tuple(rows.numbers),
        tuple(rows.quantities),
        tuple(rows.uris),
        tuple(rows.codes),
        composites(version, resource, base),
        tuple(rows.positions),
    )


def _add_text(rows: _Rows, version: str, type: str, resource: dict[str, Any]) -> None:
    """Adds the narrative, and text that no parameter indexes."""
    own = parameters(version, type)
    for piece in full_text.content(version, resource, rows.strings):
        rows.strings[own["_content"].number, piece, piece] = None
    if "text" in resource:
        for piece in full_text.narrative(resource["text"]):
            rows.strings[own["_text"].number, piece, piece] = None


@cache
def _tasks(version: str, type: str) -> dict[str, tuple[tuple[Take, tuple[Step, ...], _Task], ...]]:
    """First key -> tasks with their function and steps, so that keys a resource doesn't have cost no time."""
    by_key: dict[str, list[tuple[Take, tuple[Step, ...], _Task]]] = {}
    compartment = () if type in CROWDS else compartment_types(version).get(type, ())
    for parameter in parameters(version, type).values():
        if parameter.kind in _TAKE and parameter.code not in _ELSEWHERE and not parameter.held:
            for route in routes(version, type, parameter.expression):
                task = _task(version, parameter, route, parameter.code in compartment)
                by_key.setdefault(route.first, []).append((_TAKE[parameter.kind], route.steps, task))
    return {key: tuple(tasks) for key, tasks in by_key.items()}


def _task(version: str, parameter: SearchParameter, route: ElementPath, compartment: bool) -> _Task:
    granular = parameter.kind == "token" and parameter.code in GRANULAR
    indexes_text = parameter.kind != "reference" or version == "r5"
    return _Task(parameter.number, parameter.code, route.steps, route.type, compartment, granular, indexes_text)


def _presence(rows: _Rows, task: _Task, resource: dict[str, Any]) -> None:
    test = task.steps[0]
    if isinstance(test, Present):
        rows.tokens[task.number, None, "true" if test.value(resource) else "false"] = None


def _token(rows: _Rows, task: _Task, value: Any) -> None:
    number, name, _, type, _, granular, indexes_text = task
    codes, texts = index_values.coded(value, type)
    for system, code in codes:
        rows.tokens[number, system, code] = None
        if granular:
            rows.codes[name, system, code] = None
    if indexes_text:
        for text, raw in texts:
            rows.strings[number + TEXT, text, raw] = None
        if type == "Identifier" and isinstance(value, dict) and "type" in value:
            for kind, identifier in index_values.of_type(value, type):
                rows.tokens[number + OF_TYPE, kind, identifier] = None


def _reference(rows: _Rows, task: _Task, value: Any) -> None:
    number, name, _, type, compartment, _, indexes_text = task
    if isinstance(value, dict) and "identifier" in value:
        for system, code in index_values.identified(value, type):
            rows.tokens[number + IDENTIFIER, system, code] = None
    if indexes_text and isinstance(value, dict):
        for folded, raw in index_values.texts(value, type):
            rows.strings[number + TEXT, folded, raw] = None
    text = index_values.referenced(value, type)
    if text is None:
        return
    address = target(text, rows.base)
    if address is None:
        if is_absolute(text):
            rows.uris[number, text] = None
        return
    kind, id = address
    rows.references[number, kind, id] = None
    if kind == "Patient":
        if compartment:
            rows.patients[id] = None
        if name == "patient":
            rows.named[id] = None


def _date(rows: _Rows, task: _Task, value: Any) -> None:
    for low, high in index_values.dates(value, task.type):
        rows.dates[task.number, low, high] = None


def _string(rows: _Rows, task: _Task, value: Any) -> None:
    for text, raw in index_values.strings(value, task.type):
        rows.strings[task.number, text, raw] = None


def _number(rows: _Rows, task: _Task, value: Any) -> None:
    for low, high in index_values.numbers(value, task.type):
        rows.numbers[task.number, low, high] = None


def _quantity(rows: _Rows, task: _Task, value: Any) -> None:
    for system, code, low, high in index_values.quantities(value, task.type):
        rows.quantities[task.number, system, code, low, high] = None


def _uri(rows: _Rows, task: _Task, value: Any) -> None:
    for text in index_values.uris(value, task.type):
        rows.uris[task.number, text] = None


def _special(rows: _Rows, task: _Task, value: Any) -> None:
    """Indexes `near` of Location, and R5's narratives of sections."""
    if task.code in full_text.WORDS:
        rows.strings |= dict.fromkeys((task.number, piece, piece) for piece in full_text.narrative(value))
    position = index_values.position(value)
    if position is not None:
        rows.positions[task.number, *position] = None


_TAKE: dict[Kind, Take] = {
    "token": _token,
    "reference": _reference,
    "date": _date,
    "string": _string,
    "number": _number,
    "quantity": _quantity,
    "uri": _uri,
    "special": _special,
}
