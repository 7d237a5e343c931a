"""Rules about redirect_uri: the finest difference from a registered address, said with both written out."""

import re
from collections.abc import Callable
from dataclasses import replace

from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts
from sickbay.protocol.parameters import Parameters

SPEC = specs.rfc(9700, "4.1.3", "Countermeasures")
OUTCOME = "invalid_request, on a page"


def _differs(explained: Callable[[str, str], bool]) -> Callable[[Facts], Facts | None]:
    """Recognises a mismatch that `explained(registered, received)` accounts for."""

    def recognises(facts: Facts) -> Facts | None:
        received = str(facts["received"])
        found = next((one for one in facts["registered"] if one != received and explained(one, received)), None)
        return {**facts, "expected": found, "note": "registered"} if found else None

    return recognises


def _without_port(url: str) -> str:
    """The rest is left as it is written: upper and lower case are another rule's."""
    return re.sub(r"^([^/?#]*//[^/?#]*?):\d*(?=[/?#]|$)", r"\1", url)


def _this_machine(url: str) -> str:
    """With any loopback name as localhost; the rest is left as it is written here too."""
    return re.sub(r"^(https?://)(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/?#]|$)", r"\1localhost", url)


_mend = repairs.setting("redirect_uri", "expected")


def _any_registered(facts: Facts) -> Facts:
    """What is registered is not known where the app is not."""
    registered = " ".join(facts.get("registered") or ())
    return {**facts, "hint": f": {registered}" if registered else ""}


REDIRECT_URI_MISSING = Rule(
    id="redirect-uri-missing",
    stage="authorize",
    explains="redirect-uri-missing",
    recognises=_any_registered,
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="There is no redirect_uri",
    why="SMART requires it in every authorization request, also where only one address is registered.",
    fix="Send redirect_uri with an address that your app registered{hint}.",
    spec=specs.SMART_AUTHORIZE,
    repair=repairs.setting("redirect_uri", "nearest"),
)


def _decode(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return replace(request, raw="", received=Parameters())


REDIRECT_URI_DOUBLE_ENCODED = Rule(
    id="redirect-uri-double-encoded",
    stage="authorize",
    explains="redirect-uri-double-encoded",
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="The redirect_uri is encoded twice",
    why="After one decoding it is still {received}. URL builders encode by themselves, and encodeURIComponent did so too.",
    fix="Encode it once, so that it decodes to {expected}.",
    spec=specs.rfc(6749, "B", "Use of application/x-www-form-urlencoded"),
    repair=_decode,
)

REDIRECT_URI_HAS_FRAGMENT = Rule(
    id="redirect-uri-has-fragment",
    stage="authorize",
    explains="redirect-uri-has-fragment",
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="Your app asked for the answer at {received}, which has a #",
    why="What stands behind a # never reaches a server, and OAuth forbids it in this address.",
    fix="Send, and register, an address without #, such as {expected}; let the app find its own way from there.",
    spec=specs.rfc(6749, "3.1.2", "Redirection Endpoint"),
    repair=_mend,
)


def _launch_uri(facts: Facts) -> Facts | None:
    if not facts.get("launch_uri") or facts["received"] != facts["launch_uri"]:
        return None
    return {**facts, "expected": next(iter(facts["registered"]), None), "note": "registered"}


REDIRECT_URI_IS_LAUNCH_URI = Rule(
    id="redirect-uri-is-launch-uri",
    stage="authorize",
    explains="redirect-uri-mismatch",
    recognises=_launch_uri,
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="Your app asked for the answer at {received}, which is its launch address",
    why="The answer would start the app again instead of finishing its sign-in, round and round.",
    fix="Send the redirect address: {expected}.",
    spec=specs.SMART_REGISTER,
    repair=_mend,
)


def _relative(facts: Facts) -> Facts | None:
    """No scheme; what looks like one and is followed by a number is a host and its port. What clings to it is another fault."""
    received = str(facts["received"]).strip(" \"'")
    if re.match(r"[a-z][a-z0-9+.-]*:(?!\d)", received, re.I):
        return None
    path = received if received.startswith("/") else f"/{received.partition('/')[2]}"
    found = next((one for one in facts["registered"] if one.partition("://")[2].partition("/")[2] == path[1:]), None)
    only = facts["registered"][0] if len(facts["registered"]) == 1 else None
    return {**facts, "expected": found or only, "note": "registered"}


REDIRECT_URI_NOT_ABSOLUTE = Rule(
    id="redirect-uri-not-absolute",
    stage="authorize",
    explains="redirect-uri-mismatch",
    recognises=_relative,
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="Your app asked for the answer at {received}, which is no whole address",
    why="The browser is sent there from another server, to which an address without scheme and host means nothing.",
    fix="Send the whole address, with scheme and host, as it is registered: {registered}.",
    spec=specs.rfc(6749, "3.1.2", "Redirection Endpoint"),
    repair=_mend,
)

REDIRECT_URI_TRAILING_SLASH = Rule(
    id="redirect-uri-trailing-slash",
    stage="authorize",
    explains="redirect-uri-mismatch",
    recognises=_differs(lambda one, sent: one.rstrip("/") == sent.rstrip("/")),
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="Your app asked for the answer at {received}; it is registered as {expected}",
    why="Addresses are compared character by character, and the two differ by the slash at the end.",
    fix="Send {expected}, or register the address as your app sends it.",
    spec=SPEC,
    repair=_mend,
)

REDIRECT_URI_SCHEME_MISMATCH = Rule(
    id="redirect-uri-scheme-mismatch",
    stage="authorize",
    explains="redirect-uri-mismatch",
    recognises=_differs(lambda one, sent: _scheme_apart(one) == _scheme_apart(sent)),
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="Your app asked for the answer at {received}; it is registered as {expected}",
    why="The two differ by http and https. Behind a proxy an app often believes that it is called by http.",
    fix="Send {expected}; behind a proxy, build the address from X-Forwarded-Proto.",
    spec=SPEC,
    repair=_mend,
)

REDIRECT_URI_LOOPBACK_ALIAS = Rule(
    id="redirect-uri-loopback-alias",
    stage="authorize",
    explains="redirect-uri-mismatch",
    recognises=_differs(lambda one, sent: _this_machine(one) == _this_machine(sent)),
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="Your app asked for the answer at {received}; it is registered as {expected}",
    why="Both are this machine, but names are compared, not machines. Cookies differ between the two as well.",
    fix="Open your app under the registered name: {expected}. Or register both.",
    spec=SPEC,
    repair=_mend,
)

REDIRECT_URI_PORT_MISMATCH = Rule(
    id="redirect-uri-port-mismatch",
    stage="authorize",
    explains="redirect-uri-mismatch",
    recognises=_differs(lambda one, sent: _without_port(one) == _without_port(sent)),
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="Your app asked for the answer at {received}; it is registered as {expected}",
    why="The two differ by the port. A development server takes another one when its own is in use.",
    fix="Run your app on the registered port: {expected}. Or register the port it has.",
    spec=SPEC,
    repair=_mend,
)

REDIRECT_URI_CASE_MISMATCH = Rule(
    id="redirect-uri-case-mismatch",
    stage="authorize",
    explains="redirect-uri-mismatch",
    recognises=_differs(lambda one, sent: one.lower() == sent.lower()),
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="Your app asked for the answer at {received}; it is registered as {expected}",
    why="The two differ by upper and lower case, which counts in a path.",
    fix="Write it as registered: {expected}.",
    spec=SPEC,
    repair=_mend,
)

REDIRECT_URI_EXTRA_QUERY = Rule(
    id="redirect-uri-extra-query",
    stage="authorize",
    explains="redirect-uri-mismatch",
    recognises=_differs(lambda one, sent: "?" in sent and one.partition("?")[0] == sent.partition("?")[0]),
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="Your app asked for the answer at {received}; the query is not registered",
    why="The whole address is compared, query included. What your app must remember belongs into state.",
    fix="Send {expected}, and keep the data in your session under the state.",
    spec=SPEC,
    repair=_mend,
)


def _scheme_apart(url: str) -> str:
    return url.partition("://")[2] if url.lower().startswith(("http://", "https://")) else url


def _closest(facts: Facts) -> Facts:
    registered = [str(one) for one in facts.get("registered") or ()]
    received = str(facts.get("received") or "")
    return {**facts, "expected": repairs.closest(received, registered), "note": "registered"}


REDIRECT_URI_MISMATCH = Rule(
    id="redirect-uri-mismatch",
    stage="authorize",
    explains="redirect-uri-mismatch",
    recognises=_closest,
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="Your app asked for the answer at {received}, which is not registered",
    why="An answer goes to a registered address alone, or anybody could have it. Registered: {registered}.",
    fix="Send a registered address, character by character: {expected}. Or register the one your app sends.",
    spec=SPEC,
    repair=_mend,
)

REDIRECT_URI_SCHEME_FORBIDDEN = Rule(
    id="redirect-uri-scheme-forbidden",
    stage="authorize",
    explains="redirect-uri-scheme-forbidden",
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="No answer is sent to {received}: a browser must not open this scheme",
    why="The URI is registered, but by an older version of this server. Its scheme is one that a browser or the operating"
    " system handles itself, such as javascript, data or file.",
    fix="Register an https URI, http on localhost, or a scheme of your app's own such as com.example.app:/callback.",
    spec=specs.rfc(8252, "7.1", "Private-Use URI Scheme Redirection"),
)

REDIRECT_URI_RESPONSE_PARAMETER = Rule(
    id="redirect-uri-response-parameter",
    stage="authorize",
    explains="redirect-uri-response-parameter",
    severity="error",
    outcome=OUTCOME,
    parameter="redirect_uri",
    title="The query of redirect_uri has a parameter that the response carries: {names}",
    why="The server appends its own response to the query. A second {names} lets the author of this link put a value of their"
    " own into your app.",
    fix="Leave {names} out of redirect_uri. Keep such data in your session under the state.",
    spec=specs.rfc(9700, "4.5", "Authorization Code Injection"),
    repair=lambda request, facts: repairs.with_parameters(request, ("redirect_uri", str(facts["received"]).partition("?")[0])),
)

RULES = (
    REDIRECT_URI_MISSING,
    REDIRECT_URI_DOUBLE_ENCODED,
    REDIRECT_URI_HAS_FRAGMENT,
    REDIRECT_URI_IS_LAUNCH_URI,
    REDIRECT_URI_NOT_ABSOLUTE,
    REDIRECT_URI_TRAILING_SLASH,
    REDIRECT_URI_SCHEME_MISMATCH,
    REDIRECT_URI_LOOPBACK_ALIAS,
    REDIRECT_URI_PORT_MISMATCH,
    REDIRECT_URI_CASE_MISMATCH,
    REDIRECT_URI_EXTRA_QUERY,
    REDIRECT_URI_MISMATCH,
    REDIRECT_URI_SCHEME_FORBIDDEN,
    REDIRECT_URI_RESPONSE_PARAMETER,
)
