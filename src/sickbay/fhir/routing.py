"""Maps a method and a path below a FHIR base to an interaction, and a reference to its target. Compares exact strings; doesn't
normalise or decode.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from msgspec import Struct

from sickbay.fhir import unrouted
from sickbay.fhir.operations import registry as operation_registry
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.parameters import compartment_types, known_types, list_other_versions, nearest_of, resource_types
from sickbay.kernel.memoize import memoize

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


class Route(Struct, frozen=True, gc=False):
    """An interaction. letters: the "cruds" permissions that a token needs for it; "" if it needs none.

    interaction: capabilities, discovery, preflight, read, vread, history-instance, history-type, history-system, search-type,
    search-system, search-compartment, create, update, patch, delete, batch, operation, export-status, export-cancel,
    export-file (version_id is then the name of the file). type None: the whole server.
    """

    interaction: str
    letters: str = ""
    type: str | None = None
    id: str | None = None
    version_id: str | None = None
    compartment: tuple[str, str] | None = None
    """(type, id) for a compartment search; `type` is then the type to search, or None for `*`."""
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Misrouted:
    """A path or a method without a route. interaction, type: none, so that a caller needn't ask which of the two it has.

    status: 404 or 405. fault: the error for a rule to explain; only within this file None. nearest: a type of this version with
    a similar name. versions: other versions that have the type. sought: the unknown type or operation, and its type.
    """

    interaction: ClassVar[str] = ""
    type: ClassVar[None] = None
    status: int
    fault: RequestError | None = None
    sought: tuple[str, str | None] | None = None
    versions: tuple[str, ...] = ()
    nearest: str | None = None
    allowed: tuple[str, ...] = ()

    @property
    def allow(self) -> tuple[tuple[bytes, bytes], ...]:
        """The Allow header with the methods of the URL; empty if there is no such URL."""
        return ((b"allow", ", ".join(self.allowed).encode()),) if self.allowed else ()


JOBS = "$export"
_SYSTEM = {"GET": ("search-system", "s"), "HEAD": ("search-system", "s"), "POST": ("batch", "")}
_TYPE = {"GET": ("search-type", "s"), "HEAD": ("search-type", "s"), "POST": ("create", "c")}
_CONDITIONAL = {"PUT": ("update", "cus"), "PATCH": ("patch", "us"), "DELETE": ("delete", "ds")}
"""Conditional writes search first; an update that finds nothing creates."""
_WHOLE_TYPE = {**_TYPE, **_CONDITIONAL}
_INSTANCE = {
    "GET": ("read", "r"),
    "HEAD": ("read", "r"),
    "PUT": ("update", "u"),
    "PATCH": ("patch", "u"),
    "DELETE": ("delete", "d"),
}


def route(version: str, method: str, path: str) -> Route | Misrouted:
    """Returns the interaction for `method` and `path`, the part after the base as sent: "", "/metadata", "/Patient/1".

    The path is still percent-encoded. Ids and types need no encoding, so an encoded one isn't found: each resource has one
    URL. GET on the base is a system search; conditional writes use the type's URL without an id.
    """
    routed = route_without_suggestions(version, method, path)
    return routed if isinstance(routed, Route) else add_suggestion(version, routed)


def route_without_suggestions(version: str, method: str, path: str) -> Route | Misrouted:
    """Returns the same as `route`, but without similar names for an unknown type or operation, because they take time."""
    before, _, rest = path.partition("/")
    type, slash, id = rest.partition("/")
    if slash and not before and method in _INSTANCE and type in known_types(version) and ID.fullmatch(id):  # most requests
        return Route(*_INSTANCE[method], type, id)
    return _route(version, method, path)


@memoize(256)
def _route(version: str, method: str, path: str) -> Route | Misrouted:
    routed = _find_route(version, method, path)
    if isinstance(routed, Route) or (routed.fault is not None and routed.fault.rule not in unrouted.MISSPELLED):
        return routed
    segments = path.split("/")
    has_id = len(segments) > 2 and ID.fullmatch(segments[2]) is not None
    is_posted = has_id and len(segments) == 3 and method == "POST"  # then it isn't an id
    may_be_misspelled = is_posted or not routed.allowed
    if may_be_misspelled and (meant := unrouted.find_misspelling(version, method, segments, has_id, is_posted)):
        return Misrouted(404, *meant)
    return routed if routed.fault is not None else replace(routed, fault=unrouted.make_error(method, path, routed.allowed))


def _find_route(version: str, method: str, path: str) -> Route | Misrouted:
    if path == "/":
        path = ""
    if method == "OPTIONS":  # DSTU2 also serves its Conformance resource there
        return Route("capabilities" if version == "dstu2" and not path else "preflight")
    if path == "/metadata":
        return _route_by_method({"GET": ("capabilities", ""), "HEAD": ("capabilities", "")}, method)
    if path.startswith("/.well-known/"):
        return Route("discovery") if method in ("GET", "HEAD") else Misrouted(405, allowed=("GET", "HEAD"))
    if path and not path.startswith("/"):
        return Misrouted(404)
    if "//" in path:
        single = "/" + "/".join(filter(None, path.split("/")))
        return Misrouted(404, RequestError("fhir-base-double-slash", "path", path, single))
    segments = path.split("/")[1:]
    if "" in segments:
        return Misrouted(404, RequestError("fhir-path-trailing-slash", "path", path, path.rstrip("/")))
    return _route_by_segments(version, method, segments)


def _route_by_segments(version: str, method: str, segments: list[str]) -> Route | Misrouted:
    if not segments:
        return _route_by_method(_SYSTEM, method)
    head, *rest = segments
    if head == "_search" and not rest:
        return _route_by_method({"POST": ("search-system", "s")}, method)
    if head == "_history" and not rest:
        return _route_by_method(_get_or_head("history-system", "s"), method)
    if head.startswith("$") and not rest:
        return _route_operation(version, method, head[1:])
    if head == JOBS and rest:
        return _route_job(method, rest)
    if head not in known_types(version):
        return _unknown_type(version, head, rest)
    return _route_type(version, method, head, rest)


def _route_type(version: str, method: str, type: str, rest: list[str]) -> Route | Misrouted:
    if not rest:
        return _route_by_method(_WHOLE_TYPE, method, type)
    head, *more = rest
    if not more:
        if head == "_search":
            return _route_by_method({"POST": ("search-type", "s")}, method, type)
        if head == "_history":
            return _route_by_method(_get_or_head("history-type", "s"), method, type)
        if head.startswith("$"):
            return _route_operation(version, method, head[1:], type)
    if not ID.fullmatch(head):
        return Misrouted(404, _bad_id(type, head, more))
    return _route_instance(version, method, type, head, more)


def _bad_id(type: str, head: str, more: list[str]) -> RequestError:
    """Reports an invalid id. A slash in an id, as in some MRNs, splits it into several segments, so they are joined again.

    An operation or the history, and what follows it, isn't part of the id.
    """
    end = next((place for place, segment in enumerate(more) if segment.startswith(("$", "_"))), len(more))
    received = "/".join([head, *more[:end]])
    return RequestError("fhir-id-invalid", "id", received, f"{type}/<id> of 1 to 64 letters, digits, '-' or '.'")


def _route_instance(version: str, method: str, type: str, id: str, rest: list[str]) -> Route | Misrouted:
    if not rest:
        return _route_by_method(_INSTANCE, method, type, id)
    head, *more = rest
    if head == "_history":
        return _route_history(method, type, id, more)
    if head.startswith("$") and not more:
        return _route_operation(version, method, head[1:], type, id)
    if head == "*" or head in known_types(version):
        if (more and more != ["_search"]) or not compartment_types(version, type):
            return Misrouted(404)
        methods = {"POST": ("search-compartment", "s")} if more else _get_or_head("search-compartment", "s")
        matched = _route_by_method(methods, method, None if head == "*" else head)
        return matched if isinstance(matched, Misrouted) else _move_into_compartment(matched, type, id)
    if head[:1].isupper() and not more:
        return _unknown_type(version, head, [])
    return Misrouted(404)


def _route_operation(version: str, method: str, name: str, type: str | None = None, id: str | None = None) -> Route | Misrouted:
    operation = operation_registry.find_operation(version, name, type, id)
    if operation is None:
        fault = RequestError("fhir-operation-unknown", "operation", f"${name}", "an operation in the CapabilityStatement")
        return Misrouted(404, fault, (name, type))
    if method not in operation.methods and not (method == "HEAD" and "GET" in operation.methods):
        return Misrouted(405, allowed=operation.methods)
    return Route("operation", operation.letters, type, id, operation=name)


def _route_job(method: str, rest: list[str]) -> Route | Misrouted:
    """Routes the URLs of an export, for its status, cancellation and files: $export/<job> and $export/<job>/<file>."""
    if len(rest) > 2 or not all(ID.fullmatch(segment) for segment in rest):
        return Misrouted(404)
    file = {"GET": ("export-file", ""), "HEAD": ("export-file", "")}
    job = {"GET": ("export-status", ""), "HEAD": ("export-status", ""), "DELETE": ("export-cancel", "")}
    matched = _route_by_method(file if len(rest) == 2 else job, method, None, rest[0])
    return (
        matched
        if isinstance(matched, Misrouted)
        else Route(matched.interaction, "", None, rest[0], rest[1] if rest[1:] else None)
    )


def _move_into_compartment(route: Route, type: str, id: str) -> Route:
    return Route(route.interaction, route.letters, route.type, compartment=(type, id))


def _route_history(method: str, type: str, id: str, rest: list[str]) -> Route | Misrouted:
    if not rest:
        return _route_by_method(_get_or_head("history-instance", "r"), method, type, id)
    if len(rest) > 1 or not ID.fullmatch(rest[0]):
        return Misrouted(404)
    matched = _route_by_method(_get_or_head("vread", "r"), method, type, id)
    return matched if isinstance(matched, Misrouted) else Route("vread", "r", type, id, rest[0])


def _get_or_head(interaction: str, letters: str) -> dict[str, tuple[str, str]]:
    """Returns the methods of a read. HEAD is the same as GET without the body."""
    return {"GET": (interaction, letters), "HEAD": (interaction, letters)}


def _route_by_method(
    methods: dict[str, tuple[str, str]], method: str, type: str | None = None, id: str | None = None
) -> Route | Misrouted:
    interaction = methods.get(method)
    return Misrouted(405, allowed=tuple(methods)) if interaction is None else Route(*interaction, type, id)


def _unknown_type(version: str, name: str, rest: list[str]) -> Misrouted:
    elsewhere = list_other_versions(version, name)
    rule = "fhir-resource-wrong-version" if elsewhere else "fhir-resource-unknown"
    fault = RequestError(rule, "type", name, "a resource type of this version")
    return Misrouted(404, fault, (name, None), elsewhere)


def add_suggestion(version: str, misrouted: Misrouted) -> Misrouted:
    """Returns the same with the known type or operation that was probably meant."""
    if misrouted.sought is None or misrouted.fault is None:
        return misrouted
    name, type = misrouted.sought
    if misrouted.fault.parameter == "operation":
        return replace(
            misrouted, fault=replace(misrouted.fault, expected=operation_registry.suggest_operations(version, name, type))
        )
    near = _nearest_type(version, name)
    fault = misrouted.fault if near is None else replace(misrouted.fault, expected=near)
    return replace(misrouted, fault=fault, nearest=near)


@memoize(256)
def _nearest_type(version: str, name: str) -> str | None:
    return COUNTERPARTS.get((version, name)) or nearest_of(name.rstrip("s") or name, resource_types(version))


COUNTERPARTS = {
    ("r4", "MedicationOrder"): "MedicationRequest",
    ("dstu2", "MedicationRequest"): "MedicationOrder",
    ("r4", "Conformance"): "CapabilityStatement",
    ("dstu2", "CapabilityStatement"): "Conformance",
    ("r4", "DiagnosticOrder"): "ServiceRequest",
    ("r4", "ProcedureRequest"): "ServiceRequest",
    ("r4", "ReferralRequest"): "ServiceRequest",
    ("dstu2", "ServiceRequest"): "DiagnosticOrder",
    ("r4", "BodySite"): "BodyStructure",
    ("dstu2", "BodyStructure"): "BodySite",
    ("r4", "DeviceUseRequest"): "DeviceRequest",
    ("dstu2", "DeviceRequest"): "DeviceUseRequest",
    ("r4", "EligibilityRequest"): "CoverageEligibilityRequest",
    ("r4", "EligibilityResponse"): "CoverageEligibilityResponse",
    ("dstu2", "CareTeam"): "CarePlan",
    ("dstu2", "PractitionerRole"): "Practitioner",
}
"""(version, name in another version) -> name in this version, for names that aren't similar."""


@memoize(16_384)
def reference_target(reference: str, base: str) -> tuple[str, str] | None:
    """Returns (type, id) of `Type/id` or `{base}/Type/id`, without a version. None if it is contained, logical or external."""
    local = reference.removeprefix(base + "/") if reference.startswith(base + "/") else reference
    parts = local.split("/")
    if len(parts) == 4 and parts[2] == "_history":
        parts = parts[:2]
    if len(parts) != 2 or not parts[0].isalpha() or not ID.fullmatch(parts[1]):
        return None
    return parts[0], parts[1]


def is_absolute(reference: str) -> bool:
    """Whether the reference is a URL or a URN."""
    return "://" in reference or reference.startswith("urn:")
