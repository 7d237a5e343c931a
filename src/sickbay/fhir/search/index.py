"""Extracts the index entries of a resource according to the search parameters of its version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from sickbay.fhir.binary import read_security_context
from sickbay.fhir.elements import list_children
from sickbay.fhir.routing import is_absolute, reference_target
from sickbay.fhir.search import full_text, index_values
from sickbay.fhir.search.composites import Composite, composites_of_keys, extract_composites
from sickbay.fhir.search.expressions import ElementPath, Present, Resolves, Step, follow_path, list_routes, split_test
from sickbay.fhir.search.index_entries import CLINICAL_DATES, DateReaders, IndexEntries, clinical_date
from sickbay.fhir.search.index_values import date_reader, quantity_reader, reference_reader, token_reader
from sickbay.fhir.search.parameters import (
    AS_WRITTEN,
    CASELESS_VERSIONS,
    COLUMNS,
    IDENTIFIER,
    OF_TYPE,
    PRESENT,
    TEXT,
    Kind,
    SearchParameter,
    compartment_types,
    known_types,
    load_parameters,
)
from sickbay.fhir.visibility import FILTERABLE
from sickbay.kernel.memoize import cache_results

CROWDS = frozenset({"Group"})
"""Types with many patients in one body. They are in no compartment, though the definition puts them in each member's."""

LABELS = frozenset({"_security", "_tag"})
"""Parameters whose codes `$meta` shows."""


class _Rows:
    """Collects the index entries of a resource. Dicts keep the order and remove duplicates."""

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
        "resource",
        "strings",
        "tokens",
        "uris",
    )

    def __init__(self, resource: dict[str, Any], base: str) -> None:
        self.resource, self.base = resource, base
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


RowWriter: TypeAlias = Callable[[_Rows, Any], None]
"""A function that adds a value to the rows of one parameter."""


_Path: TypeAlias = tuple[str, tuple[Step, ...], tuple[Step, ...], RowWriter]
"""The first step from a member if that is a key, because most elements lack it, or else ""; the steps after it; all steps;
what to do with each value that they lead to.
"""


class _Plan(NamedTuple):
    """What to do with a resource that has certain keys.

    paths: the key of a member, and a path from there. presence: what to do with the resource itself. dates: the elements that
    may contain the clinical date, the best first. unindexed: keys whose text needs rows for `_content`. narrative, content:
    the numbers of `_text` and `_content`.
    """

    paths: tuple[tuple[str, _Path], ...]
    presence: tuple[RowWriter, ...]
    dates: DateReaders
    composites: tuple[Composite, ...]
    unindexed: tuple[str, ...]
    narrative: int
    content: int


def extract_entries(version: str, resource: dict[str, Any], base: str) -> IndexEntries:
    """Returns the index entries of a resource. base: the FHIR base, for absolute references. Never raises for invalid content.

    An absolute reference to another server is stored in `uris` under its parameter's number.
    """
    type = resource.get("resourceType")
    if not isinstance(type, str) or type not in known_types(version):
        return IndexEntries()
    is_usual = resource.keys() <= _usual_keys(version, type)  # others could fill the memory
    rows, plan = _Rows(resource, base), (_cached_plan if is_usual else _make_plan)(version, type, tuple(resource))
    for key, (first, rest, steps, write) in plan.paths:
        member = resource[key]
        if first and isinstance(member, dict):
            values: Sequence[Any] = follow_path(member[first], rest, resource) if first in member else ()
        elif steps:
            values = follow_path(member, steps, resource)
        else:
            values = member if isinstance(member, list) else (member,)
        for value in values:
            write(rows, value)
    for write in plan.presence:
        write(rows, resource)
    if plan.unindexed or rows.strings:
        for piece in full_text.extract_content(version, resource, plan.unindexed, rows.strings):
            rows.strings[plan.content, piece, piece] = None
    if "text" in resource:
        for piece in full_text.extract_narrative(resource["text"]):
            rows.strings[plan.narrative, piece, piece] = None
    return IndexEntries(
        _patients_of_resource(rows, resource),
        tuple(rows.named),
        clinical_date(plan.dates, resource),
        tuple(rows.tokens),
        tuple(rows.references),
        tuple(rows.dates),
        tuple(rows.strings),
        tuple(rows.numbers),
        tuple(rows.quantities),
        tuple(rows.uris),
        tuple(rows.codes),
        extract_composites(plan.composites, resource, base) if plan.composites else (),
        tuple(rows.positions),
    )


def _patients_of_resource(rows: _Rows, resource: dict[str, Any]) -> tuple[str, ...]:
    type, id = resource["resourceType"], resource.get("id")
    if type == "Patient" and isinstance(id, str):
        return (id,)
    owner = read_security_context(resource, rows.base) if type == "Binary" else None
    return (owner[1],) if owner is not None and owner[0] == "Patient" else tuple(sorted(rows.patients))


@cache
def _usual_keys(version: str, type: str) -> frozenset[str]:
    names = [child.key for listed in list_children(version, type).values() for child in listed]
    return frozenset(["resourceType", *names, *(f"_{name}" for name in names)])


def _make_plan(version: str, type: str, keys: tuple[str, ...]) -> _Plan:
    paths, presence = _paths_of_type(version, type)
    own, elements = load_parameters(version, type), list_children(version, type)
    dates = [(child.key, date_reader(child.type)) for name in CLINICAL_DATES for child in elements.get(name, ())]
    indexed = full_text.indexed_elements(version, type)
    return _Plan(
        tuple((key, path) for key in keys for path in paths.get(key, ())),
        presence,
        tuple(reader for reader in dates if reader[0] in keys),
        composites_of_keys(version, type, keys),
        tuple(key for key in keys if key not in indexed),
        own["_text"].number,
        own["_content"].number,
    )


_cached_plan = cache_results(512)(_make_plan)


@cache
def _paths_of_type(version: str, type: str) -> tuple[dict[str, list[_Path]], tuple[RowWriter, ...]]:
    """Returns the paths by their first key, and what to do with the resource itself."""
    presence: list[RowWriter] = []
    targets: dict[tuple[Kind, ElementPath], list[_Target]] = {}
    compartment = () if type in CROWDS else compartment_types(version).get(type, ())
    for parameter in load_parameters(version, type).values():
        if parameter.kind != "composite" and parameter.code not in COLUMNS and not parameter.held:
            for route in list_routes(version, type, parameter.expression):
                if route.first:
                    path, test = split_test(route) if parameter.kind == "reference" else (route, None)
                    target = _Target(version, parameter, path.type, parameter.code in compartment, test)
                    targets.setdefault((parameter.kind, path), []).append(target)
                elif isinstance(present := route.steps[0], Present):
                    presence.append(_presence_writer(parameter.number, present))
    paths: dict[str, list[_Path]] = {}
    for (kind, (key, steps, _)), same in targets.items():
        first = steps[0] if steps and isinstance(steps[0], str) else ""
        writers = [_reference_writer(same)] if kind == "reference" else [_WRITERS[kind](target) for target in same]
        paths.setdefault(key, []).extend((first, steps[1:], steps, write) for write in writers)
    return paths, tuple(presence)


class _Target(NamedTuple):
    """The index target of the values of one path. type: of the values. compartment: whether they decide the compartment.

    test: which references it is about; None: all.
    """

    version: str
    parameter: SearchParameter
    type: str
    compartment: bool
    test: Resolves | None


def _presence_writer(number: int, test: Present) -> RowWriter:
    def write_rows(rows: _Rows, resource: Any) -> None:
        rows.tokens[number, None, "true" if test.value(resource) else "false"] = None

    return write_rows


def _mark_element_present(rows: _Rows, number: int, value: Any, part: str = "") -> None:
    """Records that the element is there although nothing in it can be searched, unless it has only extensions.

    part: the part of a CodeableReference that the parameter is about.
    """
    if part and isinstance(value, dict) and not value.keys().isdisjoint(_PARTS):
        value = value[part] if isinstance(value.get(part), dict) else {}
    if not isinstance(value, dict) or not value.keys() <= _NO_CONTENT:
        rows.tokens[number + PRESENT, None, "true"] = None


_PARTS = frozenset({"concept", "reference"})
_NO_CONTENT = frozenset({"id", "extension", "fhir_comments"})


def _token_writer(target: _Target) -> RowWriter:
    number, name, read = target.parameter.number, target.parameter.code, token_reader(target.type)
    granular, identifies = name in FILTERABLE, target.type == "Identifier"
    concept = "concept" if target.type == "CodeableReference" else ""
    caseless = target.version in CASELESS_VERSIONS

    def write_rows(rows: _Rows, value: Any) -> None:
        codings, texts = read(value)
        if not codings:
            _mark_element_present(rows, number, value, concept)
        for system, code in codings:
            rows.tokens[number, system, code.lower() if caseless else code] = None
            if granular:
                rows.codes[name, system, code] = None
                if caseless:
                    _add_caseless_code(rows, number, name, system, code)
        for text, raw in texts:
            rows.strings[number + TEXT, text, raw] = None
        if identifies and isinstance(value, dict) and "type" in value:
            for kind, identifier in index_values.read_of_type(value):
                rows.tokens[number + OF_TYPE, kind, identifier] = None

    return write_rows


def _add_caseless_code(rows: _Rows, number: int, name: str, system: str | None, code: str) -> None:
    """Adds the code in lower case, by which the stores list a patient's resources. Labels also keep it as it is written."""
    if name in LABELS:
        rows.tokens[number + AS_WRITTEN, system, code] = None
    else:
        rows.codes[name, system, code.lower()] = None


def _reference_writer(targets: Sequence[_Target]) -> RowWriter:
    """Reads the references of a path once for all its parameters."""
    version, type = targets[0].version, targets[0].type
    read, reference = reference_reader(type), "reference" if type == "CodeableReference" else ""
    has_display, identifies = version == "r5", type == "Reference"
    chosen = [
        (target.parameter.number, target.parameter.code == "patient", target.compartment, target.test) for target in targets
    ]

    def write_rows(rows: _Rows, value: Any) -> None:
        text = read(value)
        address = reference_target(text, rows.base) if text is not None else None
        has_more = has_display or (identifies and isinstance(value, dict) and "identifier" in value)
        for number, names, belongs, test in chosen:
            if test is None or (address is not None and address[0] == test.type) or test(value, rows.resource):
                if has_more:
                    _index_identifier(rows, number, version, type, value)
                if address is not None:
                    kind, id = address
                    rows.references[number, kind, id] = None
                    if kind == "Patient":
                        if belongs:
                            rows.patients[id] = None
                        if names:
                            rows.named[id] = None
                elif text is not None and is_absolute(text):
                    rows.uris[number, text] = None
                else:
                    _mark_element_present(rows, number, {"reference": value} if isinstance(value, str) else value, reference)

    return write_rows


def _index_identifier(rows: _Rows, number: int, version: str, type: str, value: Any) -> None:
    """Indexes the identifier in a reference, and since R5 its display, which can be searched too."""
    if isinstance(value, dict):
        if type == "Reference":
            for system, code in index_values.list_identifiers(value):
                rows.tokens[number + IDENTIFIER, system, code.lower() if version in CASELESS_VERSIONS else code] = None
        if version == "r5":
            for folded, raw in token_reader(type)(value)[1]:
                rows.strings[number + TEXT, folded, raw] = None


def _date_writer(target: _Target) -> RowWriter:
    number, read = target.parameter.number, date_reader(target.type)

    def write_rows(rows: _Rows, value: Any) -> None:
        ranges = read(value)
        if not ranges:
            _mark_element_present(rows, number, value)
        for low, high in ranges:
            rows.dates[number, low, high] = None

    return write_rows


def _string_writer(target: _Target) -> RowWriter:
    number, type = target.parameter.number, target.type

    def write_rows(rows: _Rows, value: Any) -> None:
        texts = index_values.extract_strings(value, type)
        if not texts:
            _mark_element_present(rows, number, value)
        for text, raw in texts:
            rows.strings[number, text, raw] = None

    return write_rows


def _number_writer(target: _Target) -> RowWriter:
    number, type = target.parameter.number, target.type

    def write_rows(rows: _Rows, value: Any) -> None:
        ranges = index_values.extract_numbers(value, type)
        if not ranges:
            _mark_element_present(rows, number, value)
        for low, high in ranges:
            rows.numbers[number, low, high] = None

    return write_rows


def _quantity_writer(target: _Target) -> RowWriter:
    number, read = target.parameter.number, quantity_reader(target.type)

    def write_rows(rows: _Rows, value: Any) -> None:
        amounts = read(value)
        if not amounts:
            _mark_element_present(rows, number, value)
        for system, code, low, high in amounts:
            rows.quantities[number, system, code, low, high] = None

    return write_rows


def _uri_writer(target: _Target) -> RowWriter:
    number = target.parameter.number

    def write_rows(rows: _Rows, value: Any) -> None:
        for text in index_values.extract_uris(value):
            rows.uris[number, text] = None

    return write_rows


def _special_writer(target: _Target) -> RowWriter:
    """Indexes `near` of Location, and R5's narratives of sections."""
    number, worded = target.parameter.number, target.parameter.code in full_text.WORDS

    def write_rows(rows: _Rows, value: Any) -> None:
        if worded:
            rows.strings |= dict.fromkeys((number, piece, piece) for piece in full_text.extract_narrative(value))
        position = index_values.extract_position(value)
        if position is not None:
            rows.positions[number, *position] = None

    return write_rows


_WRITERS: dict[Kind, Callable[[_Target], RowWriter]] = {
    "token": _token_writer,
    "date": _date_writer,
    "string": _string_writer,
    "number": _number_writer,
    "quantity": _quantity_writer,
    "uri": _uri_writer,
    "special": _special_writer,
}
