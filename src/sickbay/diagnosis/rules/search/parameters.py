"""Rules about search parameters: required parameters, and the format of values."""

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import structs

from sickbay.authorization.access.search import CATEGORY_TYPES, is_narrowing, list_sent_names
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis import guesses
from sickbay.diagnosis.rule import GUESS, RuleFunctions, severity_by
from sickbay.fhir.search.parameters import find, is_defined_in_any_version, known_types
from sickbay.fhir.search.result_parameters import RESULTS
from sickbay.kernel.checks import UNKNOWN, Facts
from sickbay.kernel.english import join_as_code
from sickbay.protocol.parameters import Parameters, encode


def _replace_pair(request: AccessRequest, name: str, pair: tuple[str, str]) -> AccessRequest:
    pairs = tuple(pair if key == name else (key, value) for key, value in request.parameters)
    return structs.replace(request, parameters=Parameters(pairs, encode(pairs)))


def _patient_of_token(facts: Facts) -> str | None:
    """The patient of the token, if it is known."""
    token = getattr(facts.get("known"), "token", None)
    return token.patient if isinstance(token, AccessToken) else None


def _add_patient(request: AccessRequest, facts: Facts) -> AccessRequest:
    patient, name = _patient_of_token(facts), facts["parameter"]
    if patient is None:
        return request
    if name != "id":
        return _replace_pair(request, name, (name, patient))
    path = f"/{request.path.strip('/').split('/')[0]}/{patient}"
    return structs.replace(request, id=patient, path=path, url=request.base + path) if request.type == "Patient" else request


def _add_patient_parameter(request: AccessRequest, facts: Facts) -> AccessRequest:
    patient = _patient_of_token(facts)
    return structs.replace(request, parameters=request.parameters.replace([("patient", patient)])) if patient else request


def _searches_all_patients(request: AccessRequest, context: AccessContext) -> Facts | None:
    """A search for Patient without criteria."""
    if not context.guesses or (request.interaction, request.type) != ("search-type", "Patient"):
        return None
    narrowed = any(is_narrowing(context.version, name) for name, value in request.parameters if value)
    return None if narrowed else {"received": list(request.parameters.names())} | guesses.POLICY


def _add_example(facts: Facts) -> dict[str, Any]:
    categories = ("assess-plan",) if facts["type"] == "CarePlan" else ("vital-signs", "laboratory")
    return {**facts, "example": join_as_code([f"category={category}" for category in categories], word="or")}


def _has_no_category(request: AccessRequest, context: AccessContext) -> Facts | None:
    """A search without what some servers require."""
    if not context.guesses or request.interaction != "search-type":
        return None
    if request.type not in CATEGORY_TYPES or list_sent_names(request) & {"category", "code", "_id"}:
        return None
    return _add_example({"type": request.type, "expected": "category"}) | guesses.POLICY


def _add_equals(request: AccessRequest, facts: Facts) -> AccessRequest:
    name, _, value = facts["expected"].partition("=")
    return _replace_pair(request, facts["parameter"], (name, value))


def _find_ignored_parameter(request: AccessRequest, context: AccessContext) -> Facts | None:
    refused_for_value = ("access_token", *RESULTS)
    unknown = [pair for pair in context.ignored if pair[0] not in refused_for_value and request.parameters.get(pair[0])]
    type = request.type or ""
    if context.guesses:  # another server may define parameters of its own, such as own-name
        unknown = [
            (name, nearest)
            for name, nearest in unknown
            if nearest and not name.endswith(f"-{nearest}") and not is_defined_in_any_version(type, name)
        ]
    if not unknown:
        return None
    name, nearest = unknown[0]
    expected = nearest or "a parameter that /metadata lists for this resource type"
    facts = {"parameter": name, "received": name, "expected": expected, "real": bool(nearest), "lenient": True}
    return {**_add_reason(facts), **(_describe_at_others(type, name) if context.guesses else {})}


def _describe_at_others(type: str, name: str) -> Facts:
    reason = (
        f"FHIR doesn't define `{name}` for {type}. A server that doesn't define it either refuses the request, or ignores the "
        "parameter and finds more than intended."
    )
    return {"reason": reason, GUESS: "Sickbay doesn't know whether this server defines it."}


def _add_reason(facts: Facts) -> Facts:
    """Says whether the parameter was ignored or refused (by strict handling, in a chain, a condition or an operation)."""
    if facts.get("lenient"):
        reason = (
            "By default the server ignores unknown search parameters, so the results contain more than intended. With strict "
            "handling it refuses them."
        )
        return {**facts, "reason": reason, "tip": " Send `Prefer: handling=strict` so that a misspelled name fails."}
    reason = (
        "The server refuses it here instead of ignoring it, because otherwise the request would include more than intended."
    )
    return {**facts, "reason": reason, "tip": ""}


def _rename_to_nearest(request: AccessRequest, facts: Facts) -> AccessRequest:
    name = facts["parameter"]
    value = request.parameters.get(name)
    plain = re.fullmatch(r"[\w.:-]+", str(facts["expected"]))
    return _replace_pair(request, name, (facts["expected"], value)) if plain and value else request


def _replace_with_expected_parameter(request: AccessRequest, facts: Facts) -> AccessRequest:
    """Replaces the value if the expected parameter is known exactly."""
    name, _, value = str(facts["expected"]).partition("=")
    plain = name == facts["parameter"] and re.fullmatch(r"[\w.:-]+", value)
    return _replace_pair(request, name, (name, value)) if plain else request


VALUES = {
    "_count": "a whole number",
    "_total": "none, estimate or accurate",
    "_elements": "names of elements, separated by commas",
}


def _result_parameter_is_unreadable(request: AccessRequest, context: AccessContext) -> Facts | None:
    """Facts about a result parameter such as `_count` that was ignored because its value can't be read."""
    name = next((name for name, _ in context.ignored if name in RESULTS and request.parameters.get(name)), None)
    if name is None:
        return None
    expected = VALUES.get(name, "the one in the FHIR specification")
    return {"parameter": name, "received": request.parameters.get(name), "expected": expected, "lenient": True}


def _has_no_value(request: AccessRequest, context: AccessContext) -> Facts | None:
    sent = dict(request.parameters.pairs)
    empty = next((name for name, _ in context.ignored if sent.get(name) == ""), None)
    return {"parameter": empty, "received": ""} if empty else None


_ENCODED = re.compile(r"%(?:3A|2F|7C|2C|20)", re.I)


def _find_double_encoding(request: AccessRequest, context: AccessContext) -> Facts | None:
    if not request.base and context.server is UNKNOWN:
        return None  # a URL that isn't known to be of a FHIR server
    pair = next(((name, value) for name, value in request.parameters if _ENCODED.search(value)), None)
    return {"parameter": pair[0], "received": pair[1], "expected": unquote(pair[1])} if pair else None


def _has_no_bar(request: AccessRequest, context: AccessContext) -> Facts | None:
    """Facts about a token value that looks like a system and a code joined by a slash."""
    if request.type not in known_types(context.version or "r4"):
        return None
    for name, value in request.parameters:
        parameter = find(context.version or "r4", request.type, name) if "://" in value and "|" not in value else None
        if parameter is not None and parameter.kind == "token":
            system, _, code = value.rpartition("/")
            return {"parameter": name, "received": value, "expected": f"{system}|{code}"} if _ends_with_code(value) else None
    return None


def _ends_with_code(value: str) -> bool:
    """Whether the last part of a URL's path is a code, and not the end of the system itself."""
    *system, code = urlsplit(value).path.strip("/").split("/")
    is_of_system = not any(map(str.isdigit, code)) and system[-1:] in ([], ["CodeSystem"], ["ValueSet"])
    return bool(code) and not is_of_system


FUNCTIONS: RuleFunctions = {
    "fhir-patient-undefined": {"repair": _add_patient},
    "fhir-search-unbounded": {"advises": _searches_all_patients},
    "fhir-search-missing-patient": {"repair": _add_patient_parameter},
    "fhir-search-missing-category": {"recognises": _add_example, "advises": _has_no_category},
    "fhir-patient-searched-by-patient": {
        "repair": lambda request, facts: _replace_pair(
            request, facts["parameter"], ("_id", facts["received"].rpartition("/")[2])
        )
    },
    "fhir-search-colon-for-equals": {"repair": _add_equals},
    "fhir-search-value-malformed": {
        "advises": _result_parameter_is_unreadable,
        "repair": _replace_with_expected_parameter,
        "severity": severity_by("lenient", "warning", "error"),
    },
    "fhir-search-param-empty": {"advises": _has_no_value},
    "fhir-search-value-encoded-twice": {
        "advises": _find_double_encoding,
        "repair": lambda request, facts: _replace_pair(request, facts["parameter"], (facts["parameter"], facts["expected"])),
    },
    "fhir-search-system-without-bar": {"advises": _has_no_bar},
    "fhir-search-unknown-param": {
        "recognises": _add_reason,
        "advises": _find_ignored_parameter,
        "repair": _rename_to_nearest,
        "severity": severity_by("lenient", "warning", "error"),
    },
}
