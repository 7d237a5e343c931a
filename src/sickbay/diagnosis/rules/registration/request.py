"""Rules about a registration. They report at registration what would otherwise fail at the first launch."""

import re
from typing import Any

from msgspec import structs

from sickbay.authorization.models import Server
from sickbay.authorization.requests import RegistrationRequest
from sickbay.authorization.scopes.resource_types import ALL_TYPES, find_nearest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.values import first_stray_character, strip_stray_characters
from sickbay.kernel.checks import Facts
from sickbay.protocol import scopes, urls
from sickbay.protocol.scope_spelling import read_spelling


def _swap_uris(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    swaps = dict(zip(facts["received"], facts["expected"], strict=True))
    redirect_uris = tuple(swaps.get(uri, uri) for uri in request.redirect_uris)
    logout_uris = tuple(swaps.get(uri, uri) for uri in request.post_logout_redirect_uris)
    return structs.replace(request, redirect_uris=redirect_uris, post_logout_redirect_uris=logout_uris)


_BETWEEN = re.compile(r"[,;|]\s*(?=https?://)", re.I)


def _add_parts(facts: Facts) -> Facts:
    """Splits entries that contain several URIs, and removes stray characters around a URI."""
    pairs = [(entry, [strip_stray_characters(uri) for uri in _BETWEEN.split(entry)]) for entry in facts["received"]]
    single = [entry for entry, parts in pairs if len(parts) == 1]
    hint = " This entry contains several URIs." if len(single) < len(pairs) else ""
    if single and strip_stray_characters(single[0]) != single[0]:
        hint = f" This one contains {first_stray_character(single[0])}."
    return {**facts, "parts": dict(pairs), "hint": hint}


def _split_uris(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    def split(uris: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part for uri in uris for part in facts["parts"].get(uri, [uri])))

    logout_uris = split(request.post_logout_redirect_uris)
    return structs.replace(request, redirect_uris=split(request.redirect_uris), post_logout_redirect_uris=logout_uris)


def _has_no_scope_of_its_level(request: RegistrationRequest, context: Any) -> Facts | None:
    """Facts if the app has resource scopes, but none of a level that its flow can grant."""
    requested = scopes.list_resources(" ".join(read_spelling(request.scope).tokens))
    system = request.type == "system"
    if not requested or any((scope.level == "system") == system for scope in requested) or not _is_read(request):
        return None
    wrong = [scope.text for scope in requested]
    right = ["system/" + text.partition("/")[2] if system else text.replace("system/", "user/", 1) for text in wrong]
    flow = "a backend service" if system else "an app that users sign in to"
    return {"received": wrong, "expected": right, "scopes": wrong, "corrected": right, "flow": flow}


def _addresses_are_same(request: RegistrationRequest, context: Any) -> Facts | None:
    launch = (request.launch_uri or "").partition("?")[0]
    same = launch and urls.normalise(launch) in {urls.normalise(uri) for uri in request.redirect_uris}
    return {"received": request.launch_uri} if same else None


def _launch_lacks_uri(request: RegistrationRequest, context: Any) -> Facts | None:
    is_missing = "launch" in read_spelling(request.scope).tokens and not request.launch_uri
    return {"received": None} if is_missing and _is_read(request) else None


def _has_no_resources(request: RegistrationRequest, context: Any) -> Facts | None:
    is_of_smart = (bool(request.scope or request.launch_uri) and not context.guesses) or isinstance(context.server, Server)
    has_none = _is_read(request) and not scopes.list_resources(" ".join(read_spelling(request.scope).tokens))
    return {"received": request.scope or None} if is_of_smart and has_none else None


def _is_read(request: RegistrationRequest) -> bool:
    """Whether the registration could be read. If not, there is no advice on it."""
    return request.allowed and request.managed and not request.fault and request.software_statement is None


def _types_are_unknown(request: RegistrationRequest, context: Any) -> Facts | None:
    if isinstance(context.server, Server):  # a check already refuses it
        return None
    requested = scopes.list_resources(" ".join(read_spelling(request.scope).tokens))
    unknown = [scope for scope in requested if not scope.wildcard and scope.type not in ALL_TYPES]
    if not unknown:
        return None
    suggestions = [
        scope.text.replace(f"/{scope.type}.", f"/{match}.")
        for scope in unknown
        if (match := find_nearest(scope.type, ALL_TYPES))
    ]
    hint = f"Did you mean {' '.join(suggestions)}?" if suggestions else "The specification lists all resource types."
    return {"received": [scope.text for scope in unknown], "expected": suggestions or None, "hint": hint}


FUNCTIONS: RuleFunctions = {
    "reg-software-statement-invalid": {"repair": corrections.reset_member("software_statement", None)},
    "reg-software-statement-unapproved": {"repair": corrections.reset_member("software_statement", None)},
    "reg-metadata-ignored": {"advises": lambda request, _: {"received": list(request.ignored)} if request.ignored else None},
    "reg-redirect-uri-malformed": {"recognises": _add_parts, "repair": _split_uris},
    "reg-redirect-uri-has-fragment": {"repair": _swap_uris},
    "reg-redirect-uri-insecure-http": {"repair": _swap_uris},
    "reg-public-app-with-secret": {"repair": corrections.reset_member("has_secret", False)},
    "reg-client-type-mismatch": {"repair": corrections.set_member("auth_method")},
    "reg-scope-level-unsuited": {"advises": _has_no_scope_of_its_level, "repair": corrections.swap_scopes},
    "reg-launch-uri-equals-redirect-uri": {"advises": _addresses_are_same},
    "reg-missing-launch-uri": {"advises": _launch_lacks_uri},
    "reg-no-resource-scopes": {"advises": _has_no_resources},
    "reg-scope-type-unknown": {"advises": _types_are_unknown},
}
