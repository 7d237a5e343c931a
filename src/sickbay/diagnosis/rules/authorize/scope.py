"""Rules about `scope`: its syntax, what may be requested, and what else a scope requires."""

from typing import Any

from sickbay.authorization.authorize.parameters import audience, requested_resources
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.authorization.scopes.resource_types import ALL_TYPES, types_of
from sickbay.diagnosis import corrections, guesses, specs
from sickbay.diagnosis.evidence.address import fhir_version_of
from sickbay.diagnosis.rule import GUESS, Rule
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import Facts
from sickbay.protocol.scope_spelling import spelling
from sickbay.protocol.scopes import split

SEPARATED = specs.rfc(6749, "3.3", "Access Token Scope")
EXAMPLE = "launch/patient openid fhirUser patient/Patient.rs"


def _request_registered_scopes(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Requests the registered scopes that need nothing else: no `launch` without its code and no refresh scopes."""
    registered = [scope for scope in split(facts.get("registered") or "") if scope not in ("online_access", "offline_access")]
    launched = bool(request.parameters.get("launch"))
    requestable = [scope for scope in registered if not scope.startswith("system/") and (scope != "launch" or launched)]
    return corrections.with_scopes(request, requestable) if requestable else request


def _respelt(request: Any, facts: Facts) -> Any:
    """Writes the scopes as they were read: separated by spaces and encoded once."""
    return corrections.add_scopes(request)


SCOPE_DOUBLE_ENCODED = Rule(
    id="scope-double-encoded",
    parameter="scope",
    title="`scope` is percent-encoded twice",
    why="After decoding it once, the server still sees `{received}`, which isn't a list of scopes. "
    "Usually both the app and a URL builder encoded it.",
    fix="Encode it only once, so that it decodes to `{expected}`.",
    spec=specs.rfc(6749, "B", "Use of application/x-www-form-urlencoded"),
    repair=_respelt,
)


SCOPE_COMMA_SEPARATED = Rule(
    id="scope-comma-separated",
    parameter="scope",
    title="`scope` uses commas as separators",
    why="OAuth separates scopes with spaces. With commas, most servers read a single unknown scope.",
    fix="Separate the scopes with single spaces: `{expected}`.",
    spec=SEPARATED,
    repair=_respelt,
)


SCOPE_PLUS_LITERAL = Rule(
    id="scope-plus-literal",
    parameter="scope",
    title="`scope` uses encoded plus signs (`%2B`) as separators",
    why="In a query string, `+` means a space and `%2B` means a plus sign. The server therefore reads a single unknown scope.",
    fix="Join the scopes with spaces, then encode them once: `{expected}`.",
    spec=SEPARATED,
    repair=_respelt,
)


SCOPE_TAB_SEPARATED = Rule(
    id="scope-tab-separated",
    parameter="scope",
    title="`scope` uses tabs or line breaks as separators",
    why="OAuth separates scopes with spaces. With tabs, most servers read a single unknown scope.",
    fix="Separate the scopes with single spaces: `{expected}`.",
    spec=SEPARATED,
    repair=_respelt,
)


_CALLED = {
    ";": "semicolons",
    "|": "vertical bars",
    "&": "ampersands",
    "\u00a0": "non-breaking spaces",
    "[": "a JSON array",
    "{": "a set in braces",
    "(": "a list in parentheses",
}


def _name_separators(facts: Facts) -> Facts:
    separators = spelling(str(facts["received"])).separators
    return {
        **facts,
        "what": " and ".join(_CALLED.get(separator, f"the character U+{ord(separator):04X}") for separator in separators),
    }


SCOPE_SEPARATOR_WRONG = Rule(
    id="scope-separator-wrong",
    recognises=_name_separators,
    parameter="scope",
    title="`scope` uses {what} as separators",
    why="OAuth separates scopes with spaces. With any other separator, the server reads a single unknown scope.",
    fix="Separate the scopes with single spaces: `{expected}`.",
    spec=SEPARATED,
    repair=_respelt,
)


def _name_array(facts: Facts) -> Facts | None:
    array = spelling(str(facts["received"])).array
    return {**facts, "what": _CALLED[array]} if array else None


SCOPE_IS_ARRAY = Rule(
    id="scope-is-array",
    explains="scope-has-stray-characters",
    recognises=_name_array,
    parameter="scope",
    title="`scope` is {what} instead of a string",
    why="If a list is written into a URL directly, its brackets, quotation marks and commas become part of the value.",
    fix="Join the list with single spaces: `{expected}`.",
    spec=SEPARATED,
    repair=_respelt,
)


def _stray(facts: Facts) -> Facts:
    read = spelling(str(facts["received"]))
    quotes = [char for char in read.stray if char.isprintable()]
    names = ["quotation marks"] if quotes else []
    names += [f"the invisible character U+{ord(char):04X}" for char in read.stray if char not in quotes]
    return {**facts, "what": " and ".join([*names, *([f"the text {read.name}"] if read.name else [])])}


SCOPE_HAS_STRAY_CHARACTERS = Rule(
    id="scope-has-stray-characters",
    recognises=_stray,
    parameter="scope",
    title="`scope` contains {what}",
    why="The server compares scopes exactly, so the extra characters make them unknown. They usually "
    "come from a configuration file, a template or copy and paste.",
    fix="Send only the scopes: `{expected}`.",
    spec=SEPARATED,
    repair=_respelt,
)


SCOPE_WRONG_CASE = Rule(
    id="scope-wrong-case",
    parameter="scope",
    title="`scope` has wrong upper or lower case: `{scopes}`",
    why="Scopes are case-sensitive, and many servers drop one in the wrong case without an error.",
    fix="Send `{corrected}`.",
    spec=SEPARATED,
    repair=corrections.swap_scopes,
)


SCOPE_V2_ORDER = Rule(
    id="scope-v2-order",
    parameter="scope",
    title="`scope` has permission letters in the wrong order: `{scopes}`",
    why="SMART 2 requires the order `cruds`: create, read, update, delete, search.",
    fix="Send `{corrected}`.",
    spec=specs.SMART_RESOURCE_SCOPES,
    repair=corrections.swap_scopes,
)


def _with_likely(facts: Facts) -> Facts:
    likely = [scope for scope in facts.get("likely") or () if scope]
    return {**facts, "hint": f" Did you mean `{' '.join(likely)}`?" if likely else ""}


SCOPE_MALFORMED = Rule(
    id="scope-malformed",
    recognises=_with_likely,
    degree="probable",
    parameter="scope",
    title="`scope` isn't valid in SMART: `{scopes}`",
    why="A scope for FHIR resources consists of `patient`, `user` or `system`, a slash, a resource type, "
    "a dot and the permissions.{hint}",
    fix="Write each scope like `patient/Observation.rs`. For SMART 1, write `patient/Observation.read`.",
    spec=specs.SMART_RESOURCE_SCOPES,
    repair=corrections.swap_scopes,
)


SCOPE_SYSTEM_IN_USER_FLOW = Rule(
    id="scope-system-in-user-flow",
    parameter="scope",
    title="`scope` contains `{scopes}`, but a user signs in",
    why="`system/` scopes are for backend services that act without a user. In this flow, the token has "
    "the rights of the user.",
    fix="Request `{corrected}` instead. If your app is a backend service, use the `client_credentials` "
    "grant at the token endpoint.",
    spec=specs.SMART_BACKEND,
    repair=corrections.swap_scopes,
)


SCOPE_V1_ON_V2_APP = Rule(
    id="scope-v1-on-v2-app",
    parameter="scope",
    title="`scope` uses SMART {sent_version} syntax, but the app is registered for SMART {app_version}: `{scopes}`",
    why="This server grants only scopes in the syntax of the version that the app is registered for.",
    fix="Send `{corrected}`.",
    spec=specs.SMART_RESOURCE_SCOPES,
    repair=corrections.swap_scopes,
)


def _add_suggestions(facts: Facts) -> Facts:
    suggestions = [scope for scope in facts.get("corrected") or () if scope]
    return {**facts, "meant": f"`{' '.join(suggestions)}`" if suggestions else "a resource type of this version"}


def _of_no_version(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    """Types that don't exist in the FHIR version that `aud` names, or in any version if it names none."""
    if not context.smart:
        return None
    version = VERSIONS.get(fhir_version_of(audience(request) or ""))
    types, label = (types_of(version.number), version.segment.upper()) if version else (ALL_TYPES, "DSTU2 to R5")
    refusal = requested_scopes.of_unknown_types(requested_resources(request), types, [label])
    return None if refusal is None else _add_suggestions({**refusal.facts, GUESS: _VERSION.format(label)})


_VERSION = "Sickbay assumes FHIR {}, judging by `aud`."

SCOPE_RESOURCE_NOT_IN_VERSION = Rule(
    id="scope-resource-not-in-version",
    recognises=_add_suggestions,
    advises=_of_no_version,
    unknown="server",
    parameter="scope",
    title="`scope` names a resource type that FHIR {version} doesn't have: `{scopes}`",
    why="Some resource types were renamed between FHIR versions. A type that doesn't exist in this version matches no data.",
    fix="Request {meant}.",
    spec=specs.SMART_RESOURCE_SCOPES,
    repair=corrections.swap_scopes,
)


def _wildcards(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    """`user/` wildcards, which many servers don't allow. Nearly all of them allow `patient/` wildcards."""
    if not context.smart:
        return None
    wildcards = [scope.text for scope in requested_resources(request) if scope.wildcard and scope.level == "user"]
    return {"received": wildcards, "scopes": wildcards} | guesses.POLICY if wildcards else None


SCOPE_WILDCARD_NOT_ALLOWED = Rule(
    id="scope-wildcard-not-allowed",
    advises=_wildcards,
    unknown="server",
    parameter="scope",
    title="`scope` contains a wildcard that isn't allowed: `{scopes}`",
    why="This server, or the registration of your app, allows only scopes for single resource types.",
    fix="Request each resource type that your app reads, for example `patient/Patient.rs patient/Observation.rs`.",
    spec=specs.SMART_RESOURCE_SCOPES,
    repair=corrections.drop_scopes,
)


SCOPE_LEVELS_MIXED = Rule(
    id="scope-levels-mixed",
    parameter="scope",
    title="`scope` combines `{scopes}` with {others:code}",
    why="A user's authorization grants `patient/`, `user/`, `launch` and OpenID scopes; the "
    "`client_credentials` grant gives `system/` scopes. No flow gives both.",
    fix="If users sign in, leave out `{scopes}`. If the app is a backend service, leave out {others:code}.",
    spec=specs.SMART_BACKEND,
    repair=corrections.drop_scopes,
)


SCOPE_NOT_REGISTERED = Rule(
    id="scope-not-registered",
    parameter="scope",
    title="`scope` isn't registered for your app: `{scopes}`",
    why="An app gets only scopes that it is registered for. Registered: {registered}.",
    fix="Leave out `{scopes}`. If your app needs this access, add it to the registration.",
    spec=SEPARATED,
    repair=corrections.drop_scopes,
)

SCOPE_MISSING = Rule(
    id="scope-missing",
    parameter="scope",
    title="`scope` is missing",
    why="The server grants only scopes that are requested, and a token without scopes can't read anything.",
    fix=f"Send the scopes that your app needs, for example `{EXAMPLE}`.",
    spec=specs.SMART_AUTHORIZE,
    repair=_request_registered_scopes,
    insert_placeholder=lambda request: corrections.with_scopes(request, [*split(EXAMPLE)]),
)
