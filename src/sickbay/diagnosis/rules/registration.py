"""Rules of a registration: what would fail at the first launch is said when the app is registered."""

import re
from dataclasses import replace
from typing import Any

from sickbay.authorization.requests import RegistrationRequest
from sickbay.authorization.resource_types import ALL_TYPES, nearest
from sickbay.authorization.values import Server
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.values import bare, clinging
from sickbay.kernel.refusal import Facts
from sickbay.protocol import scopes, urls
from sickbay.protocol.scope_spelling import spelling

REFUSED = "422, the registration is refused"


def _swap_uris(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    swaps = dict(zip(facts["received"], facts["expected"], strict=True))
    mended = tuple(swaps.get(uri, uri) for uri in request.redirect_uris)
    after = tuple(swaps.get(uri, uri) for uri in request.post_logout_redirect_uris)
    return replace(request, redirect_uris=mended, post_logout_redirect_uris=after)


NOT_ALLOWED = Rule(
    id="reg-not-allowed",
    stage="registration",
    explains="reg-not-allowed",
    severity="error",
    outcome="401 invalid_token",
    parameter="Authorization",
    title="This server does not let everybody register apps",
    why="Registering is for whoever runs this Sickbay: from its own machine, or with the admin token.",
    fix="Register from the machine it runs on, or send Authorization: Bearer with the admin token as initial access token.",
    spec=specs.rfc(7591, "3", "Client Registration Endpoint"),
)

ACCESS_TOKEN_WRONG = Rule(
    id="reg-access-token-wrong",
    stage="registration",
    explains="reg-access-token-wrong",
    severity="error",
    outcome="401 invalid_token",
    parameter="Authorization",
    title="This is not the registration access token of this app",
    why="An app reads and changes its registration with the token it was told when it registered, and with no other.",
    fix="Send Authorization: Bearer with the registration_access_token that was told when this app registered.",
    spec=specs.rfc(7592, "2", "Client Configuration Endpoint"),
)

METADATA_INVALID = Rule(
    id="reg-metadata-invalid",
    stage="registration",
    explains="reg-metadata-invalid",
    severity="error",
    outcome="400 invalid_client_metadata",
    title="The metadata of the app cannot be used: {fault}",
    why="A member of the registration has the wrong type, a value that this server does not know, or is not there at all.",
    fix="Mend that member, and send all of the metadata once more.",
    spec=specs.rfc(7591, "2", "Client Metadata"),
)


def _without_statement(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return replace(request, software_statement=None)


def _statement_rule(id: str, error: str, title: str, why: str, fix: str) -> Rule:
    return Rule(
        id=id,
        stage="registration",
        explains=id,
        severity="error",
        outcome=f"400 {error}",
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
    "software_statement is no signed statement of anybody",
    "It must be a JWT, header.payload.signature, whose iss names who vouches for the app.",
    "Leave software_statement out, and send the metadata themselves.",
)

STATEMENT_UNAPPROVED = _statement_rule(
    "reg-software-statement-unapproved",
    "unapproved_software_statement",
    "This server does not know {received}, who signed the software statement",
    "A statement counts where its signer is trusted, and here nobody's is: whoever runs this Sickbay registers apps.",
    "Leave software_statement out, and send the metadata that it holds as members of the request.",
)

WILDCARD = Rule(
    id="reg-redirect-uri-wildcard",
    stage="registration",
    explains="reg-redirect-uri-wildcard",
    severity="error",
    outcome=REFUSED,
    parameter="redirect_uris",
    title="{received} has a wildcard",
    why="Redirect addresses are compared character by character; a * would let a code go where nobody looked.",
    fix="List each whole address.",
    spec=specs.rfc(9700, "2.1", "Protecting Redirect-Based Flows"),
)

NOT_ABSOLUTE = Rule(
    id="reg-redirect-uri-not-absolute",
    stage="registration",
    explains="reg-redirect-uri-not-absolute",
    severity="error",
    outcome=REFUSED,
    parameter="redirect_uris",
    title="{received} is no absolute address",
    why="The browser comes from the hospital's host; a path alone would lead it back there.",
    fix="Register the whole address, scheme and host included, such as http://localhost:8100/callback.",
    spec=specs.rfc(6749, "3.1.2", "Redirection Endpoint"),
)

_BETWEEN = re.compile(r"[,;|]\s*(?=https?://)", re.I)


def _odd(facts: Facts) -> Facts:
    """Several in one are the several, and what clings to one is taken off."""
    pairs = [(uri, [bare(one) for one in _BETWEEN.split(uri)]) for uri in facts["received"]]
    whole = [uri for uri, parts in pairs if len(parts) == 1]
    several = " They are several addresses in one text." if len(whole) < len(pairs) else ""
    odd = f" It has {clinging(whole[0])} in it." if whole and bare(whole[0]) != whole[0] else ""
    return {**facts, "parts": dict(pairs), "hint": odd or several}


def _split_uris(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    def mended(uris: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part for uri in uris for part in facts["parts"].get(uri, [uri])))

    after = mended(request.post_logout_redirect_uris)
    return replace(request, redirect_uris=mended(request.redirect_uris), post_logout_redirect_uris=after)


MALFORMED = Rule(
    id="reg-redirect-uri-malformed",
    stage="registration",
    explains="reg-redirect-uri-malformed",
    recognises=_odd,
    severity="error",
    outcome=REFUSED,
    parameter="redirect_uris",
    title="{received} is not one address",
    why="An address has none but the characters of RFC 3986, and each stands for itself in the list.{hint}",
    fix="Register each address for itself, with nothing before, between or behind; what is not ASCII is percent-encoded.",
    spec=specs.rfc(3986, "2", "Characters"),
    repair=_split_uris,
)

LAUNCH_NOT_ABSOLUTE = Rule(
    id="reg-launch-uri-not-absolute",
    stage="registration",
    explains="reg-launch-uri-not-absolute",
    severity="error",
    outcome=REFUSED,
    parameter="launch_uri",
    title="{received} is no absolute address for a launch",
    why="The EHR opens it as it stands: without scheme and host the browser would look for it at the hospital.",
    fix="Register the whole address, scheme and host included, such as http://localhost:8100/launch.",
    spec=specs.SMART_REGISTER,
)

HAS_FRAGMENT = Rule(
    id="reg-redirect-uri-has-fragment",
    stage="registration",
    explains="reg-redirect-uri-has-fragment",
    severity="error",
    outcome=REFUSED,
    parameter="redirect_uris",
    title="{received} has a #",
    why="OAuth forbids it: what follows # never reaches a server, and the code would be lost behind it.",
    fix="Register {expected}, and let the app find its own way from there.",
    spec=specs.rfc(6749, "3.1.2", "Redirection Endpoint"),
    repair=_swap_uris,
)

INSECURE_HTTP = Rule(
    id="reg-redirect-uri-insecure-http",
    stage="registration",
    explains="reg-redirect-uri-insecure-http",
    severity="error",
    outcome=REFUSED,
    parameter="redirect_uris",
    title="{received} is plain http on another machine",
    why="The code would cross the network in clear. On your own machine http is fine.",
    fix="Register {expected}.",
    spec=specs.rfc(9700, "2.6", "Other Recommendations"),
    repair=_swap_uris,
)


def _without_secret(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return replace(request, has_secret=False)


PUBLIC_APP_WITH_SECRET = Rule(
    id="reg-public-app-with-secret",
    stage="registration",
    explains="reg-public-app-with-secret",
    severity="error",
    outcome=REFUSED,
    title="A public app is registered with a secret",
    why="What runs in a browser or on a phone can be read by its user, and so can the secret in it.",
    fix="Leave the secret out and use PKCE, or call the token endpoint from a server and register as confidential.",
    spec=specs.SMART_REGISTER,
    repair=_without_secret,
)


def _suiting(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return replace(request, auth_method=facts["expected"])


CLIENT_TYPE_MISMATCH = Rule(
    id="reg-client-type-mismatch",
    stage="registration",
    explains="reg-client-type-mismatch",
    severity="error",
    outcome=REFUSED,
    parameter="token_endpoint_auth_method",
    title="A {client} app is registered with the authentication {received}",
    why="A public app has nothing to authenticate with; a confidential one must. The token endpoint will hold it to that.",
    fix="Make both agree: in a browser or on a phone public with none, on a server confidential with a secret or a key.",
    spec=specs.SMART_REGISTER,
    repair=_suiting,
)


def _levels(request: RegistrationRequest, known: Any) -> Facts | None:
    """Scopes of resources, and none of them of the flow by which this app gets its tokens."""
    asked = scopes.resources(" ".join(spelling(request.scope).tokens))
    system = request.type == "system"
    if not asked or any((one.level == "system") == system for one in asked) or not _is_read(request):
        return None
    wrong = [one.text for one in asked]
    right = ["system/" + one.partition("/")[2] if system else one.replace("system/", "user/", 1) for one in wrong]
    flow = "a backend, for which nobody signs in" if system else "an app that people use"
    return {"received": wrong, "expected": right, "scopes": wrong, "corrected": right, "flow": flow}


SCOPE_LEVEL_UNSUITED = Rule(
    id="reg-scope-level-unsuited",
    stage="registration",
    severity="warning",
    outcome="advice",
    advises=_levels,
    parameter="scope",
    title="{scopes} is registered for {flow}",
    why="client_credentials gives system/ scopes alone, and a launch patient/ and user/ alone: every request will be refused.",
    fix="Register {corrected}.",
    spec=specs.SMART_BACKEND,
    repair=repairs.swap_scopes,
)


def _same_address(request: RegistrationRequest, known: Any) -> Facts | None:
    launch = (request.launch_uri or "").partition("?")[0]
    same = launch and urls.normalised(launch) in {urls.normalised(uri) for uri in request.redirect_uris}
    return {"received": request.launch_uri} if same else None


LAUNCH_URI_EQUALS_REDIRECT_URI = Rule(
    id="reg-launch-uri-equals-redirect-uri",
    stage="registration",
    severity="warning",
    outcome="advice",
    advises=_same_address,
    parameter="launch_uri",
    title="Launch and redirect address are the same: {received}",
    why="Your app cannot tell a launch from an answer by its path, and may start again when it should go on.",
    fix="Register two paths: /launch, which gets iss and launch, and /callback, which gets code and state.",
    spec=specs.SMART_REGISTER,
)


def _launch_without_uri(request: RegistrationRequest, known: Any) -> Facts | None:
    wanted = "launch" in spelling(request.scope).tokens and not request.launch_uri
    return {"received": None} if wanted and _is_read(request) else None


MISSING_LAUNCH_URI = Rule(
    id="reg-missing-launch-uri",
    stage="registration",
    severity="warning",
    outcome="advice",
    advises=_launch_without_uri,
    parameter="launch_uri",
    title="Scope launch is registered, but no launch address",
    why="The EHR has nothing to open, and the app stands in no list of apps.",
    fix="Register the address that the EHR shall open, or leave out scope launch.",
    spec=specs.SMART_REGISTER,
)


def _no_resources(request: RegistrationRequest, known: Any) -> Facts | None:
    if not _is_read(request) or scopes.resources(" ".join(spelling(request.scope).tokens)):
        return None
    return {"received": request.scope or None}


def _is_read(request: RegistrationRequest) -> bool:
    """What could not be read gets no advice."""
    return request.allowed and request.managed and not request.fault and request.software_statement is None


NO_RESOURCE_SCOPES = Rule(
    id="reg-no-resource-scopes",
    stage="registration",
    severity="warning",
    outcome="advice",
    advises=_no_resources,
    parameter="scope",
    title="No scope for any resource is registered",
    why="The launch will succeed, and every read will be refused.",
    fix="Add what your app reads, such as patient/Patient.rs patient/Observation.rs.",
    spec=specs.SMART_RESOURCE_SCOPES,
)


def _unknown_types(request: RegistrationRequest, known: Any) -> Facts | None:
    if isinstance(known.server, Server):  # then the check refuses it
        return None
    asked = scopes.resources(" ".join(spelling(request.scope).tokens))
    odd = [one for one in asked if not one.wildcard and one.type not in ALL_TYPES]
    if not odd:
        return None
    meant = [one.text.replace(f"/{one.type}.", f"/{near}.") for one in odd if (near := nearest(one.type, ALL_TYPES))]
    hint = f"Perhaps {' '.join(meant)} was meant." if meant else "Look for the name in the list of resource types."
    return {"received": [one.text for one in odd], "expected": meant or None, "hint": hint}


SCOPE_TYPE_UNKNOWN = Rule(
    id="reg-scope-type-unknown",
    stage="registration",
    severity="warning",
    outcome="advice",
    advises=_unknown_types,
    parameter="scope",
    title="The app may ask for {received}, and FHIR has no such type",
    why="A name with a slip in it is registered, asked for, and refused at the first launch. {hint}",
    fix="Register scopes of types that there are.",
    spec=specs.SMART_RESOURCE_SCOPES,
)

RULES = (
    NOT_ALLOWED,
    ACCESS_TOKEN_WRONG,
    METADATA_INVALID,
    STATEMENT_INVALID,
    STATEMENT_UNAPPROVED,
    WILDCARD,
    NOT_ABSOLUTE,
    MALFORMED,
    LAUNCH_NOT_ABSOLUTE,
    HAS_FRAGMENT,
    INSECURE_HTTP,
    PUBLIC_APP_WITH_SECRET,
    CLIENT_TYPE_MISMATCH,
    SCOPE_LEVEL_UNSUITED,
    LAUNCH_URI_EQUALS_REDIRECT_URI,
    MISSING_LAUNCH_URI,
    NO_RESOURCE_SCOPES,
    SCOPE_TYPE_UNKNOWN,
)
