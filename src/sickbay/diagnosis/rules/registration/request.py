"""Rules about a registration. They report at registration what would otherwise fail at the first launch."""

import re
from typing import Any

from msgspec import structs

from sickbay.authorization.models import Server
from sickbay.authorization.requests import RegistrationRequest
from sickbay.authorization.scopes.resource_types import ALL_TYPES, find_nearest
from sickbay.diagnosis import corrections, specs, wording
from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.values import first_stray_character, strip_stray_characters
from sickbay.kernel.checks import Facts
from sickbay.protocol import scopes, urls
from sickbay.protocol.scope_spelling import spelling


def _swap_uris(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    swaps = dict(zip(facts["received"], facts["expected"], strict=True))
    redirect_uris = tuple(swaps.get(uri, uri) for uri in request.redirect_uris)
    logout_uris = tuple(swaps.get(uri, uri) for uri in request.post_logout_redirect_uris)
    return structs.replace(request, redirect_uris=redirect_uris, post_logout_redirect_uris=logout_uris)


NOT_ALLOWED = Rule(
    id="reg-not-allowed",
    outcome="401 invalid_token",
    differs=wording.DYNAMIC_REGISTRATION,
    parameter="Authorization",
    title="Registration isn't open on this server",
    why="Only an administrator can register apps: someone on the machine that runs Sickbay, or someone with the admin token.",
    fix="Register from the machine that runs Sickbay. From another machine, send `Authorization: Bearer` with the admin token.",
    spec=specs.rfc(7591, "3", "Client Registration Endpoint"),
)

ACCESS_TOKEN_WRONG = Rule(
    id="reg-access-token-wrong",
    outcome="401 invalid_token",
    differs=wording.DYNAMIC_REGISTRATION,
    parameter="Authorization",
    title="`Authorization` doesn't have this app's registration access token",
    why="The server lets an app read and change its registration only with the token that it returned when the app registered.",
    fix="Send `Authorization: Bearer` with the `registration_access_token` from the registration response of this app.",
    spec=specs.rfc(7592, "2", "Client Configuration Endpoint"),
)

METADATA_INVALID = Rule(
    id="reg-metadata-invalid",
    outcome="400 invalid_client_metadata",
    differs=wording.DYNAMIC_REGISTRATION,
    title="The registration is invalid: {fault}",
    why="A member of the registration is missing, has the wrong type, or has a value that this server doesn't support.",
    fix="Correct that member, and send the whole registration again.",
    spec=specs.rfc(7591, "2", "Client Metadata"),
)


def _without_statement(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(request, software_statement=None)


def _statement_rule(id: str, error: str, title: str, why: str, fix: str) -> Rule:
    return Rule(
        id=id,
        outcome=f"400 {error}",
        differs=wording.DYNAMIC_REGISTRATION,
        parameter="software_statement",
        title=title,
        why=why,
        fix=fix,
        spec=specs.rfc(7591, "3.2.2", "Client Registration Error Response"),
        repair=_without_statement,
    )


STATEMENT_INVALID = _statement_rule(
    "reg-software-statement-invalid",
    "invalid_software_statement",
    "`software_statement` isn't a signed JWT with an issuer",
    "It must be a JWT (header.payload.signature) whose `iss` names the organisation that vouches for the app.",
    "Leave out `software_statement`, and send its members in the registration itself.",
)

STATEMENT_UNAPPROVED = _statement_rule(
    "reg-software-statement-unapproved",
    "unapproved_software_statement",
    "`software_statement` is signed by an issuer that isn't trusted: `{received}`",
    "A server accepts only statements of issuers that it trusts, and Sickbay trusts none. The administrator registers apps.",
    "Leave out `software_statement`, and send its members in the registration itself.",
)

WILDCARD = Rule(
    id="reg-redirect-uri-wildcard",
    parameter="redirect_uris",
    title="`redirect_uris` contains a wildcard: `{received}`",
    why="The server compares redirect URIs character by character. With a wildcard, codes could go to pages that were never "
    "reviewed.",
    fix="List each complete URI.",
    spec=specs.rfc(9700, "2.1", "Protecting Redirect-Based Flows"),
)

NOT_ABSOLUTE = Rule(
    id="reg-redirect-uri-not-absolute",
    parameter="redirect_uris",
    title="`redirect_uris` contains a relative URI: `{received}`",
    why="The browser is on the hospital's host when it is redirected, so a path without a host would lead back to it.",
    fix="Register the complete URI with scheme and host, for example http://localhost:8100/callback.",
    spec=specs.rfc(6749, "3.1.2", "Redirection Endpoint"),
)

_BETWEEN = re.compile(r"[,;|]\s*(?=https?://)", re.I)


def _with_parts(facts: Facts) -> Facts:
    """Splits entries that contain several URIs, and removes stray characters around a URI."""
    pairs = [(entry, [strip_stray_characters(uri) for uri in _BETWEEN.split(entry)]) for entry in facts["received"]]
    single = [entry for entry, parts in pairs if len(parts) == 1]
    several = " This entry contains several URIs." if len(single) < len(pairs) else ""
    stray = (
        f" This one contains {first_stray_character(single[0])}."
        if single and strip_stray_characters(single[0]) != single[0]
        else ""
    )
    return {**facts, "parts": dict(pairs), "hint": stray or several}


def _split_uris(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    def split(uris: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part for uri in uris for part in facts["parts"].get(uri, [uri])))

    logout_uris = split(request.post_logout_redirect_uris)
    return structs.replace(request, redirect_uris=split(request.redirect_uris), post_logout_redirect_uris=logout_uris)


MALFORMED = Rule(
    id="reg-redirect-uri-malformed",
    recognises=_with_parts,
    parameter="redirect_uris",
    title="`redirect_uris` contains an entry that isn't a single valid URI: `{received}`",
    why="Each entry of the list must be one URI, with only the characters that RFC 3986 allows.{hint}",
    fix="Register each URI as its own entry, without extra characters. Percent-encode characters that aren't ASCII.",
    spec=specs.rfc(3986, "2", "Characters"),
    repair=_split_uris,
)

LAUNCH_NOT_ABSOLUTE = Rule(
    id="reg-launch-uri-not-absolute",
    parameter="launch_uri",
    title="`launch_uri` isn't an absolute URI: `{received}`",
    why="The EHR opens the launch URI as it is registered. Without a scheme and host, the browser would look for it at the "
    "hospital.",
    fix="Register the complete URI with scheme and host, for example http://localhost:8100/launch.",
    spec=specs.SMART_REGISTER,
)

HAS_FRAGMENT = Rule(
    id="reg-redirect-uri-has-fragment",
    parameter="redirect_uris",
    title="`redirect_uris` contains a `#`: `{received}`",
    why="RFC 6749 forbids fragments in redirect URIs, because browsers don't send anything after the `#` to a server.",
    fix="Register `{expected}`, and let the app route from there.",
    spec=specs.rfc(6749, "3.1.2", "Redirection Endpoint"),
    repair=_swap_uris,
)

INSECURE_HTTP = Rule(
    id="reg-redirect-uri-insecure-http",
    parameter="redirect_uris",
    title="`redirect_uris` contains an `http` URI on another machine: `{received}`",
    why="The authorization code would cross the network unencrypted. `http` is allowed only on localhost.",
    fix="Register `{expected}`.",
    spec=specs.rfc(9700, "2.6", "Other Recommendations"),
    repair=_swap_uris,
)


def _without_secret(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(request, has_secret=False)


PUBLIC_APP_WITH_SECRET = Rule(
    id="reg-public-app-with-secret",
    title="A public app can't be registered with a secret",
    why="Users can read the code that runs in their browser or on their phone, including a secret in it.",
    fix="Leave out the secret and use PKCE. If a server of yours calls the token endpoint, register the app as confidential "
    "instead.",
    spec=specs.SMART_REGISTER,
    repair=_without_secret,
)


def _with_fitting_method(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(request, auth_method=facts["expected"])


CLIENT_TYPE_MISMATCH = Rule(
    id="reg-client-type-mismatch",
    parameter="token_endpoint_auth_method",
    title="`token_endpoint_auth_method` doesn't fit a {client} app: `{received}`",
    why="A public app has no secret or key to authenticate with, and a confidential app must authenticate.",
    fix="For an app in a browser or on a phone, register a public app with none. For an app on a server, register a "
    "confidential app with a secret or a key.",
    spec=specs.SMART_REGISTER,
    repair=_with_fitting_method,
)


def _levels(request: RegistrationRequest, context: Any) -> Facts | None:
    """Facts if the app has resource scopes, but none of a level that its flow can grant."""
    requested = scopes.resources(" ".join(spelling(request.scope).tokens))
    system = request.type == "system"
    if not requested or any((scope.level == "system") == system for scope in requested) or not _is_read(request):
        return None
    wrong = [scope.text for scope in requested]
    right = ["system/" + text.partition("/")[2] if system else text.replace("system/", "user/", 1) for text in wrong]
    flow = "a backend service" if system else "an app that users sign in to"
    return {"received": wrong, "expected": right, "scopes": wrong, "corrected": right, "flow": flow}


SCOPE_LEVEL_UNSUITED = Rule(
    id="reg-scope-level-unsuited",
    severity="warning",
    advises=_levels,
    parameter="scope",
    title="`scope` doesn't fit {flow}: `{scopes}`",
    why="`client_credentials` grants only `system/` scopes, and a launch grants only `patient/` and `user/` scopes. With "
    "these scopes, the server would refuse every request.",
    fix="Register `{corrected}`.",
    spec=specs.SMART_BACKEND,
    repair=corrections.swap_scopes,
)


def _same_address(request: RegistrationRequest, context: Any) -> Facts | None:
    launch = (request.launch_uri or "").partition("?")[0]
    same = launch and urls.normalise(launch) in {urls.normalise(uri) for uri in request.redirect_uris}
    return {"received": request.launch_uri} if same else None


LAUNCH_URI_EQUALS_REDIRECT_URI = Rule(
    id="reg-launch-uri-equals-redirect-uri",
    severity="warning",
    advises=_same_address,
    parameter="launch_uri",
    title="`launch_uri` is also registered as a redirect URI: `{received}`",
    why="Your app can't tell a launch from an authorization response by the path, so it may start over instead of continuing.",
    fix="Register two paths: /launch, which gets `iss` and `launch`, and /callback, which gets `code` and `state`.",
    spec=specs.SMART_REGISTER,
)


def _launch_without_uri(request: RegistrationRequest, context: Any) -> Facts | None:
    is_missing = "launch" in spelling(request.scope).tokens and not request.launch_uri
    return {"received": None} if is_missing and _is_read(request) else None


MISSING_LAUNCH_URI = Rule(
    id="reg-missing-launch-uri",
    severity="warning",
    advises=_launch_without_uri,
    parameter="launch_uri",
    title="`launch_uri` is missing, but the scope `launch` is registered",
    why="The EHR has no URL to open, so it can't list or launch the app.",
    fix="Register the URL that the EHR opens. If the app is only started standalone, remove the scope `launch`.",
    spec=specs.SMART_REGISTER,
)


def _no_resources(request: RegistrationRequest, context: Any) -> Facts | None:
    if not _is_read(request) or scopes.resources(" ".join(spelling(request.scope).tokens)):
        return None
    return {"received": request.scope or None}


def _is_read(request: RegistrationRequest) -> bool:
    """Whether the registration could be read. If not, there is no advice on it."""
    return request.allowed and request.managed and not request.fault and request.software_statement is None


NO_RESOURCE_SCOPES = Rule(
    id="reg-no-resource-scopes",
    severity="warning",
    advises=_no_resources,
    parameter="scope",
    title="`scope` has no scope for any FHIR resource",
    why="A launch can succeed, but the server will refuse every FHIR request.",
    fix="Add scopes for what your app reads, for example `patient/Patient.rs patient/Observation.rs`.",
    spec=specs.SMART_RESOURCE_SCOPES,
)


def _unknown_types(request: RegistrationRequest, context: Any) -> Facts | None:
    if isinstance(context.server, Server):  # a check already refuses it
        return None
    requested = scopes.resources(" ".join(spelling(request.scope).tokens))
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


SCOPE_TYPE_UNKNOWN = Rule(
    id="reg-scope-type-unknown",
    severity="warning",
    advises=_unknown_types,
    parameter="scope",
    title="`scope` names a resource type that FHIR doesn't have: `{received}`",
    why="The server would refuse this scope at the first launch. {hint}",
    fix="Register scopes for resource types that exist.",
    spec=specs.SMART_RESOURCE_SCOPES,
)
