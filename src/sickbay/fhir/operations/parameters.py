"""Reads the parameters of an operation from a query, a form, or a Parameters resource in the body."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

from msgspec import Struct, field

from sickbay.fhir import lossless_json
from sickbay.fhir.dates import is_instant, parse_span
from sickbay.fhir.operations import registry as operation_registry
from sickbay.fhir.operations.registry import Kind, Operation
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Route
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.parameters import DEFINED_LATER, known_types, nearest_of
from sickbay.fhir.search.parser_state import SUGGESTED
from sickbay.fhir.search.query import Query
from sickbay.fhir.search.result_parameters import RESULTS
from sickbay.fhir.search.routes import find_types
from sickbay.fhir.subset import is_element, suggest_element
from sickbay.fhir.xml import reader as xml_reader
from sickbay.protocol.parameters import parse

RULE = "fhir-operation-parameter"
COMMON = ("_format", "_pretty", "access_token")


SINGLE = ("date", "instant", "integer", "boolean")
"""Kinds of parameters that have one value in every operation."""
ASSOCIATED = "includeAssociatedData"
NO_REFERENCES = "_noReferencedResources"
"""A value defined by this server. The Bulk Data specification reserves names starting with _ for servers."""
_ANY = Operation("export", "system", None, "", "", {})


class OperationInput(Struct, frozen=True):
    """primitives: their values by name, in order. objects: complex values by name, such as resource, meta or coding."""

    primitives: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    pairs: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str | None:
        texts = self.primitives.get(name)
        return texts[0] if texts else None

    def values(self, name: str) -> tuple[str, ...]:
        """Returns the values of a parameter that may be repeated or comma-separated."""
        return tuple(value for text in self.primitives.get(name, ()) for value in text.split(",") if value)

    def count(self, name: str, otherwise: int) -> int:
        text = self.value(name)
        return otherwise if text is None else int(text)

    def since(self, name: str) -> tuple[int, int] | None:
        """Returns the period that a date or an instant covers."""
        text = self.value(name)
        return None if text is None else parse_span(text.replace(" ", "+"))


def read(
    version: str, operation: Operation, pairs: Sequence[tuple[str, str]], body: str, lenient: bool = False
) -> OperationInput | tuple[RequestError, ...]:
    """Returns the parameters, or all errors in them (never an empty tuple). lenient: unknown parameters are ignored.

    body: "" or JSON. The fields of a form are already in `pairs`.
    """
    values = [(name, text) for name, text in pairs if name not in COMMON]
    objects: dict[str, Any] = {}
    if body and operation.methods and not _is_form(body, pairs):
        content = _read_body(version, operation, body)
        if isinstance(content, RequestError):
            return (content,)
        values += content[0]
        objects = content[1]
    if version == "dstu2" and operation.name in operation_registry.IDENTIFIED:
        values = [("url" if name == "identifier" else name, text) for name, text in values]
    params = OperationInput(_texts_by_name(values), objects, tuple(values))
    if operation.takes is None:
        return tuple(_check_lastn(version, params)) or params
    errors = [
        *_refuse_unknown(operation, params, lenient),
        *_errors_of_parameters(version, operation, params),
        *_refuse_missing_parameters(operation, params),
    ]
    errors = [fault for fault in errors if not lenient or fault.parameter != ASSOCIATED]
    return tuple(errors) if errors else params


def read_input(
    version: str, route: Route, pairs: Sequence[tuple[str, str]], body: str, lenient: bool = False
) -> OperationInput:
    """Returns the parameters of the operation at this URL, or no parameters if they have errors."""
    operation = operation_registry.find_operation(version, route.operation or "", route.type, route.id)
    result = OperationInput() if operation is None else read(version, operation, pairs, body, lenient)
    return result if isinstance(result, OperationInput) else OperationInput()


def find_errors(
    version: str, route: Route, pairs: Sequence[tuple[str, str]], body: str, lenient: bool = False
) -> tuple[RequestError, ...]:
    """Returns the errors in the parameters of the operation at this URL."""
    operation = operation_registry.find_operation(version, route.operation or "", route.type, route.id)
    result = OperationInput() if operation is None else read(version, operation, pairs, body, lenient)
    return () if isinstance(result, OperationInput) else result


def list_types(version: str, route: Route, pairs: Sequence[tuple[str, str]], body: str) -> tuple[str, ...]:
    """Returns the types, other than the one in the URL, for which the operation needs scopes."""
    operation = operation_registry.find_operation(version, route.operation or "", route.type, route.id)
    if operation is None:
        return ()
    result = read(version, operation, pairs, body, lenient=True)
    if not isinstance(result, OperationInput):
        return ()
    mentioned = [name for type, search in type_filters(result) for name in (type, *find_types(version, type, search))]
    return operation_registry.list_types(operation, (*result.values("_type"), *mentioned))


def list_values_in_body(version: str, body: str, name: str) -> tuple[str, ...]:
    """Returns the values of a parameter in a Parameters body; none for any other body, which is reported elsewhere."""
    if not body.lstrip().startswith(("{", "<")):
        return ()
    content = _read_body(version, _ANY, body)
    return () if isinstance(content, RequestError) else tuple(text for key, text in content[0] if key == name)


def type_filters(params: OperationInput) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Returns the type and the search of each `_typeFilter=Type?search`, repeated or comma-separated."""
    texts = [item for text in params.primitives.get("_typeFilter", ()) for item in re.split(r",(?=[A-Z][A-Za-z]*\?)", text)]
    return [(type, parse(query).pairs) for type, _, query in (item.partition("?") for item in texts)]


def _is_form(body: str, pairs: Sequence[tuple[str, str]]) -> bool:
    return not body.lstrip().startswith(("{", "[", "<")) and bool(pairs)


def _read_body(version: str, operation: Operation, body: str) -> tuple[list[tuple[str, str]], dict[str, Any]] | RequestError:
    try:
        document = xml_reader.loads(version, body.encode()) if body.lstrip().startswith("<") else lossless_json.loads(body)
    except ValueError as error:
        return RequestError(RULE, "body", str(error), "Parameters as JSON or XML")
    kind = document.get("resourceType") if isinstance(document, dict) else None
    if kind != "Parameters":
        if "resource" in (operation.takes or {}) and kind is not None:
            return [], {"resource": document}
        return RequestError(
            RULE,
            "body",
            str(kind),
            f'Parameters, as in {{"resourceType": "Parameters", "parameter": [{{"name": "{_example_url(operation)}"}}]}}',
        )
    parts = document.get("parameter", [])
    texts: list[tuple[str, str]] = []
    objects: dict[str, Any] = {}
    for part in parts if isinstance(parts, list) else []:
        if not isinstance(part, dict) or not isinstance(part.get("name"), str):
            return RequestError(RULE, "body", "a parameter without a name", "a name for each parameter")
        _read_part(part, texts, objects)
    return texts, objects


def _read_part(part: dict[str, Any], texts: list[tuple[str, str]], objects: dict[str, Any]) -> None:
    name = part["name"]
    if "resource" in part:
        objects[name] = part["resource"]
    for key, value in part.items():
        if not key.startswith("value"):
            continue
        if isinstance(value, bool):
            texts.append((name, "true" if value else "false"))
        elif isinstance(value, dict) and isinstance(value.get("reference"), str):
            texts.append((name, value["reference"]))
        elif isinstance(value, dict):
            objects[name] = value
        else:
            texts.append((name, str(value)))


def _texts_by_name(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    by_name: dict[str, list[str]] = {}
    for name, text in pairs:
        by_name.setdefault(name, []).append(text)
    return by_name


def _example_url(operation: Operation) -> str:
    return next(iter((*operation.required, *(operation.takes or ()))), "name")


def _refuse_unknown(operation: Operation, params: OperationInput, lenient: bool) -> list[RequestError]:
    takes = operation.takes or {}
    if lenient:
        return []
    unknown_names = [name for name in (*params.primitives, *params.objects) if name not in takes]
    return [
        RequestError(RULE, name, params.value(name) or "", nearest_of(name, takes) or "one of " + (", ".join(takes) or "none"))
        for name in unknown_names[:SUGGESTED]
    ]


def _refuse_missing_parameters(operation: Operation, params: OperationInput) -> list[RequestError]:
    return [
        RequestError(RULE, name, "", f"{name}=…")
        for name in operation.required
        if not params.value(name) and name not in params.objects
    ]


def _errors_of_parameters(version: str, operation: Operation, params: OperationInput) -> list[RequestError]:
    takes = operation.takes or {}
    errors = []
    for name, texts in params.primitives.items():
        if len(texts) > 1 and takes.get(name) in SINGLE:
            errors.append(RequestError(RULE, name, ", ".join(texts[:SUGGESTED]), f"{name} once"))
            continue
        for text in texts:
            expected = _find_example(takes.get(name, "any"), text)
            if expected is not None:
                rule = "fhir-date-malformed" if takes[name] in ("date", "instant") else RULE
                errors.append(RequestError(rule, name, text, expected))
    wrong = [type for type in params.values("_type") if type not in known_types(version)] if "_type" in takes else []
    for type in wrong[:SUGGESTED]:
        errors.append(RequestError(RULE, "_type", type, nearest_of(type, known_types(version)) or "a resource type"))
    for text in params.values(ASSOCIATED) if ASSOCIATED in takes else ():
        if text != NO_REFERENCES:
            errors.append(RequestError(RULE, ASSOCIATED, text, NO_REFERENCES))
    if "_typeFilter" in takes:
        errors += [
            error for type, search in type_filters(params) for error in _check_type_filter(version, params, type, search)
        ]
    if "_elements" in takes and operation.name == "export":
        types = tuple(dict.fromkeys(params.values("_type")))
        found = (_check_element_name(version, types, name) for name in dict.fromkeys(params.values("_elements")))
        errors += islice(filter(None, found), SUGGESTED)
    return errors


def _check_element_name(version: str, types: Sequence[str], name: str) -> RequestError | None:
    """Checks an element name: against its own type if it has one, otherwise against the exported types."""
    own = name.partition(".")[0] if name[:1].isupper() and "." in name else ""
    if own and own not in known_types(version):
        return RequestError(RULE, "_elements", name, nearest_of(own, known_types(version)) or "a resource type")
    of = (own,) if own else types
    if not of or any(is_element(version, type, name) for type in of):
        return None
    return RequestError(RULE, "_elements", name, suggest_element(version, of[0], name).partition("=")[2])


def read_newest(params: OperationInput) -> int | None:
    """Returns how many observations of each code $lastn should return; None if that isn't a number from 1 to 1000."""
    most = params.value("max") or "1"
    number = int(most) if re.fullmatch(r"\d{1,4}", most, re.ASCII) else 0
    return number if 0 < number <= 1000 else None


def newest_search(version: str, params: OperationInput) -> list[tuple[str, str]]:
    """Returns the search in the parameters of $lastn, without those for order and paging, which the operation sets."""
    own = ("max", "_sort", "_count", "_total", "_summary", "_cursor")
    pairs = [pair for pair in params.pairs if pair[0] not in own]
    uncounted = [("_total", "none")] if "_total" not in DEFINED_LATER.get(version, ()) else []
    return [*pairs, ("_sort", "-date"), ("_count", "1000"), *uncounted]


def _check_lastn(version: str, params: OperationInput) -> list[RequestError]:
    wrong = (
        [] if read_newest(params) else [RequestError(RULE, "max", params.value("max") or "", "a whole number from 1 to 1000")]
    )
    query = search_parser.parse(version, "Observation", newest_search(version, params), base="", strict=True)
    return wrong if isinstance(query, Query) else [*wrong, *query]


def _check_type_filter(
    version: str, params: OperationInput, type: str, search: tuple[tuple[str, str], ...]
) -> Sequence[RequestError]:
    exported = not params.values("_type") or type in params.values("_type")
    if type not in known_types(version) or not exported or not search:  # a filter without criteria would filter nothing
        return (RequestError(RULE, "_typeFilter", type, "<Type>?<search>, with a type that is exported"),)
    result = next((name for name, _ in search if name.partition(":")[0] in RESULTS), None)
    if result is not None:  # these must not be used there (Bulk Data Access 2.0, _typeFilter query parameter)
        return (RequestError(RULE, "_typeFilter", result, "only search parameters that select resources"),)
    query = search_parser.parse(version, type, search, base="", strict=True)
    return () if isinstance(query, Query) else query


def _find_example(kind: Kind, text: str) -> str | None:
    """Returns an example of a valid value; None if `text` is valid."""
    match kind:
        case "date":
            return None if parse_span(text.replace(" ", "+")) else "2026-01-31"
        case "instant":
            return None if is_instant(text.replace(" ", "+")) else "2026-01-31T10:00:00Z"
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
