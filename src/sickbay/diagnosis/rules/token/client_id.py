"""Rules about `client_id` in the body of a token request."""

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import Rule, Severity, Spec
from sickbay.kernel.checks import Facts

CLIENT = Spec("RFC 6749, 2.3 Client Authentication", "https://www.rfc-editor.org/rfc/rfc6749#section-2.3")
TOKEN = Spec("RFC 6749, 3.2.1 Client Authentication", "https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1")


def _with_missing_id(facts: Facts) -> Facts:
    expected = facts.get("expected")
    return {**facts, "missing": f"`client_id={expected}`" if expected else "`client_id`"}


ID_MISSING = Rule(
    id="client-id-missing-in-body",
    recognises=_with_missing_id,
    parameter="client_id",
    title="`client_id` is missing from the token request",
    why="A public app has no secret, so the server recognises it only by the `client_id` in the body.",
    fix="Add {missing} to the form body.",
    spec=TOKEN,
    repair=corrections.set_known_client_id,
    insert_placeholder=corrections.placeholder("client_id"),
)


def _same_id(request: TokenRequest, context: TokenContext) -> Facts | None:
    read, body = request.presented.basic, request.parameters.get("client_id")
    if read is None or read.decoded is None or body not in (read.decoded[0], (read.raw or ("",))[0]):
        return None
    return {"received": body, "expected": body}


def _differs(facts: Facts) -> Severity:
    return "info" if facts["received"] == facts["expected"] else "error"


def _once(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Keeps the credentials only in the header, if there is one: another repair may have removed it."""
    if request.presented.basic is None:
        return request
    return structs.replace(request, parameters=request.parameters.replace([("client_id", None)]))


ID_DUPLICATED = Rule(
    id="client-id-duplicated",
    advises=_same_id,
    severity=_differs,
    outcome="400 invalid_request if they differ",
    differs="A client ID that is sent twice and is the same both times is only redundant, so that is info.",
    parameter="client_id",
    title="`client_id` is in the body (`{received}`) and in the Basic header (`{expected}`)",
    why="The Basic header already identifies the client. If the two differ, the server can't tell which client is meant.",
    fix="Remove `client_id` from the body when you send a Basic header.",
    spec=CLIENT,
    repair=_once,
)
