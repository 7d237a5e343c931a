"""Checks of FHIR requests that can't be answered as sent: URL, type, representation, and what a search must contain.

They run after the checks of access, whose refusals come first. `context.faults` has the errors that `fhir` found in URL, Accept
and search; the checks here turn it into refusals, and apply the tenant's search policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from sickbay.authorization.access.content_types import content_type_is_a_fhir_format, search_body_is_a_form_if_sent
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import UNKNOWN_SERVER, AccessToken, Server
from sickbay.authorization.refusals import search as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.media import negotiate
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Misrouted, route
from sickbay.fhir.search.parameters import DEFINED_LATER, compartment_types, find, known_types, list_other_versions
from sickbay.fhir.search.routes import SEARCHES, searched_types
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import Check, Refusal, RefusalType
from sickbay.kernel.memoize import cache_results, memoize
from sickbay.protocol import scopes

SearchCheck: TypeAlias = Check[AccessRequest, AccessContext]

UNDEFINED = ("undefined", "null", "None", "NaN", "[object Object]", "[object%20Object]")
"""Texts that scripts insert for a missing value."""
PATIENT_KEYS = ("patient", "subject", "_id")
CATEGORY_TYPES = ("Observation", "CarePlan")
NOT_NARROWING = ("active", "deceased", "_lastUpdated", "_profile", "_security", "_source", "_tag", "_language")
_NARROWING_COMMON = ("_id", "_has")


def find_request_errors(request: AccessRequest, version: str) -> tuple[RequestError, ...]:
    """Returns the faults of URL and Accept; those of the search itself come from fhir.search.parser."""
    routed = route(version, request.method, request.path)
    at_address = (routed.fault,) if isinstance(routed, Misrouted) and routed.fault else find_missing_id(request)
    at_address += find_empty_condition(request)
    media = negotiate(version, request.headers.get("accept"), request.parameters.get("_format"))
    if media.content_type is not None:
        return at_address
    return (*at_address, RequestError("fhir-accept-unsupported", "Accept", media.asked, VERSIONS[version].json))


def find_missing_id(request: AccessRequest) -> tuple[RequestError, ...]:
    """The fault of an update, patch or delete at the URL of a type without a condition."""
    is_change = request.interaction in ("update", "patch", "delete")
    if not is_change or request.id is not None or request.parameters.raw:
        return ()
    return (RequestError("fhir-write-without-id", "method", request.method, request.type or ""),)


def find_empty_condition(request: AccessRequest) -> tuple[RequestError, ...]:
    """The fault of a create with an empty If-None-Exist."""
    condition = request.headers.get("if-none-exist") if request.interaction == "create" else None
    if condition is None or condition.strip():
        return ()
    return (RequestError("fhir-condition-empty", "If-None-Exist", "", request.type or ""),)


def make_error_check(kind: RefusalType, name: str) -> SearchCheck:
    """Makes a check that `fhir` found no fault of the rule with this name."""

    def decide(request: AccessRequest, context: AccessContext) -> Refusal | None:
        refusal = _refuse_search(kind, context)
        if refusal is not None and request.base.rpartition("/")[2] == refusal.facts["received"]:
            return replace(refusal, facts={**refusal.facts, "of_base": True})
        return refusal

    decide.__name__ = name
    return check(inputs="faults")(decide)


def _refuse_search(kind: RefusalType, context: AccessContext) -> Refusal | None:
    fault = next((candidate for candidate in context.faults if candidate.rule == kind.name), None)
    if fault is None:
        return None
    refusal = kind.with_facts(_facts_of_error(fault, context))
    return replace(refusal, status=404) if fault.parameter == "id" else refusal


def _facts_of_error(fault: RequestError, context: AccessContext) -> dict[str, Any]:
    return {
        "parameter": fault.parameter,
        "received": fault.value,
        "expected": fault.expected,
        "version": _version_label(context.version),
        "versions": [_version_label(version) for version in list_other_versions(context.version, fault.value)]
        if fault.parameter == "type"
        else [],
        "real": fault.expected in known_types(context.version),
    }


def _version_label(version: str) -> str:
    """Returns the version's usual name: R4, DSTU2."""
    return version.upper()


@check(requires=("server",), applies_to=("",))
def url_is_below_the_fhir_base_url(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Applies only if a URL outside every base names a resource type: other URLs aren't meant for FHIR."""
    bases = context.server.fhir_bases if isinstance(context.server, Server) else ()
    if request.base or not bases:
        return None
    segments = request.path.split("?")[0].split("/")
    at = next((index for index, segment in enumerate(segments) if segment in known_types(context.version or "r4")), None)
    if at is None:
        return None
    assert isinstance(context.server, Server)
    path, base = "/" + "/".join(segments[at:]), find_base(request.path, context.token, context.server)
    facts = {"received": request.url.partition("?")[0], "expected": base + path, "base": base, "path": path}
    return refusals.FHIR_BASE_URL_WRONG.with_facts(facts)


def find_base(path: str, token: object, server: Server) -> str:
    """Returns the base that the token is for, or the one whose version the URL names, or the first."""
    if isinstance(token, AccessToken) and token.base in server.fhir_bases:
        return token.base
    named = path.lower().split("/")
    return next((base for base in server.fhir_bases if base.rpartition("/")[2].lower() in named), server.fhir_bases[0])


@check()
def patient_is_not_undefined_or_null(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Refuses undefined or null, which an app sends if it has no patient."""
    id = request.id or (_second_segment(request.path) if "/" in request.path[1:] else "")
    if id in UNDEFINED:
        return refusals.FHIR_PATIENT_UNDEFINED_IN_PATH(parameter="id", received=id)
    for key, value in request.parameters.pairs:
        if value.endswith(UNDEFINED) and value.rpartition("/")[2] in UNDEFINED and key.partition(":")[0] in PATIENT_KEYS:
            return refusals.FHIR_PATIENT_UNDEFINED(parameter=key, received=value)
    if not context.faults:
        return None
    fault = next((candidate for candidate in context.faults if candidate.rule == "fhir-patient-undefined"), None)
    facts = {} if fault is None else {"parameter": fault.parameter, "received": fault.value}
    return refusals.FHIR_PATIENT_UNDEFINED.with_facts(facts) if facts else None


def _second_segment(path: str) -> str:
    segments = path.split("?")[0].strip("/").split("/")
    return segments[1] if len(segments) > 1 else ""


@check(requires=("server", "token"), applies_to=SEARCHES)
def patient_search_has_a_criterion_if_required(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Policy: user/ tokens can't search for all patients. patient/ sees one record, and system/ is for whole populations."""
    if request.type not in (None, "Patient"):
        return None
    if (
        "Patient" not in _list_searched_types(request, context)
        or (context.server or UNKNOWN_SERVER).policy.unbounded_patient_search == "allow"
    ):
        return None
    token = context.token
    if not isinstance(token, AccessToken) or not _searches_patients_of_user(token.scope):
        return None
    if any(is_narrowing(context.version, name) for name, value in request.parameters if value):
        return None
    sent = [name for name in request.parameters.names() if name != "access_token"]
    facts = {"received": sent, "expected": ["name", "birthdate", "identifier", "_id"]}
    return refusals.FHIR_SEARCH_UNBOUNDED.with_facts(facts)


@memoize(4096)
def _searches_patients_of_user(scope: str) -> bool:
    """Whether a user/ scope allows searches for patients."""
    granted = scopes.list_resources(scope)
    return any(part.level == "user" and part.type in ("*", "Patient") and "s" in part.letters for part in granted)


def is_narrowing(version: str | None, parameter: str) -> bool:
    """Whether a parameter leaves out patients. One that the FHIR version doesn't have is ignored, so it leaves out none."""
    name = parameter.replace(".", ":").partition(":")[0]
    if name.startswith("_"):
        return name in _NARROWING_COMMON and name not in DEFINED_LATER.get(version or "", ())
    return name not in NOT_NARROWING and find(version or "r4", "Patient", name) is not None


@check(requires=("server",), applies_to=SEARCHES)
def search_has_a_patient_if_required(request: AccessRequest, context: AccessContext) -> Refusal | None:
    server = context.server
    if not isinstance(server, Server) or not server.policy.requires_patient:
        return None
    compartment = compartment_types(context.version) if context.version else {}
    for type in _list_searched_types(request, context):
        accepted = {*PATIENT_KEYS, *compartment.get(type, ())}
        if type != "Patient" and type in compartment and not list_sent_names(request) & accepted:
            return refusals.FHIR_SEARCH_MISSING_PATIENT(type=type, expected="patient")
    return None


@check(requires=("server",), applies_to=SEARCHES)
def search_has_a_category_if_required(request: AccessRequest, context: AccessContext) -> Refusal | None:
    server = context.server
    if not isinstance(server, Server) or not server.policy.requires_category:
        return None
    types = [type for type in _list_searched_types(request, context) if type in CATEGORY_TYPES]
    if not types or list_sent_names(request) & {"category", "code", "_id"}:
        return None
    return refusals.FHIR_SEARCH_MISSING_CATEGORY(type=types[0], expected="category")


@check(requires=("server",), applies_to=SEARCHES)
def search_has_the_required_parameters(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """A search needs at least one parameter of each of its type's criteria."""
    server = context.server
    if not isinstance(server, Server) or not server.policy.search_criteria:
        return None
    required = parse_criteria(server.policy.search_criteria)
    names = list_sent_names(request)
    for type in _list_searched_types(request, context):
        for alternatives in required.get((context.version, type), ()):
            if not names.intersection(alternatives):
                facts = {"type": type, "expected": [name for name in alternatives if not name.startswith("-")]}
                return _choose_refusal(alternatives).with_facts(facts)
    return None


def _choose_refusal(alternatives: tuple[str, ...]) -> RefusalType:
    if "patient" in alternatives and len(alternatives) < 4:
        return refusals.FHIR_SEARCH_MISSING_PATIENT
    return refusals.FHIR_SEARCH_MISSING_CATEGORY if "category" in alternatives else refusals.FHIR_SEARCH_MISSING_PARAM


@cache_results(64)
def parse_criteria(lines: tuple[str, ...]) -> Mapping[tuple[str, str], tuple[tuple[str, ...], ...]]:
    """Parses `r4 Observation: _id | patient` into (version, type) -> alternatives. A search must meet each entry."""
    parsed: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {}
    for line in lines:
        head, _, tail = line.partition(":")
        version, _, type = head.partition(" ")
        parsed[version, type] = (*parsed.get((version, type), ()), tuple(name.strip() for name in tail.split("|")))
    return parsed


@check(requires=("server",), applies_to=SEARCHES)
def id_is_the_only_search_parameter_if_required(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Policy: `_id` can't be combined with other filters, only with parameters that shape the response."""
    server = context.server
    if not isinstance(server, Server) or not server.policy.search_alone:
        return None
    restricted_types = server.policy.search_alone
    if request.interaction != "search-type" or f"{context.version} {request.type}" not in restricted_types:
        return None
    names = list_sent_names(request)
    others = sorted(name for name in names if not name.startswith("_"))
    if "_id" not in names or not others:
        return None
    return refusals.FHIR_SEARCH_ID_NOT_ALONE(type=request.type, received=others)


@check(requires=("server",), applies_to=SEARCHES)
def search_parameters_are_among_those_of_the_hospital(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Policy: of some types, a search can name only the listed parameters. Those that shape the response always work."""
    server = context.server
    if not isinstance(server, Server) or not server.policy.search_parameters:
        return None
    listed = listed_parameters(server.policy.search_parameters)
    for type in _list_searched_types(request, context):
        known = listed.get(type)
        others = sorted(name for name in list_sent_names(request) if not name.startswith("_") and known and name not in known)
        if known and others:
            facts = {
                "parameter": others[0],
                "received": request.parameters.get(others[0]),
                "expected": f"one of {', '.join(known)}",
            }
            return refusals.FHIR_SEARCH_PARAM_UNSUPPORTED.with_facts({**facts, "type": type})
    return None


@cache_results(64)
def listed_parameters(lines: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Parses `Observation: patient | code` into type -> parameters."""
    parts = (line.partition(":") for line in lines)
    return {type: tuple(name.strip() for name in names.split("|")) for type, _, names in parts}


@check(requires=("server",), applies_to=("", "update", "patch"))
def if_match_is_sent_if_required(request: AccessRequest, context: AccessContext) -> Refusal | None:
    sent = request.headers.get("if-match")
    if (
        request.method not in ("PUT", "PATCH")
        or not (context.server or UNKNOWN_SERVER).policy.versioned_update
        or (sent or "").startswith('W/"')
    ):
        return None
    return refusals.FHIR_IF_MATCH_MISSING(received=sent)


def _list_searched_types(request: AccessRequest, context: AccessContext) -> tuple[str, ...]:
    """Returns the types whose resources the search may find, regardless of compartments."""
    if context.version not in VERSIONS:
        return (request.type,) if request.interaction == "search-type" and request.type else ()
    return searched_types(context.version, request.interaction, request.type, request.parameters.pairs)


def list_sent_names(request: AccessRequest) -> set[str]:
    return {name.replace(".", ":").partition(":")[0] for name, value in request.parameters if value}


ADDRESS: tuple[SearchCheck, ...] = (
    make_error_check(refusals.FHIR_BASE_DOUBLE_SLASH, "path_has_no_double_slash"),
    make_error_check(refusals.FHIR_PATH_TRAILING_SLASH, "path_ends_without_a_slash"),
    make_error_check(refusals.FHIR_RESOURCE_WRONG_VERSION, "resource_type_exists_in_this_fhir_version"),
    make_error_check(refusals.FHIR_RESOURCE_UNKNOWN, "resource_type_exists"),
    patient_is_not_undefined_or_null,
    make_error_check(refusals.FHIR_ID_INVALID, "ids_are_well_formed"),
    make_error_check(refusals.FHIR_ACCEPT_UNSUPPORTED, "accept_has_a_supported_format_if_sent"),
)
"""Checks of URL and Accept, the only ones that run for a request from an unknown sender."""

CHECKS: tuple[SearchCheck, ...] = (
    url_is_below_the_fhir_base_url,
    *ADDRESS,
    make_error_check(refusals.FHIR_PATH_UNKNOWN, "path_exists"),
    make_error_check(refusals.FHIR_METHOD_NOT_ALLOWED, "method_is_allowed_at_this_path"),
    search_body_is_a_form_if_sent,
    make_error_check(refusals.FHIR_PATIENT_SEARCHED_BY_PATIENT, "patients_are_not_searched_by_patient"),
    make_error_check(refusals.FHIR_SEARCH_COLON_FOR_EQUALS, "values_follow_an_equals_sign"),
    make_error_check(refusals.FHIR_REFERENCE_MALFORMED, "references_are_well_formed"),
    make_error_check(refusals.FHIR_DATE_MALFORMED, "dates_are_well_formed"),
    make_error_check(refusals.FHIR_SEARCH_VALUE_MALFORMED, "values_are_well_formed"),
    make_error_check(refusals.FHIR_SEARCH_UNKNOWN_PARAM, "parameters_are_known"),
    make_error_check(refusals.FHIR_SEARCH_MODIFIER_UNSUPPORTED, "modifiers_are_supported"),
    make_error_check(refusals.FHIR_SEARCH_PARAM_UNSUPPORTED, "parameters_are_supported"),
    make_error_check(refusals.FHIR_SEARCH_TOO_COMPLEX, "search_is_simple_enough"),
    patient_search_has_a_criterion_if_required,
    search_has_a_patient_if_required,
    search_has_a_category_if_required,
    search_has_the_required_parameters,
    search_parameters_are_among_those_of_the_hospital,
    id_is_the_only_search_parameter_if_required,
    make_error_check(refusals.FHIR_WRITE_WITHOUT_ID, "url_has_an_id_or_a_condition"),
    make_error_check(refusals.FHIR_CONDITION_EMPTY, "condition_has_a_search_parameter"),
    if_match_is_sent_if_required,
    content_type_is_a_fhir_format,
)


def checks_for(request: AccessRequest) -> tuple[SearchCheck, ...]:
    """Returns no checks for a preflight."""
    return () if request.interaction == "preflight" else CHECKS
