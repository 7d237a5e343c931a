"""Rules about scope: how it is spelt, what may be asked, and what it needs beside it."""

from typing import Any

from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts
from sickbay.protocol.scope_spelling import spelling
from sickbay.protocol.scopes import split

SEPARATED = specs.rfc(6749, "3.3", "Access Token Scope")


def _registered(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """What is registered and can be asked without more: no launch without its code, one of the two refresh scopes."""
    held = [one for one in split(facts.get("registered") or "") if one not in ("online_access", "offline_access")]
    launched = bool(request.parameters.get("launch"))
    wanted = [one for one in held if not one.startswith("system/") and (one != "launch" or launched)]
    return repairs.with_scopes(request, wanted) if wanted else request


SCOPE_MISSING = Rule(
    id="scope-missing",
    stage="authorize",
    explains="scope-missing",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="Your app asked for nothing: there is no scope",
    why="A token without scopes reads nothing, and what your app needs is not guessed.",
    fix="Send the scopes your app needs, such as launch/patient openid fhirUser patient/Patient.rs.",
    spec=specs.SMART_AUTHORIZE,
    repair=_registered,
)


def _respelt(request: Any, facts: Facts) -> Any:
    """Written anew, as it is read: separated by spaces, encoded once."""
    return repairs.add_scopes(request)


SCOPE_DOUBLE_ENCODED = Rule(
    id="scope-double-encoded",
    stage="authorize",
    explains="scope-double-encoded",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="The scope is encoded twice",
    why="After one decoding it is still {received}, which is no scope. A URL builder encodes by itself.",
    fix="Encode it once, so that it decodes to {expected}.",
    spec=specs.rfc(6749, "B", "Use of application/x-www-form-urlencoded"),
    repair=_respelt,
)

SCOPE_COMMA_SEPARATED = Rule(
    id="scope-comma-separated",
    stage="authorize",
    explains="scope-comma-separated",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="The scopes are joined by commas",
    why="OAuth joins scopes by a space. With commas most servers see one long scope that nobody knows.",
    fix="Join them by single spaces: {expected}.",
    spec=SEPARATED,
    repair=_respelt,
)

SCOPE_PLUS_LITERAL = Rule(
    id="scope-plus-literal",
    stage="authorize",
    explains="scope-plus-literal",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="The scopes are joined by plus signs",
    why="A + in a query means a space; encoded once more, as %2B, it is a plus sign and joins nothing.",
    fix="Join the scopes by single spaces, then encode once: {expected}.",
    spec=SEPARATED,
    repair=_respelt,
)

SCOPE_TAB_SEPARATED = Rule(
    id="scope-tab-separated",
    stage="authorize",
    explains="scope-tab-separated",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="The scopes are joined by a tab or a line break",
    why="OAuth joins scopes by a space and by nothing else. Around a tab most servers see one long scope that nobody knows.",
    fix="Join them by single spaces: {expected}.",
    spec=SEPARATED,
    repair=_respelt,
)

_CALLED = {
    ";": "semicolons",
    "|": "bars",
    "&": "ampersands",
    "\u00a0": "no-break spaces",
    "[": "a JSON array",
    "{": "a set in braces",
    "(": "a list in parentheses",
}


def _joined(facts: Facts) -> Facts:
    found = spelling(str(facts["received"])).separators
    return {**facts, "what": " and ".join(_CALLED.get(one, f"the character U+{ord(one):04X}") for one in found)}


SCOPE_SEPARATOR_WRONG = Rule(
    id="scope-separator-wrong",
    stage="authorize",
    explains="scope-separator-wrong",
    recognises=_joined,
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="The scopes are joined by {what}",
    why="OAuth joins scopes by a space and by nothing else. To a server this is one long scope that nobody knows.",
    fix="Join them by single spaces: {expected}.",
    spec=SEPARATED,
    repair=_respelt,
)


def _listed(facts: Facts) -> Facts | None:
    array = spelling(str(facts["received"])).array
    return {**facts, "what": _CALLED[array]} if array else None


SCOPE_IS_ARRAY = Rule(
    id="scope-is-array",
    stage="authorize",
    explains="scope-has-stray-characters",
    recognises=_listed,
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="The scopes were sent as {what}",
    why="scope is one text. A list that is put into a URL as it is brings its brackets, quotation marks and commas with it.",
    fix="Join the list by single spaces (join, implode): {expected}.",
    spec=SEPARATED,
    repair=_respelt,
)


def _stray(facts: Facts) -> Facts:
    read = spelling(str(facts["received"]))
    quotes = [one for one in read.stray if one.isprintable()]
    found = ["quotation marks"] if quotes else []
    found += [f"the unseen character U+{ord(one):04X}" for one in read.stray if one not in quotes]
    return {**facts, "what": " and ".join([*found, *([f"the text {read.name}"] if read.name else [])])}


SCOPE_HAS_STRAY_CHARACTERS = Rule(
    id="scope-has-stray-characters",
    stage="authorize",
    explains="scope-has-stray-characters",
    recognises=_stray,
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="The scope has {what} in it, where scopes and blanks alone belong",
    why="Scopes are compared letter by letter. Such a thing comes from a configuration file, a template or a paste.",
    fix="Send the scopes alone: {expected}.",
    spec=SEPARATED,
    repair=_respelt,
)

SCOPE_WRONG_CASE = Rule(
    id="scope-wrong-case",
    stage="authorize",
    explains="scope-wrong-case",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="Upper and lower case are wrong in {scopes}",
    why="Scopes are compared letter by letter; servers drop one in the wrong case, often without a word.",
    fix="Write {corrected}.",
    spec=SEPARATED,
    repair=repairs.swap_scopes,
)

SCOPE_V2_ORDER = Rule(
    id="scope-v2-order",
    stage="authorize",
    explains="scope-v2-order",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="The letters of {scopes} stand in the wrong order",
    why="The letters are create, read, update, delete, search, and stand in that order: c r u d s.",
    fix="Write {corrected}.",
    spec=specs.SMART_RESOURCE_SCOPES,
    repair=repairs.swap_scopes,
)


def _with_likely(facts: Facts) -> Facts:
    likely = [one for one in facts.get("likely") or () if one]
    return {**facts, "hint": f" Most likely meant: {' '.join(likely)}." if likely else ""}


SCOPE_MALFORMED = Rule(
    id="scope-malformed",
    stage="authorize",
    explains="scope-malformed",
    recognises=_with_likely,
    severity="error",
    outcome="invalid_scope",
    degree="probable",
    parameter="scope",
    title="Your app asked for {scopes}, which SMART does not know",
    why="A scope is patient, user or system, a slash, a type of resource, a dot, and what may be done with it.{hint}",
    fix="Write patient/Observation.rs and the like; in SMART 1, patient/Observation.read.",
    spec=specs.SMART_RESOURCE_SCOPES,
    repair=repairs.swap_scopes,
)

SCOPE_SYSTEM_IN_USER_FLOW = Rule(
    id="scope-system-in-user-flow",
    stage="authorize",
    explains="scope-system-in-user-flow",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="Your app asked for {scopes} while a person signs in",
    why="system/ is for a backend that acts for nobody. Where a person signs in, the rights are that person's.",
    fix="Ask user/ or patient/ here: {corrected}. For system/, use client_credentials at the token endpoint.",
    spec=specs.SMART_BACKEND,
    repair=repairs.swap_scopes,
)

SCOPE_V1_ON_V2_APP = Rule(
    id="scope-v1-on-v2-app",
    stage="authorize",
    explains="scope-v1-on-v2-app",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="Your app is registered for SMART {app_version}, and asked for {scopes}, written as in {sent_version}",
    why="This server takes scopes of the version an app is registered for, and drops the others.",
    fix="Write {corrected}.",
    spec=specs.SMART_RESOURCE_SCOPES,
    repair=repairs.swap_scopes,
)

SCOPE_WILDCARD_NOT_ALLOWED = Rule(
    id="scope-wildcard-not-allowed",
    stage="authorize",
    explains="scope-wildcard-not-allowed",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="Your app asked for {scopes}, and wildcards are not given",
    why="The server, or the registration of your app, knows rights for single types alone.",
    fix="Name each type your app reads, such as patient/Patient.rs patient/Observation.rs.",
    spec=specs.SMART_RESOURCE_SCOPES,
    repair=repairs.drop_scopes,
)

SCOPE_LEVELS_MIXED = Rule(
    id="scope-levels-mixed",
    stage="authorize",
    explains="scope-levels-mixed",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="system/ scopes are requested together with {others}: {scopes}",
    why="A user's authorization gives patient/, user/, launch and OpenID scopes. client_credentials gives system/ scopes."
    " No flow gives both, so no token has both.",
    fix="Leave out {scopes}, or leave out {others}.",
    spec=specs.SMART_BACKEND,
    repair=repairs.drop_scopes,
)

SCOPE_NOT_REGISTERED = Rule(
    id="scope-not-registered",
    stage="authorize",
    explains="scope-not-registered",
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="Your app asked for {scopes}, which it did not register",
    why="An app gets at most what it is registered for: {registered}.",
    fix="Add {scopes} to the registration, or leave it out.",
    spec=SEPARATED,
    repair=repairs.drop_scopes,
)


def _named(facts: Facts) -> Facts:
    near = [one for one in facts.get("corrected") or () if one]
    return {**facts, "meant": " ".join(near) if near else "a type of this version"}


SCOPE_RESOURCE_NOT_IN_VERSION = Rule(
    id="scope-resource-not-in-version",
    stage="authorize",
    explains="scope-resource-not-in-version",
    recognises=_named,
    severity="error",
    outcome="invalid_scope",
    parameter="scope",
    title="Your app asked for {scopes}; FHIR {version} has no such type",
    why="Types were renamed between versions of FHIR, and a name with a slip in it is no type at all.",
    fix="Ask {meant}.",
    spec=specs.SMART_RESOURCE_SCOPES,
    repair=repairs.swap_scopes,
)

SCOPE_PATIENT_WITHOUT_CONTEXT = Rule(
    id="scope-patient-without-context",
    stage="authorize",
    explains="scope-patient-without-context",
    severity="error",
    outcome="access_denied",
    parameter="scope",
    title="Your app asked for {scopes}, but no patient is in context",
    why="patient/ means one patient. Which one, a launch code says, or a person who chooses; your app asked for neither.",
    fix="From the EHR: add scope launch and send the launch code. On its own: add scope launch/patient.",
    spec=specs.SMART_CONTEXT,
    repair=repairs.mend_context,
)

RULES = (
    SCOPE_DOUBLE_ENCODED,
    SCOPE_COMMA_SEPARATED,
    SCOPE_PLUS_LITERAL,
    SCOPE_TAB_SEPARATED,
    SCOPE_SEPARATOR_WRONG,
    SCOPE_IS_ARRAY,
    SCOPE_HAS_STRAY_CHARACTERS,
    SCOPE_WRONG_CASE,
    SCOPE_V2_ORDER,
    SCOPE_MALFORMED,
    SCOPE_SYSTEM_IN_USER_FLOW,
    SCOPE_V1_ON_V2_APP,
    SCOPE_RESOURCE_NOT_IN_VERSION,
    SCOPE_WILDCARD_NOT_ALLOWED,
    SCOPE_LEVELS_MIXED,
    SCOPE_NOT_REGISTERED,
    SCOPE_MISSING,
    SCOPE_PATIENT_WITHOUT_CONTEXT,
)
