"""Rules about `client_id`: missing, unknown, or not active yet."""

import re
from datetime import UTC, datetime

from sickbay.authorization.contexts import AuthorizeContext, TokenContext
from sickbay.authorization.likely_clients import NEIGHBOURS
from sickbay.authorization.models import Client
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.values import first_stray_character, placeholder, strip_stray_characters
from sickbay.kernel.checks import Facts
from sickbay.kernel.similar_names import find_closest

_SAMPLE = re.compile(
    r"your_?(?:client|app)_?id.*|my[_ -]?(?:web[_ -]?)?(?:app|client)[_ -]?id|:?client[_ -]?id|todo(?:\W.*)?|\$.+|%.+%",
    re.I | re.S,
)
"""Not `my-app`, which apps are registered as."""
_BRACKETS = (("<", ">"), ("[", "]"), ("{", "}"))


def _is_sample(text: str) -> bool:
    around = ((text.find(opener), text.rfind(closer)) for opener, closer in _BRACKETS)
    has_brackets = any(0 <= start < end for start, end in around)
    return has_brackets or "xxxx" in text.lower() or _SAMPLE.fullmatch(text) is not None


_LONGEST_ID = 128
"""Characters of a client_id that is compared with the registered ones."""


def _with_only_app(facts: Facts) -> Facts:
    """Adds the registered ID that is meant, if there is only one."""
    if facts.get("nearest"):
        return facts
    others = list(facts.get("others") or ())
    return _with_placeholder({**facts, "nearest": others[0] if len(others) == 1 else None})


def _with_placeholder(facts: Facts) -> Facts:
    """If several apps are registered and none is closer than the others, adds their names and a placeholder."""
    if facts.get("nearest") or len(facts.get("others") or ()) < 2:
        return facts
    named = list(facts.get("others_named") or facts["others"])
    more = len(facts["others"]) - len(named)
    rest = " and others" if len(facts["others"]) >= NEIGHBOURS else f" and {more} more" if more > 0 else ""
    listed = f"{', '.join(named)}{rest}"
    return {**facts, "registered_here": f"Registered here: {listed}.", "nearest": corrections.PLACEHOLDER_CLIENT_ID}


TENANT_UNKNOWN = Rule(
    id="tenant-unknown",
    outcome="invalid_request, on a page; at the token endpoint invalid_grant",
    differs="The token endpoint refuses the same address, with its own error code.",
    title="The URL names an unknown tenant: `{received}`",
    why="The tenant in the URL selects the hospital, and this server has no tenant of that name. The URL "
    "may contain a typo or belong to another sandbox.",
    fix="Use the endpoint from the FHIR server's discovery document: `{expected}`.",
    spec=specs.SMART_DISCOVERY,
)


CLIENT_ID_MISSING = Rule(
    id="client-id-missing",
    recognises=_with_only_app,
    parameter="client_id",
    title="`client_id` is missing",
    why="Without `client_id`, the server doesn't know which app sends the request or where to send the response.",
    fix="Send the `client_id` that your app got when it was registered. {registered_here}",
    spec=specs.rfc(6749, "4.1.1", "Authorization Request"),
    repair=corrections.set_client_id("nearest"),
    insert_placeholder=corrections.placeholder("client_id"),
)


def _active_later(facts: Facts) -> Facts | None:
    live_at = facts.get("live_at")
    return {**facts, "expected": _clock(live_at)} if isinstance(live_at, int) else None


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")


CLIENT_NOT_LIVE_YET = Rule(
    id="client-not-live-yet",
    explains="client-id-unknown",
    recognises=_active_later,
    parameter="client_id",
    title="`client_id` isn't active yet: the registration hasn't taken effect",
    why="This hospital takes a while to activate a new registration. Until then, it treats the app as unknown.",
    fix="Wait until {expected}, then send the same request again.",
    spec=specs.rfc(6749, "2", "Client Registration"),
)


def _with_stray_characters(facts: Facts) -> Facts | None:
    received = str(facts["received"])
    bare_id = strip_stray_characters(received)
    if bare_id == received or bare_id not in facts["others"]:
        return None
    return {**facts, "expected": bare_id, "what": first_stray_character(received)}


CLIENT_ID_WHITESPACE = Rule(
    id="client-id-whitespace",
    explains="client-id-unknown",
    recognises=_with_stray_characters,
    parameter="client_id",
    title="`client_id` contains {what} that doesn't belong to it",
    why="The server compares client IDs exactly. Without the extra characters, yours is `{expected}`, which is registered.",
    fix="Send `client_id={expected}`.",
    spec=specs.rfc(6749, "2.2", "Client Identifier"),
    repair=corrections.set_client_id("expected"),
)


def _placeholder(facts: Facts) -> Facts | None:
    received = str(facts["received"]).strip()
    what = placeholder(received) or ("sample text that wasn't replaced" if _is_sample(received) else None)
    return {**_with_only_app(facts), "what": what} if what else None


def _foreign_placeholder(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    """Recognises sample text even if no registration is known."""
    return _placeholder({"received": request.parameters.get("client_id")})


CLIENT_ID_PLACEHOLDER = Rule(
    id="client-id-placeholder",
    explains="client-id-unknown",
    recognises=_placeholder,
    advises=_foreign_placeholder,
    unknown="client",
    sent="client_id",
    degree="probable",
    parameter="client_id",
    title="`client_id` is `{received}`, which is {what}",
    why="A template, an environment variable or a configuration file should have supplied the real value and didn't.",
    fix="Send the `client_id` that your app got when it was registered. {registered_here}",
    spec=specs.rfc(6749, "2.2", "Client Identifier"),
    repair=corrections.set_client_id("nearest"),
)


def _hint_at_nearest_app(facts: Facts) -> Facts:
    if facts.get("nearest"):
        how = "It is the app ID or the name of" if facts.get("by") != "redirect_uri" else "Its `redirect_uri` belongs to"
        return {**facts, "hint": f"{how} the app whose `client_id` is `{facts['nearest']}`."}
    others = [str(other) for other in facts.get("others") or ()]
    received = str(facts["received"])
    same = next((other for other in others if other.lower() == received.lower()), None)
    close = same or find_closest(received, others, longest=_LONGEST_ID)
    hint = f"The closest registered ID is `{close}`." if close else "No registered ID is similar."
    return _with_placeholder({**facts, "nearest": close, "hint": hint})


CLIENT_ID_UNKNOWN = Rule(
    id="client-id-unknown",
    recognises=_hint_at_nearest_app,
    parameter="client_id",
    title="`client_id` isn't registered here: `{received}`",
    why="A client ID is valid only at the server that issued it, and it must match exactly. {hint}",
    fix="Send the `client_id` that this server shows for your app. If the app isn't registered here yet, "
    "register it. {registered_here}",
    spec=specs.rfc(6749, "2.2", "Client Identifier"),
    repair=corrections.set_client_id("nearest"),
)


CLIENT_NOT_ENABLED_FOR_TENANT = Rule(
    id="client-not-enabled-for-tenant",
    parameter="client_id",
    title="`client_id` is registered, but {tenant} hasn't enabled the app",
    why="Each hospital decides which apps it allows. Enabled at: {enabled}.",
    fix="Ask {tenant} to enable the app. To use a hospital that already allows it, start from that hospital's FHIR base URL.",
    spec=specs.rfc(6749, "4.1.2.1", "Error Response"),
)


def _find_pending_change(request: object, context: AuthorizeContext | TokenContext) -> Facts | None:
    if context.live_at is None or not isinstance(context.client, Client):
        return None
    return {"received": context.client.client_id, "expected": _clock(context.live_at)}


CLIENT_CHANGE_NOT_LIVE_YET = Rule(
    id="client-change-not-live-yet",
    at=("token", "introspection", "revocation"),
    severity="warning",
    advises=_find_pending_change,
    given="live_at",
    title="The change to your app isn't active yet",
    why="This hospital takes a while to apply a change. It answered this request with the previous "
    "registration, so new scopes aren't granted yet and removed ones still are.",
    fix="Wait until {expected}, then send the same request again.",
    spec=specs.rfc(6749, "2", "Client Registration"),
)
