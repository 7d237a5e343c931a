"""Rules about `redirect_uri`: each kind of difference from a registered URI has its own rule."""

import re
from collections.abc import Callable

from msgspec import structs

from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.values import placeholder, strip_stray_characters
from sickbay.kernel.checks import Facts
from sickbay.protocol.parameters import Parameters

SPEC = specs.rfc(9700, "4.1.3", "Countermeasures")


def _differs(explained: Callable[[str, str], bool]) -> Callable[[Facts], Facts | None]:
    """Recognises a mismatch that `explained(registered, received)` explains."""

    def recognises(facts: Facts) -> Facts | None:
        received = str(facts["received"])
        match = next((uri for uri in facts["registered"] if uri != received and explained(uri, received)), None)
        return {**facts, "expected": match, "note": "registered"} if match else None

    return recognises


def _without_port(url: str) -> str:
    """The URL without its port. Nothing else is normalised; other differences have their own rules."""
    return re.sub(r"^([^/?#]*//[^/?#]*?):\d*(?=[/?#]|$)", r"\1", url)


def _this_machine(url: str) -> str:
    """The URL with `localhost` for any loopback name. Nothing else is normalised."""
    return re.sub(r"^(https?://)(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/?#]|$)", r"\1localhost", url)


_set_expected = corrections.set_from_fact("redirect_uri", "expected")


def _any_registered(facts: Facts) -> Facts:
    """Adds the registered URIs, which are unknown if the app is."""
    registered = " ".join(facts.get("registered") or ())
    return {**facts, "hint": f": {registered}" if registered else ""}


REDIRECT_URI_MISSING = Rule(
    id="redirect-uri-missing",
    recognises=_any_registered,
    parameter="redirect_uri",
    title="`redirect_uri` is missing",
    why="SMART requires it in every authorization request, even if only one URI is registered.",
    fix="Send a `redirect_uri` that is registered for your app{hint}.",
    spec=specs.SMART_AUTHORIZE,
    repair=corrections.set_from_fact("redirect_uri", "nearest"),
    insert_placeholder=corrections.placeholder("redirect_uri"),
)


def _decode(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return structs.replace(request, raw="", received=Parameters())


REDIRECT_URI_DOUBLE_ENCODED = Rule(
    id="redirect-uri-double-encoded",
    parameter="redirect_uri",
    title="`redirect_uri` is percent-encoded twice",
    why="After decoding it once, the server still sees `{received}`, which matches no registered URI. "
    "Usually both the app and a URL builder encoded it.",
    fix="Encode it only once, so that it decodes to `{expected}`.",
    spec=specs.rfc(6749, "B", "Use of application/x-www-form-urlencoded"),
    repair=_decode,
)

REDIRECT_URI_HAS_FRAGMENT = Rule(
    id="redirect-uri-has-fragment",
    parameter="redirect_uri",
    title="`redirect_uri` contains a `#`: `{received}`",
    why="OAuth forbids a fragment in `redirect_uri`, because browsers don't send anything after the `#` to a server.",
    fix="Register and send a URI without a `#`, such as `{expected}`. If your app uses hash routes, "
    "switch to the route after the redirect.",
    spec=specs.rfc(6749, "3.1.2", "Redirection Endpoint"),
    repair=_set_expected,
)


def _launch_uri(facts: Facts) -> Facts | None:
    if not facts.get("launch_uri") or facts["received"] != facts["launch_uri"]:
        return None
    return {**facts, "expected": next(iter(facts["registered"]), None), "note": "registered"}


REDIRECT_URI_IS_LAUNCH_URI = Rule(
    id="redirect-uri-is-launch-uri",
    explains="redirect-uri-mismatch",
    recognises=_launch_uri,
    parameter="redirect_uri",
    title="`redirect_uri` is your app's launch URL",
    why="The response would go to `{received}`, which starts a new launch instead of completing this one.",
    fix="Send `redirect_uri={expected}`.",
    spec=specs.SMART_REGISTER,
    repair=_set_expected,
)


def _relative(facts: Facts) -> Facts | None:
    """A URI without a scheme. `host:1234` has no scheme either; stray characters have their own rule."""
    received = str(facts["received"]).strip(" \"'")
    if re.match(r"[a-z][a-z0-9+.-]*:(?!\d)", received, re.I):
        return None
    path = received if received.startswith("/") else f"/{received.partition('/')[2]}"
    same_path = next((uri for uri in facts["registered"] if uri.partition("://")[2].partition("/")[2] == path[1:]), None)
    only = facts["registered"][0] if len(facts["registered"]) == 1 else None
    return {**facts, "expected": same_path or only, "note": "registered"}


def _clearly_relative(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    """Placeholders have their own rule; `postmessage` is a value of Google's."""
    sent = request.parameters.get("redirect_uri") or ""
    if sent in ("postmessage", *corrections.PLACES) or placeholder(sent):
        return None
    if strip_stray_characters(sent) != sent or _relative({"received": sent, "registered": ()}) is None:
        return None
    return {"received": sent, "expected": corrections.PLACEHOLDER_REDIRECT_URI, "registered": _OF_YOUR_APP}


_OF_YOUR_APP = "`https://<host of your app>/<path>`"

REDIRECT_URI_NOT_ABSOLUTE = Rule(
    id="redirect-uri-not-absolute",
    explains="redirect-uri-mismatch",
    recognises=_relative,
    advises=_clearly_relative,
    unknown="client",
    sent="redirect_uri",
    parameter="redirect_uri",
    title="`redirect_uri` isn't an absolute URI: `{received}`",
    why="The EHR redirects the browser from its own site, so it needs the scheme and host of your app.",
    fix="Send the registered URI with scheme and host: {registered:code}.",
    spec=specs.rfc(6749, "3.1.2", "Redirection Endpoint"),
    repair=_set_expected,
)


def _slash(facts: Facts) -> Facts | None:
    differs = _differs(lambda registered, received: registered.rstrip("/") == received.rstrip("/"))(facts)
    if differs is None:
        return None
    ends = str(facts["received"]).endswith("/")
    with_or_without = (
        "a trailing slash that the registered URI doesn't have" if ends else "no trailing slash, but the registered URI does"
    )
    return {**differs, "slash": f"has {with_or_without}"}


REDIRECT_URI_TRAILING_SLASH = Rule(
    id="redirect-uri-trailing-slash",
    explains="redirect-uri-mismatch",
    recognises=_slash,
    parameter="redirect_uri",
    title="`redirect_uri` doesn't match: it {slash}",
    why="The server compares the two strings exactly. Registered: `{expected}`. Received: `{received}`.",
    fix="Send `redirect_uri={expected}`. If your app is served at `{received}`, register that URI instead.",
    spec=SPEC,
    repair=_set_expected,
)

REDIRECT_URI_SCHEME_MISMATCH = Rule(
    id="redirect-uri-scheme-mismatch",
    explains="redirect-uri-mismatch",
    recognises=_differs(lambda registered, received: _scheme_apart(registered) == _scheme_apart(received)),
    parameter="redirect_uri",
    title="`redirect_uri` doesn't match: one URI uses `http` and the other `https`",
    why="The server compares the two strings exactly. Registered: `{expected}`. Received: `{received}`. "
    "Behind a proxy, apps often assume that their own URL starts with `http`.",
    fix="Send `redirect_uri={expected}`. If your app runs behind a proxy, build its URLs from `X-Forwarded-Proto`.",
    spec=SPEC,
    repair=_set_expected,
)

REDIRECT_URI_LOOPBACK_ALIAS = Rule(
    id="redirect-uri-loopback-alias",
    explains="redirect-uri-mismatch",
    recognises=_differs(lambda registered, received: _this_machine(registered) == _this_machine(received)),
    parameter="redirect_uri",
    title="`redirect_uri` doesn't match: it uses a different loopback name",
    why="`localhost`, `127.0.0.1` and `[::1]` are the same machine, but the server compares strings. "
    "Registered: `{expected}`. Received: `{received}`.",
    fix="Open your app under the registered name and send `redirect_uri={expected}`. If you use both "
    "names, register both URIs.",
    spec=SPEC,
    repair=_set_expected,
)

REDIRECT_URI_PORT_MISMATCH = Rule(
    id="redirect-uri-port-mismatch",
    explains="redirect-uri-mismatch",
    recognises=_differs(lambda registered, received: _without_port(registered) == _without_port(received)),
    parameter="redirect_uri",
    title="`redirect_uri` doesn't match: it has a different port",
    why="The server compares the two strings exactly. Registered: `{expected}`. Received: `{received}`. "
    "A development server picks another port if its own is in use.",
    fix="Run your app on the registered port and send `redirect_uri={expected}`. If it has moved to "
    "another port for good, register that one.",
    spec=SPEC,
    repair=_set_expected,
)

REDIRECT_URI_CASE_MISMATCH = Rule(
    id="redirect-uri-case-mismatch",
    explains="redirect-uri-mismatch",
    recognises=_differs(lambda registered, received: registered.lower() == received.lower()),
    parameter="redirect_uri",
    title="`redirect_uri` doesn't match: upper and lower case differ",
    why="URL paths are case-sensitive, and the server compares the two strings exactly. Registered: "
    "`{expected}`. Received: `{received}`.",
    fix="Send `redirect_uri={expected}`.",
    spec=SPEC,
    repair=_set_expected,
)

REDIRECT_URI_EXTRA_QUERY = Rule(
    id="redirect-uri-extra-query",
    explains="redirect-uri-mismatch",
    recognises=_differs(
        lambda registered, received: "?" in received and registered.partition("?")[0] == received.partition("?")[0]
    ),
    parameter="redirect_uri",
    title="`redirect_uri` doesn't match: its query string isn't registered",
    why="The server compares the whole URI, including the query string. Received: `{received}`.",
    fix="Send `redirect_uri={expected}`, and keep the extra data in your session, under the `state`.",
    spec=SPEC,
    repair=_set_expected,
)


def _scheme_apart(url: str) -> str:
    return url.partition("://")[2] if url.lower().startswith(("http://", "https://")) else url


def _expect_closest(facts: Facts) -> Facts:
    registered = [str(uri) for uri in facts.get("registered") or ()]
    received = str(facts.get("received") or "")
    return {**facts, "expected": corrections.find_closest_uri(received, registered), "note": "registered"}


REDIRECT_URI_MISMATCH = Rule(
    id="redirect-uri-mismatch",
    recognises=_expect_closest,
    parameter="redirect_uri",
    title="`redirect_uri` isn't registered: `{received}`",
    why="The server sends responses only to registered redirect URIs; otherwise anyone could receive "
    "them. Registered: {registered:code}.",
    fix="Send `redirect_uri={expected}`. If your app is served at `{received}`, register that URI instead.",
    spec=SPEC,
    repair=_set_expected,
)

REDIRECT_URI_SCHEME_FORBIDDEN = Rule(
    id="redirect-uri-scheme-forbidden",
    parameter="redirect_uri",
    title="`redirect_uri` has a scheme that isn't allowed: `{received}`",
    why="Browsers and operating systems handle schemes such as `javascript`, `data` and `file` "
    "themselves, so a redirect there could run code or open files. The URI was probably registered with an older "
    "version of the server.",
    fix="Register an `https` URI. For an app on this machine, register `http://localhost`; for a native "
    "app, a scheme of its own, such as `com.example.app:/callback`.",
    spec=specs.rfc(8252, "7.1", "Private-Use URI Scheme Redirection"),
)

REDIRECT_URI_RESPONSE_PARAMETER = Rule(
    id="redirect-uri-response-parameter",
    parameter="redirect_uri",
    title="`redirect_uri` has query parameters that the response uses, too: {names:code}",
    why="The server adds its response to this query string. A second {names:code} would let the author "
    "of the link put their own value into your app.",
    fix="Remove {names:code} from `redirect_uri`. Keep such data in your session, under the `state`.",
    spec=specs.rfc(9700, "4.5", "Authorization Code Injection"),
    repair=lambda request, facts: corrections.with_parameters(
        request, ("redirect_uri", str(facts["received"]).partition("?")[0])
    ),
)
