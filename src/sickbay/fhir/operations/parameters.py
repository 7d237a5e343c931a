"""Reading what an operation is given: a query, a form, or Parameters in the body become one set of values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sickbay.fhir import lossless_json
from sickbay.fhir.dates import span
from sickbay.fhir.operations import registry as operation_registry
from sickbay.fhir.operations.registry import Kind, Operation
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Route
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.parameters import known_types, nearest_of
from sickbay.fhir.search.query import Query
from sickbay.fhir.search.types import named
from sickbay.fhir.subset import unknown
from sickbay.fhir.xml import reader as xml_reader
from sickbay.protocol.parameters import parse

RULE = "fhir-operation-parameter"
COMMON = ("_format", "_pretty", "access_token")


ASSOCIATED = "includeAssociatedData"
NO_REFERENCES = "_noReferencedResources"
"""A value of our own: the Bulk Data guide leaves names with _ in front to servers."""
_ANY = Operation("export", "system", None, "", "", {})


@dataclass(frozen=True, slots=True)
class OperationInput:
    """texts: what is a text, in order, by name. things: what is a structure (resource, meta, coding), by name."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)
    pairs: tuple[tuple[str, str], ...] = ()

    def one(self, name: str) -> str | None:
        found = self.texts.get(name)
        return found[0] if found else None

    def listed(self, name: str) -> tuple[str, ...]:
        """Repeated, or separated by commas."""
        return tuple(one for text in self.texts.get(name, ()) for one in text.split(",") if one)

    def count(self, name: str, otherwise: int) -> int:
        text = self.one(name)
        return otherwise if text is None else int(text)

    def since(self, name: str) -> tuple[int, int] | None:
        """The range of a date or an instant."""
        text = self.one(name)
        return None if text is None else span(text.replace(" ", "+"))


def read(
    version: str, operation: Operation, pairs: Sequence[tuple[str, str]], body: str, lenient: bool = False
) -> OperationInput | tuple[RequestError, ...]:
    """What was given, or every fault in it (never an empty tuple). lenient: what is not known is left out.

    body: "" or JSON; a form stands in `pairs` already.
    """
    kept = [(name, text) for name, text in pairs if name not in COMMON]
    things: dict[str, Any] = {}
    if body and operation.methods and not _is_form(body, pairs):
        found = _body(version, operation, body)
        if isinstance(found, RequestError):
            return (found,)
        kept += found[0]
        things = found[1]
    if version == "dstu2" and operation.name in operation_registry.IDENTIFIED:
        kept = [("url" if name == "identifier" else name, text) for name, text in kept]
    given = OperationInput(_texts(kept), things, tuple(kept))
    if operation.takes is None:
        return tuple(_of_newest(version, given)) or given
    faults = [*_unknown(operation, given, lenient), *_faults(version, operation, given), *_missing(operation, given)]
    faults = [fault for fault in faults if not lenient or fault.parameter != ASSOCIATED]
    return tuple(faults) if faults else given


def given(version: str, found: Route, pairs: Sequence[tuple[str, str]], body: str, lenient: bool = False) -> OperationInput:
    """What the operation of this address is given, where nothing is wrong with it."""
    operation = operation_registry.find(version, found.operation or "", found.type, found.id)
    read_ = OperationInput() if operation is None else read(version, operation, pairs, body, lenient)
    return read_ if isinstance(read_, OperationInput) else OperationInput()


def faults(
    version: str, found: Route, pairs: Sequence[tuple[str, str]], body: str, lenient: bool = False
) -> tuple[RequestError, ...]:
    """What is wrong with what the operation of this address is given."""
    operation = operation_registry.find(version, found.operation or "", found.type, found.id)
    told = OperationInput() if operation is None else read(version, operation, pairs, body, lenient)
    return () if isinstance(told, OperationInput) else told


def involved(version: str, found: Route, pairs: Sequence[tuple[str, str]], body: str) -> tuple[str, ...]:
    """The types besides that of the address whose scopes the operation needs."""
    operation = operation_registry.find(version, found.operation or "", found.type, found.id)
    if operation is None:
        return ()
    told = read(version, operation, pairs, body, lenient=True)
    if not isinstance(told, OperationInput):
        return ()
    named_ = [one for type, asked in type_filters(told) for one in (type, *named(version, type, asked))]
    return operation_registry.involved(operation, (*told.listed("_type"), *named_))


def in_body(version: str, body: str, name: str) -> tuple[str, ...]:
    """The values of this name in Parameters; none if the body is something else, which other faults say."""
    if not body.lstrip().startswith(("{", "<")):
        return ()
    found = _body(version, _ANY, body)
    return () if isinstance(found, RequestError) else tuple(text for key, text in found[0] if key == name)


def type_filters(told: OperationInput) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Type and search of each `_typeFilter=Type?search`, repeated or separated by commas."""
    texts = [one for text in told.texts.get("_typeFilter", ()) for one in re.split(r",(?=[A-Z][A-Za-z]*\?)", text)]
    return [(type, parse(query).pairs) for type, _, query in (one.partition("?") for one in texts)]


def _is_form(body: str, pairs: Sequence[tuple[str, str]]) -> bool:
    return not body.lstrip().startswith(("{", "[", "<")) and bool(pairs)


def _body(version: str, operation: Operation, body: str) -> tuple[list[tuple[str, str]], dict[str, Any]] | RequestError:
    try:
        found = xml_reader.loads(version, body.encode()) if body.lstrip().startswith("<") else lossless_json.loads(body)
    except ValueError as error:
        return RequestError(RULE, "body", str(error), "Parameters as JSON or XML")
    kind = found.get("resourceType") if isinstance(found, dict) else None
    if kind != "Parameters":
        if "resource" in (operation.takes or {}) and kind is not None:
            return [], {"resource": found}
        return RequestError(
            RULE,
            "body",
            str(kind),
            f'Parameters, as in {{"resourceType": "Parameters", "parameter": [{{"name": "{_example(operation)}"}}]}}',
        )
    parts = found.get("parameter", [])
    texts: list[tuple[str, str]] = []
    things: dict[str, Any] = {}
    for one in parts if isinstance(parts, list) else []:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            return RequestError(RULE, "body", "a parameter without a name", "a name for each parameter")
        _part(one, texts, things)
    return texts, things


def _part(one: dict[str, Any], texts: list[tuple[str, str]], things: dict[str, Any]) -> None:
    name = one["name"]
    if "resource" in one:
        things[name] = one["resource"]
    for key, value in one.items():
        if not key.startswith("value"):
            continue
        if isinstance(value, bool):
            texts.append((name, "true" if value else "false"))
        elif isinstance(value, dict) and isinstance(value.get("reference"), str):
            texts.append((name, value["reference"]))
        elif isinstance(value, dict):
            things[name] = value
        else:
            texts.append((name, str(value)))


def _texts(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, text in pairs:
        found.setdefault(name, []).append(text)
    return found


def _example(operation: Operation) -> str:
    return next(iter((*operation.required, *(operation.takes or ()))), "name")


def _unknown(operation: Operation, given: OperationInput, lenient: bool) -> list[RequestError]:
    takes = operation.takes or {}
    if lenient:
        return []
    return [
        RequestError(RULE, name, given.one(name) or "", nearest_of(name, takes) or "one of " + (", ".join(takes) or "none"))
        for name in (*given.texts, *given.things)
        if name not in takes
    ]


def _missing(operation: Operation, given: OperationInput) -> list[RequestError]:
    return [
        RequestError(RULE, name, "", f"{name}=…")
        for name in operation.required
        if not given.one(name) and name not in given.things
    ]


def _faults(version: str, operation: Operation, given: OperationInput) -> list[RequestError]:
    takes = operation.takes or {}
    found = []
    for name, texts in given.texts.items():
        for text in texts:
            right = _wrong(takes.get(name, "any"), text)
            if right is not None:
                rule = "fhir-date-malformed" if takes[name] in ("date", "instant") else RULE
                found.append(RequestError(rule, name, text, right))
    for type in given.listed("_type") if "_type" in takes else ():
        if type not in known_types(version):
            found.append(RequestError(RULE, "_type", type, nearest_of(type, known_types(version)) or "a resource type"))
    for text in given.listed(ASSOCIATED) if ASSOCIATED in takes else ():
        if text != NO_REFERENCES:
            found.append(RequestError(RULE, ASSOCIATED, text, NO_REFERENCES))
    if "_typeFilter" in takes:
        found += [fault for type, asked in type_filters(given) for fault in _filter(version, given, type, asked)]
    if "_elements" in takes and operation.name == "export":
        found += [fault for name in given.listed("_elements") if (fault := _element(version, given, name))]
    return found


def _element(version: str, given: OperationInput, name: str) -> RequestError | None:
    """Of one type where it says so, else of some of those that are exported."""
    own = name.partition(".")[0] if name[:1].isupper() and "." in name else ""
    if own and own not in known_types(version):
        return RequestError(RULE, "_elements", name, nearest_of(own, known_types(version)) or "a resource type")
    said = [unknown(version, type, name) for type in ([own] if own else given.listed("_type"))]
    return RequestError(RULE, "_elements", name, str(said[0]).partition("=")[2]) if said and None not in said else None


def newest(given: OperationInput) -> int | None:
    """How many of each code $lastn is to give; None where that is no number from 1 to 1000."""
    most = given.one("max") or "1"
    number = int(most) if re.fullmatch(r"\d{1,4}", most, re.ASCII) else 0
    return number if 0 < number <= 1000 else None


def newest_search(given: OperationInput) -> list[tuple[str, str]]:
    """The other parameters of $lastn are those of a search, but for order and pages, which it has of its own."""
    own = ("max", "_sort", "_count", "_total", "_summary", "_cursor")
    kept = [pair for pair in given.pairs if pair[0] not in own]
    return [*kept, ("_sort", "-date"), ("_count", "1000"), ("_total", "none")]


def _of_newest(version: str, given: OperationInput) -> list[RequestError]:
    wrong = [] if newest(given) else [RequestError(RULE, "max", given.one("max") or "", "a whole number from 1 to 1000")]
    query = search_parser.parse(version, "Observation", newest_search(given), base="", strict=True)
    return wrong if isinstance(query, Query) else [*wrong, *query]


def _filter(version: str, given: OperationInput, type: str, asked: tuple[tuple[str, str], ...]) -> Sequence[RequestError]:
    if type not in known_types(version) or (given.listed("_type") and type not in given.listed("_type")):
        return (RequestError(RULE, "_typeFilter", type, "<Type>?<search>, of a type that is exported"),)
    query = search_parser.parse(version, type, asked, base="", strict=True)
    return () if isinstance(query, Query) else query


def _wrong(kind: Kind, text: str) -> str | None:
    """How it would be right; None where it is."""
    match kind:
        case "date":
            return None if span(text.replace(" ", "+")) else "2026-01-31"
        case "instant":
            return None if "T" in text and span(text.replace(" ", "+")) else "2026-01-31T10:00:00Z"
        case "integer":
            return None if re.fullmatch(r"\d{1,6}", text, re.ASCII) else "a whole number"
        case "boolean":
            return None if text in ("true", "false") else "true or false"
        case "reference":
            return None if re.fullmatch(r"(.*/)?Patient/[A-Za-z0-9.-]{1,64}", text, re.ASCII) else "Patient/<id>"
        case "code":
            return None if re.fullmatch(r"[^\s]+", text) else "a code"
        case _:
            return None
