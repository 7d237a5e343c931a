"""Rules about search parameters: required parameters, and the format of values."""

import re
from typing import Any
from urllib.parse import unquote

from msgspec import structs

from sickbay.authorization.access.search import CATEGORY_TYPES, names_sent, narrows
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis import guesses
from sickbay.diagnosis.rule import Rule, Severity, Spec
from sickbay.diagnosis.wording import join_as_code
from sickbay.fhir.search.parameters import find, known_types
from sickbay.fhir.search.result_parameters import RESULTS
from sickbay.kernel.checks import UNKNOWN, Facts
from sickbay.protocol.parameters import Parameters, encode

SEARCH = Spec("FHIR R4, Search", "https://hl7.org/fhir/R4/search.html")
DATE = Spec("FHIR R4, Search by date", "https://hl7.org/fhir/R4/search.html#date")
REFERENCE = Spec("FHIR R4, Search by reference", "https://hl7.org/fhir/R4/search.html#reference")
HANDLING = Spec("FHIR R4, Handling Errors", "https://hl7.org/fhir/R4/search.html#errors")
PATIENT = Spec("FHIR R4, Patient: search parameters", "https://hl7.org/fhir/R4/patient.html#search")
CONTEXT = Spec(
    "SMART App Launch 2.2, Launch context arrives with your access_token",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html",
)
CORE = Spec("US Core 6.1, Clinical searches", "https://hl7.org/fhir/us/core/STU6.1/general-requirements.html")


def _replace_pair(request: AccessRequest, name: str, pair: tuple[str, str]) -> AccessRequest:
    pairs = tuple(pair if key == name else (key, value) for key, value in request.parameters)
    return structs.replace(request, parameters=Parameters(pairs, encode(pairs)))


def _patient(facts: Facts) -> str | None:
    """The patient of the token, if it is known."""
    token = getattr(facts.get("known"), "token", None)
    return token.patient if isinstance(token, AccessToken) else None


def _with_patient(request: AccessRequest, facts: Facts) -> AccessRequest:
    patient, name = _patient(facts), facts["parameter"]
    if patient is None:
        return request
    if name != "id":
        return _replace_pair(request, name, (name, patient))
    path = f"/{request.path.strip('/').split('/')[0]}/{patient}"
    return structs.replace(request, id=patient, path=path, url=request.base + path) if request.type == "Patient" else request


def _patient_added(request: AccessRequest, facts: Facts) -> AccessRequest:
    patient = _patient(facts)
    return structs.replace(request, parameters=request.parameters.replace([("patient", patient)])) if patient else request


UNDEFINED = Rule(
    id="fhir-patient-undefined",
    outcome="404 in the path, 400 in a search",
    differs="In a path the value is an ID that doesn't exist, in a search a wrong value.",
    parameter="patient",
    title="`{parameter}` is the text `{received}` instead of an id",
    why="JavaScript and other languages write this for a variable without a value. Usually the token response had no "
    "`patient`, or the app read it too early.",
    fix="Check that the token response has `patient` before you use it. If it doesn't, request `launch/patient` or launch "
    "from a chart.",
    spec=CONTEXT,
    repair=_with_patient,
)


def _all_patients(request: AccessRequest, context: AccessContext) -> Facts | None:
    """A search for Patient without criteria."""
    if not context.guesses or (request.interaction, request.type) != ("search-type", "Patient"):
        return None
    narrowed = any(narrows(name) for name, value in request.parameters if value)
    return None if narrowed else {"received": list(request.parameters.names())} | guesses.POLICY


UNBOUNDED = Rule(
    id="fhir-search-unbounded",
    advises=_all_patients,
    unknown="server",
    at=("access",),
    title="The search requests all patients",
    why="This hospital requires search criteria: users may search, but not list every patient.",
    fix="Add name, birthdate or identifier, for example `Patient?name=Peters`. If you know the id, read `Patient/<id>` "
    "instead.",
    spec=PATIENT,
)


MISSING_PATIENT = Rule(
    id="fhir-search-missing-patient",
    parameter="patient",
    title="`patient` is missing from the search for {type}",
    why="This hospital allows clinical searches only for one patient at a time.",
    fix="Add `patient=<id>` with the `patient` of the token response.",
    spec=CORE,
    repair=_patient_added,
)


def _with_example(facts: Facts) -> dict[str, Any]:
    categories = ("assess-plan",) if facts["type"] == "CarePlan" else ("vital-signs", "laboratory")
    return {**facts, "example": join_as_code([f"category={category}" for category in categories], word="or")}


def _no_category(request: AccessRequest, context: AccessContext) -> Facts | None:
    """A search without what some servers require."""
    if not context.guesses or request.interaction != "search-type":
        return None
    if request.type not in CATEGORY_TYPES or names_sent(request) & {"category", "code", "_id"}:
        return None
    return _with_example({"type": request.type, "expected": "category"}) | guesses.POLICY


MISSING_CATEGORY = Rule(
    id="fhir-search-missing-category",
    advises=_no_category,
    unknown="server",
    at=("access",),
    parameter="category",
    title="`category` and `code` are missing from the search for {type}",
    why="This hospital stores each category separately, so a search must name one.",
    fix="Add {example}.",
    recognises=_with_example,
    spec=CORE,
)


BY_PATIENT = Rule(
    id="fhir-patient-searched-by-patient",
    parameter="patient",
    title="`patient` isn't a search parameter of Patient",
    why="Other resources refer to their patient with `patient`. A Patient itself is found by its id.",
    fix="Request `Patient/{received}`, or `Patient?_id={received}`.",
    spec=PATIENT,
    repair=lambda request, facts: _replace_pair(request, facts["parameter"], ("_id", facts["received"].rpartition("/")[2])),
)


def _with_equals(request: AccessRequest, facts: Facts) -> AccessRequest:
    name, _, value = facts["expected"].partition("=")
    return _replace_pair(request, facts["parameter"], (name, value))


COLON = Rule(
    id="fhir-search-colon-for-equals",
    title="`{parameter}` has a colon instead of an equals sign",
    why="A colon starts a modifier, so the server reads a parameter without a value.",
    fix="Write `{expected}`.",
    spec=SEARCH,
    repair=_with_equals,
)


REFERENCE_MALFORMED = Rule(
    id="fhir-reference-malformed",
    parameter="patient",
    title="`{parameter}` isn't a valid reference on this server: `{received}`",
    why="A reference is an id, a type and an id, or a URL below this FHIR base URL.",
    fix="Write {expected}.",
    spec=REFERENCE,
)


DATE_MALFORMED = Rule(
    id="fhir-date-malformed",
    parameter="date",
    title="`{parameter}` isn't a valid FHIR date: `{received}`",
    why="A FHIR date has the year, the month and the day with hyphens between them. A prefix of two letters, such as `ge`, "
    "means a comparison.",
    fix="Use the form {expected}.",
    spec=DATE,
)


def _find_ignored_parameter(request: AccessRequest, context: AccessContext) -> Facts | None:
    unknown = [pair for pair in context.ignored if pair[0] != "access_token" and not _is_known(request, pair[0])]
    if not unknown:
        return None
    name, nearest = unknown[0]
    expected = nearest or "a parameter that /metadata lists for this resource type"
    facts = {"parameter": name, "received": name, "expected": expected, "real": bool(nearest), "lenient": True}
    return _with_reason(facts)


def _with_reason(facts: Facts) -> Facts:
    """Whether it was ignored, as in most searches, or refused: by strict handling, in a chain, a condition or an operation."""
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


def _if_strict(facts: Facts) -> Severity:
    return "warning" if facts.get("lenient") else "error"


def _rename_to_nearest(request: AccessRequest, facts: Facts) -> AccessRequest:
    name = facts["parameter"]
    value = request.parameters.get(name)
    plain = re.fullmatch(r"[\w.:-]+", str(facts["expected"]))
    return _replace_pair(request, name, (facts["expected"], value)) if plain and value else request


def _as_expected(request: AccessRequest, facts: Facts) -> AccessRequest:
    """Replaces the value if the expected parameter is known exactly."""
    name, _, value = str(facts["expected"]).partition("=")
    plain = name == facts["parameter"] and re.fullmatch(r"[\w.:-]+", value)
    return _replace_pair(request, name, (name, value)) if plain else request


VALUES = {
    "_count": "a whole number",
    "_total": "none, estimate or accurate",
    "_elements": "names of elements, separated by commas",
}


def _unreadable(request: AccessRequest, context: AccessContext) -> Facts | None:
    """Facts about a result parameter such as `_count` that was ignored because its value can't be read."""
    name = next((name for name, _ in context.ignored if name in RESULTS and request.parameters.get(name)), None)
    if name is None:
        return None
    expected = VALUES.get(name, "the one in the FHIR specification")
    return {"parameter": name, "received": request.parameters.get(name), "expected": expected, "lenient": True}


VALUE_MALFORMED = Rule(
    id="fhir-search-value-malformed",
    advises=_unreadable,
    at=("access",),
    severity=_if_strict,
    outcome="400; a result parameter such as _count is ignored",
    differs="FHIR lets a server ignore a result parameter. It is an error only with Prefer: handling=strict.",
    title="`{parameter}` has a value that can't be read: `{received}`",
    why="Each type of search parameter (number, date, token, quantity and so on) has its own format.",
    fix="Use this form: {expected}.",
    spec=SEARCH,
    repair=_as_expected,
)


def _is_known(request: AccessRequest, name: str) -> bool:
    """Whether the parameter was ignored because of its value, not its name."""
    return not request.parameters.get(name) or name in RESULTS


def _without_value(request: AccessRequest, context: AccessContext) -> Facts | None:
    sent = dict(request.parameters.pairs)
    empty = next((name for name, _ in context.ignored if sent.get(name) == ""), None)
    return {"parameter": empty, "received": ""} if empty else None


PARAM_EMPTY = Rule(
    id="fhir-search-param-empty",
    at=("access",),
    severity="warning",
    advises=_without_value,
    title="`{parameter}` has no value, so the server ignored it",
    why="The app's variable was probably empty. The results include everything that matches without this parameter, perhaps "
    "far more than intended.",
    fix="Send `{parameter}` with a value, or leave it out.",
    spec=HANDLING,
)


_ENCODED = re.compile(r"%(?:3A|2F|7C|2C|20)", re.I)


def _find_double_encoding(request: AccessRequest, context: AccessContext) -> Facts | None:
    if not request.base and context.server is UNKNOWN:
        return None  # a URL that isn't known to be of a FHIR server
    pair = next(((name, value) for name, value in request.parameters if _ENCODED.search(value)), None)
    return {"parameter": pair[0], "received": pair[1], "expected": unquote(pair[1])} if pair else None


ENCODED_TWICE = Rule(
    id="fhir-search-value-encoded-twice",
    at=("access",),
    severity="warning",
    advises=_find_double_encoding,
    title="`{parameter}` is percent-encoded twice: `{received}`",
    why="Usually the app encoded it, and then the HTTP library encoded it again. The server searches for the encoded "
    "text and finds "
    "nothing.",
    fix="Pass the plain value to the library: `{parameter}={expected}`.",
    spec=SEARCH,
    repair=lambda request, facts: _replace_pair(request, facts["parameter"], (facts["parameter"], facts["expected"])),
)


def _without_bar(request: AccessRequest, context: AccessContext) -> Facts | None:
    """Facts about a token value that looks like a system and a code joined by a slash."""
    if request.type not in known_types(context.version or "r4"):
        return None
    for name, value in request.parameters:
        parameter = find(context.version or "r4", request.type, name) if "://" in value and "|" not in value else None
        if parameter is not None and parameter.kind == "token":
            system, _, code = value.rpartition("/")
            return {"parameter": name, "received": value, "expected": f"{system}|{code}"}
    return None


SYSTEM_WITHOUT_BAR = Rule(
    id="fhir-search-system-without-bar",
    at=("access",),
    severity="warning",
    degree="probable",
    advises=_without_bar,
    title="`{parameter}` has no | between system and code: `{received}`",
    why="Without the |, the server takes the whole text as a code, and finds nothing.",
    fix="Write `{parameter}={expected}`.",
    spec=Spec("FHIR R4, Search by token", "https://hl7.org/fhir/R4/search.html#token"),
)


UNKNOWN_PARAM = Rule(
    id="fhir-search-unknown-param",
    recognises=_with_reason,
    advises=_find_ignored_parameter,
    at=("access",),
    severity=_if_strict,
    outcome="ignored with a warning; 400 with Prefer: handling=strict",
    differs="FHIR lets a server ignore a parameter that it doesn't know, unless the client sends Prefer: handling=strict.",
    title="`{parameter}` isn't a search parameter here",
    why="{reason}",
    fix="Use {expected}.{tip}",
    spec=HANDLING,
    repair=_rename_to_nearest,
)
