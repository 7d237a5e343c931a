"""Rules about `scope`: its syntax, what may be requested, and what else a scope requires."""

from typing import Any

from sickbay.authorization.authorize.parameters import read_audience, requested_resources
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.authorization.scopes.resource_types import ALL_TYPES, types_of
from sickbay.diagnosis import corrections, guesses
from sickbay.diagnosis.evidence.address import fhir_version_of
from sickbay.diagnosis.lists import WORDS
from sickbay.diagnosis.rule import GUESS, Functions, RuleFunctions
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import Facts
from sickbay.protocol.scope_spelling import read_spelling
from sickbay.protocol.scopes import split

EXAMPLE = "launch/patient openid fhirUser patient/Patient.rs"


def _request_registered_scopes(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Requests the registered scopes that need nothing else: no `launch` without its code and no refresh scopes."""
    registered = [scope for scope in split(facts.get("registered") or "") if scope not in ("online_access", "offline_access")]
    launched = bool(request.parameters.get("launch"))
    requestable = [scope for scope in registered if not scope.startswith("system/") and (scope != "launch" or launched)]
    return corrections.set_scopes(request, requestable) if requestable else request


def _add_supported_scopes(facts: Facts) -> Facts | None:
    """Facts of a request for a registered resource, with what this was registered with."""
    supported = [f"`{text}`" for text in facts.get("supported") or ()]
    return {**facts, "listed": " ".join(supported) or "no scopes"} if facts.get("resource") else None


def _respell_scopes(request: Any, facts: Facts) -> Any:
    """Writes the scopes as they were read: separated by spaces and encoded once."""
    return corrections.add_scopes(request)


def _name_separators(facts: Facts) -> Facts:
    separators, known = read_spelling(str(facts["received"])).separators, WORDS["separators"]
    return {**facts, "what": " and ".join(known.get(each, f"the character U+{ord(each):04X}") for each in separators)}


def _scope_is_array(facts: Facts) -> Facts | None:
    array = read_spelling(str(facts["received"])).array
    return {**facts, "what": WORDS["separators"][array]} if array else None


def _name_stray_characters(facts: Facts) -> Facts:
    read = read_spelling(str(facts["received"]))
    quotes = [char for char in read.stray if char.isprintable()]
    names = ["quotation marks"] if quotes else []
    names += [f"the invisible character U+{ord(char):04X}" for char in read.stray if char not in quotes]
    return {**facts, "what": " and ".join([*names, *([f"the text {read.name}"] if read.name else [])]) or "extra spaces"}


def _add_hint(facts: Facts) -> Facts:
    likely = [scope for scope in facts.get("likely") or () if scope]
    return {**facts, "hint": f" Did you mean `{' '.join(likely)}`?" if likely else ""}


def _add_suggestions(facts: Facts) -> Facts:
    suggestions = [scope for scope in facts.get("corrected") or () if scope]
    return {**facts, "meant": f"`{' '.join(suggestions)}`" if suggestions else "a resource type of this version"}


def _has_scope_of_no_version(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    """Types that don't exist in the FHIR version that `aud` names, or in any version if it names none."""
    if not context.smart:
        return None
    version = VERSIONS.get(fhir_version_of(read_audience(request) or ""))
    types, label = (types_of(version.number), version.segment.upper()) if version else (ALL_TYPES, "DSTU2 to R5")
    refusal = requested_scopes.refuse_unknown_types(requested_resources(request), types, [label])
    guess = {GUESS: f"Sickbay assumes FHIR {label}, judging by `aud`."}
    return _add_suggestions({**refusal.facts, **guess}) if refusal else None


def _has_user_wildcards(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    """`user/` wildcards, which many servers don't allow. Nearly all of them allow `patient/` wildcards."""
    if not context.smart:
        return None
    wildcards = [scope.text for scope in requested_resources(request) if scope.wildcard and scope.level == "user"]
    return {"received": wildcards, "scopes": wildcards} | guesses.POLICY if wildcards else None


_ADD_SCOPES: Functions = {
    "repair": _request_registered_scopes,
    "insert_placeholder": lambda request: corrections.set_scopes(request, [*split(EXAMPLE)]),
}
FUNCTIONS: RuleFunctions = {
    "scope-double-encoded": {"repair": _respell_scopes},
    "scope-comma-separated": {"repair": _respell_scopes},
    "scope-plus-literal": {"repair": _respell_scopes},
    "scope-tab-separated": {"repair": _respell_scopes},
    "scope-separator-wrong": {"recognises": _name_separators, "repair": _respell_scopes},
    "scope-is-array": {"recognises": _scope_is_array, "repair": _respell_scopes},
    "scope-has-stray-characters": {"recognises": _name_stray_characters, "repair": _respell_scopes},
    "scope-wrong-case": {"repair": corrections.swap_scopes},
    "scope-v2-order": {"repair": corrections.swap_scopes},
    "scope-malformed": {"recognises": _add_hint, "repair": corrections.swap_scopes},
    "scope-filter-unsupported": {"repair": corrections.swap_scopes},
    "scope-system-in-user-flow": {"repair": corrections.swap_scopes},
    "scope-v1-on-v2-app": {"repair": corrections.swap_scopes},
    "scope-resource-not-in-version": {
        "recognises": _add_suggestions,
        "advises": _has_scope_of_no_version,
        "repair": corrections.swap_scopes,
    },
    "scope-wildcard-not-allowed": {"advises": _has_user_wildcards, "repair": corrections.drop_scopes},
    "scope-levels-mixed": {"repair": corrections.drop_scopes},
    "scope-not-registered": {"repair": corrections.drop_scopes},
    "mcp-scope-missing": {"recognises": _add_supported_scopes, **_ADD_SCOPES},
    "scope-missing": _ADD_SCOPES,
}
