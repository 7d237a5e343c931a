"""Rules about client_id: not sent, not known, or known to be something else."""

import re
from datetime import UTC, datetime
from difflib import get_close_matches

from sickbay.authorization.known import AuthorizeKnown, TokenKnown
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.values import Client
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.values import bare, clinging, placeholder
from sickbay.kernel.refusal import UNKNOWN, Facts

_SAMPLE = re.compile(
    r".*x{4,}.*|[^<]*<.*>.*|[^\[]*\[.*\].*|[^{]*\{.*\}.*|your_?(?:client|app)_?id.*|my[_ -](?:web[_ -]?)?(?:app|client)"
    r"(?:[_ -]?id)?|:?client[_ -]?id|todo.*|\$.+|%.+%",
    re.I | re.S,
)


def _only(facts: Facts) -> Facts:
    """With the registered id that is meant, where there is but one."""
    if facts.get("nearest"):
        return facts
    others = list(facts.get("others") or ())
    return _placed({**facts, "nearest": others[0] if len(others) == 1 else None})


def _placed(facts: Facts) -> Facts:
    """Where several are registered, and none is meant more than another: who they are, and a place for the id of one."""
    if facts.get("nearest") or len(facts.get("others") or ()) < 2:
        return facts
    named = list(facts.get("others_named") or facts["others"])
    more = len(facts["others"]) - len(named)
    listed = f"{', '.join(named)}{f' and {more} more' if more > 0 else ''}"
    return {**facts, "registered_here": f"Registered here: {listed}.", "nearest": repairs.PLACE_OF_CLIENT_ID}


TENANT_UNKNOWN = Rule(
    id="tenant-unknown",
    stage="authorize",
    explains="tenant-unknown",
    severity="error",
    outcome="invalid_request, on a page; at the token endpoint invalid_grant",
    title="There is no tenant {received} here",
    why="The address names the hospital that is asked, and this server does not know it: a slip, or another sandbox's address.",
    fix="Take the address from the discovery document of the FHIR server: {expected}.",
    spec=specs.SMART_DISCOVERY,
)

CLIENT_ID_MISSING = Rule(
    id="client-id-missing",
    stage="authorize",
    explains="client-id-missing",
    recognises=_only,
    severity="error",
    outcome="invalid_request, on a page",
    parameter="client_id",
    title="There is no client_id",
    why="Without it nobody can tell whose request this is, nor where an answer may go.",
    fix="Send the client_id that your app got when it was registered. {registered_here}",
    spec=specs.rfc(6749, "4.1.1", "Authorization Request"),
    repair=repairs.naming("nearest"),
)


def _coming(facts: Facts) -> Facts | None:
    live_at = facts.get("live_at")
    return {**facts, "expected": _clock(live_at)} if isinstance(live_at, int) else None


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")


CLIENT_NOT_LIVE_YET = Rule(
    id="client-not-live-yet",
    stage="authorize",
    explains="client-id-unknown",
    recognises=_coming,
    severity="error",
    outcome="unauthorized_client, on a page",
    parameter="client_id",
    title="Your app is registered, and this hospital does not know it yet",
    why="A registration takes a while until it is known everywhere; until then the app is as unknown as any other.",
    fix="Wait until {expected}, and send the same request again.",
    spec=specs.rfc(6749, "2", "Client Registration"),
)


def _changed(request: object, known: AuthorizeKnown | TokenKnown) -> Facts | None:
    if known.live_at is None or not isinstance(known.client, Client):
        return None
    return {"received": known.client.client_id, "expected": _clock(known.live_at)}


CLIENT_CHANGE_NOT_LIVE_YET = Rule(
    id="client-change-not-live-yet",
    stage="authorize",
    at=("token",),
    severity="warning",
    outcome="advice",
    advises=_changed,
    title="Your app was changed, and this request was answered by the registration before",
    why="A change takes a while until it is known everywhere. What was added is not granted yet, what was taken away still is.",
    fix="Wait until {expected}, and send the same request again.",
    spec=specs.rfc(6749, "2", "Client Registration"),
)


def _padded(facts: Facts) -> Facts | None:
    received = str(facts["received"])
    meant = bare(received)
    if meant == received or meant not in facts["others"]:
        return None
    return {**facts, "expected": meant, "what": clinging(received)}


CLIENT_ID_WHITESPACE = Rule(
    id="client-id-whitespace",
    stage="authorize",
    explains="client-id-unknown",
    recognises=_padded,
    severity="error",
    outcome="unauthorized_client, on a page",
    parameter="client_id",
    title="The client_id has {what} that does not belong to it",
    why="Ids are compared character by character. Without the extra characters, {expected} is registered.",
    fix="Send {expected}, with nothing before or behind it.",
    spec=specs.rfc(6749, "2.2", "Client Identifier"),
    repair=repairs.naming("expected"),
)


def _placeholder(facts: Facts) -> Facts | None:
    received = str(facts["received"]).strip()
    what = placeholder(received) or ("sample text that was never filled in" if _SAMPLE.fullmatch(received) else None)
    return {**_only(facts), "what": what} if what else None


def _foreign_placeholder(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    """Where no registration is known the sample text gives itself away all the same."""
    client_id = request.parameters.get("client_id")
    if known.client is not UNKNOWN or not client_id:
        return None
    return _placeholder({"received": client_id})


CLIENT_ID_PLACEHOLDER = Rule(
    id="client-id-placeholder",
    stage="authorize",
    explains="client-id-unknown",
    recognises=_placeholder,
    advises=_foreign_placeholder,
    severity="error",
    outcome="unauthorized_client, on a page",
    degree="probable",
    parameter="client_id",
    title="Your app sent {received} as client_id, which is {what}",
    why="A template, the environment or the code before it was to put the client_id there, and did not.",
    fix="Put the client_id there that your app got when it was registered. {registered_here}",
    spec=specs.rfc(6749, "2.2", "Client Identifier"),
    repair=repairs.naming("nearest"),
)


def _nearest(facts: Facts) -> Facts:
    if facts.get("nearest"):
        how = "It is the app_id or the name of" if facts.get("by") != "redirect_uri" else "Its redirect_uri is that of"
        return {**facts, "hint": f"{how} the app whose client_id is {facts['nearest']}."}
    others = [str(one) for one in facts.get("others") or ()]
    received = str(facts["received"])
    close = [one for one in others if one.lower() == received.lower()] or get_close_matches(received, others, 1, 0.6)
    hint = f"Nearest is {close[0]}." if close else "None that is registered resembles it."
    return _placed({**facts, "nearest": close[0] if close else None, "hint": hint})


CLIENT_ID_UNKNOWN = Rule(
    id="client-id-unknown",
    stage="authorize",
    explains="client-id-unknown",
    recognises=_nearest,
    severity="error",
    outcome="unauthorized_client, on a page",
    parameter="client_id",
    title="No app is registered here as {received}",
    why="A client_id belongs to one server; one of another server, or with a slip of the pen, is nobody's. {hint}",
    fix="Send the client_id shown where your app is registered with this server, or register it. {registered_here}",
    spec=specs.rfc(6749, "2.2", "Client Identifier"),
    repair=repairs.naming("nearest"),
)

CLIENT_NOT_ENABLED_FOR_TENANT = Rule(
    id="client-not-enabled-for-tenant",
    stage="authorize",
    explains="client-not-enabled-for-tenant",
    severity="error",
    outcome="unauthorized_client",
    parameter="client_id",
    title="Your app is registered, but {tenant} has not enabled it",
    why="Each hospital decides which apps may run there. Yours may run at: {enabled}.",
    fix="Ask {tenant} to enable the app, or send aud of a hospital that has.",
    spec=specs.rfc(6749, "4.1.2.1", "Error Response"),
)

RULES = (
    TENANT_UNKNOWN,
    CLIENT_ID_MISSING,
    CLIENT_NOT_LIVE_YET,
    CLIENT_ID_WHITESPACE,
    CLIENT_ID_PLACEHOLDER,
    CLIENT_ID_UNKNOWN,
    CLIENT_NOT_ENABLED_FOR_TENANT,
    CLIENT_CHANGE_NOT_LIVE_YET,
)
