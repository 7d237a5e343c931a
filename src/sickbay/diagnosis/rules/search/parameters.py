"""Rules about the parameters of a search: what a search must say, and how values are written."""

import re
from dataclasses import replace
from urllib.parse import unquote

from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.values import Token
from sickbay.diagnosis.rule import Rule, Severity, Spec
from sickbay.fhir.search_parameters import find, known_types
from sickbay.fhir.search_results import RESULTS
from sickbay.kernel.refusal import Facts
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


def _changed(request: AccessRequest, name: str, pair: tuple[str, str]) -> AccessRequest:
    pairs = tuple(pair if key == name else (key, value) for key, value in request.parameters)
    return replace(request, parameters=Parameters(pairs, encode(pairs)))


def _patient(facts: Facts) -> str | None:
    """The patient of the token, where it is known."""
    token = getattr(facts.get("known"), "token", None)
    return token.patient if isinstance(token, Token) else None


def _with_patient(request: AccessRequest, facts: Facts) -> AccessRequest:
    patient, name = _patient(facts), facts["parameter"]
    if patient is None:
        return request
    if name != "id":
        return _changed(request, name, (name, patient))
    path = f"/{request.path.strip('/').split('/')[0]}/{patient}"
    return replace(request, id=patient, path=path, url=request.base + path) if request.type == "Patient" else request


def _patient_added(request: AccessRequest, facts: Facts) -> AccessRequest:
    patient = _patient(facts)
    return replace(request, parameters=request.parameters.replaced([("patient", patient)])) if patient else request


UNDEFINED = Rule(
    id="fhir-patient-undefined",
    stage="search",
    explains="fhir-patient-undefined",
    severity="error",
    outcome="404 in the address, 400 in a search",
    parameter="patient",
    title="Your app asked for the patient {received}",
    why="A script writes that where it has no value: the token response had no patient, or the app read it too early.",
    fix="Look for patient in the token response first. If it is not there, ask for launch/patient, or launch from a chart.",
    spec=CONTEXT,
    repair=_with_patient,
)

UNBOUNDED = Rule(
    id="fhir-search-unbounded",
    stage="search",
    explains="fhir-search-unbounded",
    severity="error",
    outcome="400",
    title="You asked for all patients",
    why="This hospital wants to know which: a person may look up patients, not copy the register.",
    fix="Add name, birthdate or identifier, as in Patient?name=Peters, or read one by its id.",
    spec=PATIENT,
)

MISSING_PATIENT = Rule(
    id="fhir-search-missing-patient",
    stage="search",
    explains="fhir-search-missing-patient",
    severity="error",
    outcome="400",
    parameter="patient",
    title="The search for {type} does not say for which patient",
    why="This hospital answers clinical searches for one patient at a time.",
    fix="Add patient and the id of one, as the token response has it.",
    spec=CORE,
    repair=_patient_added,
)

MISSING_CATEGORY = Rule(
    id="fhir-search-missing-category",
    stage="search",
    explains="fhir-search-missing-category",
    severity="error",
    outcome="400",
    parameter="category",
    title="The search for {type} has neither category nor code",
    why="This hospital keeps each category apart, and searches one at a time.",
    fix="Add {example}.",
    recognises=lambda facts: {
        **facts,
        "example": "category=assess-plan" if facts["type"] == "CarePlan" else "category=vital-signs or category=laboratory",
    },
    spec=CORE,
)

BY_PATIENT = Rule(
    id="fhir-patient-searched-by-patient",
    stage="search",
    explains="fhir-patient-searched-by-patient",
    severity="error",
    outcome="400",
    parameter="patient",
    title="Patient was searched by patient",
    why="patient is how other resources name theirs; a Patient is found by its own id.",
    fix="Ask for Patient/{received}, or Patient?_id={received}.",
    spec=PATIENT,
    repair=lambda request, facts: _changed(request, facts["parameter"], ("_id", facts["received"].rpartition("/")[2])),
)


def _with_equals(request: AccessRequest, facts: Facts) -> AccessRequest:
    name, _, value = facts["expected"].partition("=")
    return _changed(request, facts["parameter"], (name, value))


COLON = Rule(
    id="fhir-search-colon-for-equals",
    stage="search",
    explains="fhir-search-colon-for-equals",
    severity="error",
    outcome="400",
    title="{parameter} has a colon where an equals sign belongs",
    why="A colon begins a modifier; without an equals sign the parameter has no value.",
    fix="Write {expected}.",
    spec=SEARCH,
    repair=_with_equals,
)

REFERENCE_MALFORMED = Rule(
    id="fhir-reference-malformed",
    stage="search",
    explains="fhir-reference-malformed",
    severity="error",
    outcome="400",
    parameter="patient",
    title="{parameter}={received} names no resource of this server",
    why="A reference is an id, a type and an id, or an address below this base.",
    fix="Write {expected}.",
    spec=REFERENCE,
)

DATE_MALFORMED = Rule(
    id="fhir-date-malformed",
    stage="search",
    explains="fhir-date-malformed",
    severity="error",
    outcome="400",
    parameter="date",
    title="{parameter}={received} is not a date as FHIR writes it",
    why="Dates are year, month and day with dashes, and a comparison is two letters before them.",
    fix="Write {parameter} as {expected}.",
    spec=DATE,
)


def _is_known(request: AccessRequest, name: str) -> bool:
    """Left out for its value, not for its name."""
    return not request.parameters.get(name) or name in RESULTS


def _without_value(request: AccessRequest, known: AccessKnown) -> Facts | None:
    sent = dict(request.parameters.pairs)
    found = next((name for name, _ in known.ignored if sent.get(name) == ""), None)
    return {"parameter": found, "received": ""} if found else None


PARAM_EMPTY = Rule(
    id="fhir-search-param-empty",
    stage="search",
    at=("access",),
    severity="warning",
    outcome="advice",
    advises=_without_value,
    title="{parameter} has no value, and was left out",
    why="The variable was empty. The answer holds all that would be found without it, which may be far more than was meant.",
    fix="Send {parameter} with a value, or not at all.",
    spec=HANDLING,
)


def _unreadable(request: AccessRequest, known: AccessKnown) -> Facts | None:
    """Of what shapes the answer, which is left out where it cannot be read."""
    found = next((name for name, _ in known.ignored if name in RESULTS and request.parameters.get(name)), None)
    if found is None:
        return None
    expected = VALUES.get(found, "FHIR has it")
    return {"parameter": found, "received": request.parameters.get(found), "expected": expected, "lenient": True}


VALUES = {
    "_count": "a whole number",
    "_total": "none, estimate or accurate",
    "_elements": "names of elements, with commas",
}


_ENCODED = re.compile(r"%(?:3A|2F|7C|2C|20)", re.I)


def _encoded_twice(request: AccessRequest, known: AccessKnown) -> Facts | None:
    found = next(((name, value) for name, value in request.parameters if _ENCODED.search(value)), None)
    return {"parameter": found[0], "received": found[1], "expected": unquote(found[1])} if found else None


ENCODED_TWICE = Rule(
    id="fhir-search-value-encoded-twice",
    stage="search",
    at=("access",),
    severity="warning",
    outcome="advice",
    advises=_encoded_twice,
    title="{parameter} is still encoded once it is decoded: {received}",
    why="It was encoded by hand, and once more by the library that sends it. Nothing has that value, so nothing is found.",
    fix="Give the library the plain value: {parameter}={expected}.",
    spec=SEARCH,
    repair=lambda request, facts: _changed(request, facts["parameter"], (facts["parameter"], facts["expected"])),
)


def _without_bar(request: AccessRequest, known: AccessKnown) -> Facts | None:
    """A token that looks like a system with its code behind a slash."""
    if request.type not in known_types(known.version or "r4"):
        return None
    for name, value in request.parameters:
        parameter = find(known.version or "r4", request.type, name) if "://" in value and "|" not in value else None
        if parameter is not None and parameter.kind == "token":
            system, _, code = value.rpartition("/")
            return {"parameter": name, "received": value, "expected": f"{system}|{code}"}
    return None


SYSTEM_WITHOUT_BAR = Rule(
    id="fhir-search-system-without-bar",
    stage="search",
    at=("access",),
    severity="warning",
    outcome="advice",
    degree="probable",
    advises=_without_bar,
    title="{parameter}={received} has no bar between system and code",
    why="Without the bar the whole of it is taken for a code, which nothing has, so nothing is found.",
    fix="Write system, bar and code, as in {parameter}={expected}.",
    spec=Spec("FHIR R4, Search by token", "https://hl7.org/fhir/R4/search.html#token"),
)


def _ignored(request: AccessRequest, known: AccessKnown) -> Facts | None:
    unknown = [one for one in known.ignored if one[0] != "access_token" and not _is_known(request, one[0])]
    if not unknown:
        return None
    name, nearest = unknown[0]
    expected = nearest or "a parameter that the metadata lists for this type"
    return {"parameter": name, "received": name, "expected": expected, "real": bool(nearest), "lenient": True}


def _if_strict(facts: Facts) -> Severity:
    return "warning" if facts.get("lenient") else "error"


def _nearest(request: AccessRequest, facts: Facts) -> AccessRequest:
    name = facts["parameter"]
    value = request.parameters.get(name)
    plain = re.fullmatch(r"[\w.:-]+", str(facts["expected"]))
    return _changed(request, name, (facts["expected"], value)) if plain and value else request


def _as_expected(request: AccessRequest, facts: Facts) -> AccessRequest:
    """Where it is said whole, and is one value."""
    name, _, value = str(facts["expected"]).partition("=")
    plain = name == facts["parameter"] and re.fullmatch(r"[\w.:-]+", value)
    return _changed(request, name, (name, value)) if plain else request


VALUE_MALFORMED = Rule(
    id="fhir-search-value-malformed",
    stage="search",
    explains="fhir-search-value-malformed",
    advises=_unreadable,
    at=("access",),
    severity=_if_strict,
    outcome="400; left out where it only shapes the answer",
    title="{parameter}={received} can't be read",
    why="Each kind of search parameter has its own form of value.",
    fix="Write {parameter} as {expected}.",
    spec=SEARCH,
    repair=_as_expected,
)

UNKNOWN_PARAM = Rule(
    id="fhir-search-unknown-param",
    stage="search",
    explains="fhir-search-unknown-param",
    advises=_ignored,
    at=("access",),
    severity=_if_strict,
    outcome="left out and said so; 400 under Prefer: handling=strict",
    title="{parameter} is not a parameter of this search",
    why="What is not understood is left out, so the answer holds more than was asked for; strict handling refuses it.",
    fix="Use {expected}; and send Prefer: handling=strict, so that a misspelt name does not pass.",
    spec=HANDLING,
    repair=_nearest,
)

RULES = (
    UNDEFINED,
    UNBOUNDED,
    MISSING_PATIENT,
    MISSING_CATEGORY,
    BY_PATIENT,
    COLON,
    REFERENCE_MALFORMED,
    DATE_MALFORMED,
    VALUE_MALFORMED,
    PARAM_EMPTY,
    ENCODED_TWICE,
    SYSTEM_WITHOUT_BAR,
    UNKNOWN_PARAM,
)
