"""Rules about `redirect_uri`: each kind of difference from a registered URI has its own rule."""

import re
from collections.abc import Callable

from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections, placeholders
from sickbay.diagnosis.rule import Functions, RuleFunctions, only_with
from sickbay.diagnosis.values import describe_placeholder, strip_stray_characters
from sickbay.kernel.checks import Facts
from sickbay.kernel.similar_names import find_closest_url


def _mismatch_is_explained(explained: Callable[[str, str], bool]) -> Callable[[Facts], Facts | None]:
    """Recognises a mismatch that `explained(registered, received)` explains."""

    def recognises(facts: Facts) -> Facts | None:
        received = str(facts["received"])
        match = next((uri for uri in facts["registered"] if uri != received and explained(uri, received)), None)
        return {**facts, "expected": match, "note": "registered"} if match else None

    return recognises


def _differing(explained: Callable[[str, str], bool]) -> Functions:
    return {"recognises": _mismatch_is_explained(explained), "repair": _set_expected}


def _has_another_port(registered: str, received: str) -> bool:
    """Whether they differ only in the port. `:443` after `https://app.example` is the same port, and `:99999` is none."""
    (rest, port), (same, other) = map(_split_port, (registered, received))
    return rest == same and port != other and min(port, other) > 0 and max(port, other) < 65_536


def _split_port(url: str) -> tuple[str, int]:
    """Returns the URL without its port, and the port. Nothing else is normalised."""
    match = re.match(r"([^/?#]*//[^/?#]*?):(\d{0,5})(?=[/?#]|$)", url, re.A)
    default = 443 if url.lower().startswith("https:") else 80
    return (match[1] + url[match.end() :], int(match[2] or default)) if match else (url, default)


def _this_machine(url: str) -> str:
    """The URL with `localhost` for any loopback name. Nothing else is normalised."""
    return re.sub(r"^(https?://)(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/?#]|$)", r"\1localhost", url)


_set_expected = corrections.set_from_fact("redirect_uri", "expected")


def _add_registered_uris(facts: Facts) -> Facts:
    """Adds the registered URIs, which are unknown if the app is."""
    registered = " ".join(facts.get("registered") or ())
    return {**facts, "hint": f": {registered}" if registered else ""}


def _is_launch_uri(facts: Facts) -> Facts | None:
    if not facts.get("launch_uri") or facts["received"] != facts["launch_uri"]:
        return None
    return {**facts, "expected": next(iter(facts["registered"]), None), "note": "registered"}


def _uri_is_relative(facts: Facts) -> Facts | None:
    """A URI without a scheme. `host:1234` has no scheme either; stray characters have their own rule."""
    received = str(facts["received"]).strip(" \"'")
    if re.match(r"[a-z][a-z0-9+.-]*:(?!\d)", received, re.I):
        return None
    path = received if received.startswith("/") else f"/{received.partition('/')[2]}"
    same_path = next((uri for uri in facts["registered"] if uri.partition("://")[2].partition("/")[2] == path[1:]), None)
    only = facts["registered"][0] if len(facts["registered"]) == 1 else None
    return {**facts, "expected": same_path or only, "note": "registered"}


def _uri_is_clearly_relative(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    """Placeholders have their own rule; `postmessage` is a value of Google's."""
    sent = request.parameters.get("redirect_uri") or ""
    if sent in ("postmessage", *placeholders.PLACES) or describe_placeholder(sent):
        return None
    if strip_stray_characters(sent) != sent or _uri_is_relative({"received": sent, "registered": ()}) is None:
        return None
    own = "`https://<host of your app>/<path>`"
    return {"received": sent, "expected": placeholders.PLACEHOLDER_REDIRECT_URI, "registered": own}


def _uri_differs_by_slash(facts: Facts) -> Facts | None:
    differs = _mismatch_is_explained(lambda registered, received: registered.rstrip("/") == received.rstrip("/"))(facts)
    if differs is None:
        return None
    extra = "has a trailing slash that the registered URI doesn't have"
    ends = str(facts["received"]).endswith("/")
    return {**differs, "slash": extra if ends else "has no trailing slash, but the registered URI does"}


def _has_another_scheme(registered: str, received: str) -> bool:
    """Whether one is http, the other https, and nothing else differs. `HTTPS` is another spelling of https."""
    (before, _, rest), (now, _, same) = registered.partition("://"), received.partition("://")
    return rest == same and {before.lower(), now.lower()} == {"http", "https"}


def _expect_closest(facts: Facts) -> Facts:
    closest = find_closest_url(str(facts.get("received") or ""), [str(uri) for uri in facts.get("registered") or ()])
    return {**facts, "expected": closest, "note": "registered"}


FUNCTIONS: RuleFunctions = {
    # The client is known by a document that was fetched before.
    "mcp-cimd-stale": {"recognises": only_with("document")},
    "redirect-uri-missing": {
        "recognises": _add_registered_uris,
        "repair": corrections.set_from_fact("redirect_uri", "nearest"),
        "insert_placeholder": corrections.set_placeholder("redirect_uri"),
    },
    "redirect-uri-double-encoded": {"repair": corrections.drop_raw_text},
    "redirect-uri-has-fragment": {"repair": _set_expected},
    "redirect-uri-is-launch-uri": {"recognises": _is_launch_uri, "repair": _set_expected},
    "redirect-uri-not-absolute": {"recognises": _uri_is_relative, "advises": _uri_is_clearly_relative, "repair": _set_expected},
    "redirect-uri-trailing-slash": {"recognises": _uri_differs_by_slash, "repair": _set_expected},
    "redirect-uri-scheme-mismatch": _differing(_has_another_scheme),
    "redirect-uri-loopback-alias": _differing(lambda uri, sent: _this_machine(uri) == _this_machine(sent)),
    "redirect-uri-port-mismatch": _differing(_has_another_port),
    "redirect-uri-case-mismatch": _differing(lambda registered, received: registered.lower() == received.lower()),
    "redirect-uri-extra-query": _differing(lambda uri, sent: "?" in sent and uri.partition("?")[0] == sent.partition("?")[0]),
    "redirect-uri-mismatch": {"recognises": _expect_closest, "repair": _set_expected},
    "redirect-uri-response-parameter": {
        "repair": lambda request, facts: corrections.set_parameters(
            request, ("redirect_uri", str(facts["received"]).partition("?")[0])
        )
    },
}
