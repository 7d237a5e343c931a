"""URIs to which a browser may be sent: which schemes are acceptable (RFC 8252 7), and which query parameters are not."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from importlib import resources
from typing import Literal, TypeAlias
from urllib.parse import unquote

from sickbay.kernel.memoize import memoize
from sickbay.protocol import urls

Fault: TypeAlias = Literal["", "scheme", "user-info", "characters", "not-absolute"]

PUBLIC_SCHEMES: frozenset[str] = frozenset(
    tomllib.loads(resources.files(__package__).joinpath("public_schemes.toml").read_text("ascii"))["schemes"].split()
) | {"http", "https"}
"""Schemes that a browser, an operating system or a common program handles: no app can have one of them for itself."""
_HANDLED = re.compile(r"(?:ms|web|ext|moz|chrome|edge|opera|brave|vivaldi|about|x-apple)[-+]|com\.apple\.")
"""Whole families of such schemes: ms-settings, web+app, moz-extension."""
STRANGE = re.compile(r"[^\w.~:/?#\[\]@!$&'()*+,;=%-]", re.A)
"""A character that no URI has (RFC 3986 2)."""
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")


def scheme(uri: str) -> str:
    """In lower case; "" if the text doesn't begin with a scheme. Controls and spaces are not skipped, as browsers do."""
    found = _SCHEME.match(uri)
    return found.group().lower() if found else ""


def is_web(uri: str) -> bool:
    return scheme(uri) in ("http", "https")


def is_public(name: str) -> bool:
    """Whether it is a scheme that no app can have for itself."""
    return name in PUBLIC_SCHEMES or _HANDLED.match(name) is not None


def is_private_use(uri: str) -> bool:
    """A scheme of an app's own: followed by a slash, or a reverse domain name."""
    name = scheme(uri)
    if not name or is_public(name):
        return False
    rest = uri[len(name) + 1 :]
    return rest.startswith("/") or ("." in name and re.match(r"\d+(?:/|$)", rest) is None)


@memoize(1024)
def fault(uri: str) -> Fault:
    """Why a browser must not be sent there; "" if it may. Plain http is not looked at here."""
    if STRANGE.search(uri):
        return "characters"
    if not scheme(uri):
        return "not-absolute"
    if not is_web(uri):
        return "" if is_private_use(uri) else "scheme" if is_public(scheme(uri)) else "not-absolute"
    parts = urls.split(uri)
    if not parts.hostname or not uri[len(parts.scheme) :].startswith("://"):
        return "not-absolute"
    return "user-info" if "@" in parts.netloc else ""


def is_web_address(uri: str) -> bool:
    """Whether it is an http or https URL that a browser may open: with a host, and without user-info."""
    return is_web(uri) and fault(uri) == ""


def is_safe(uri: str) -> bool:
    """Whether a registered URI may be used as it stands: checked at each use, since older data was checked less."""
    if is_web(uri):
        return _UNSEEN.search(uri) is None and bool(urls.host(uri))
    return fault(uri) == ""


RESPONSE_PARAMETERS: frozenset[str] = frozenset(
    {
        "code",
        "state",
        "error",
        "error_description",
        "error_uri",
        "iss",
        "session_state",
        "response",
        "id_token",
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "refresh_token",
        "vp_token",
    }
)
"""What an authorization response may carry (OAuth Parameters registry, location: authorization response)."""
_NO_NAME = re.compile(r"[^a-z0-9]+")
ROUNDS = 5
"""How often a name is decoded."""


@memoize(1024)
def response_parameters(uri: str) -> tuple[str, ...]:
    """The response parameters that the URI's own query or fragment already has, in any spelling that some framework reads
    as such a name: encoded, in another case, as a list (`code[]`), after a semicolon, with blanks or dots.
    """
    rest = re.split(r"[?#]", uri, maxsplit=1)[1:]
    names = [piece.partition("=")[0] for part in rest for piece in re.split(r"[&;?#]", part)]
    return tuple(dict.fromkeys(found for name in names if (found := _plain(name)) in RESPONSE_PARAMETERS))


def _plain(name: str) -> str:
    for _ in range(ROUNDS):
        if "%" not in name:
            break
        name = unquote(name)
    folded = unicodedata.normalize("NFKC", name.replace("+", " ")).casefold()
    head = re.split(r"[\[\x00=]", folded, maxsplit=1)[0] or folded
    return _NO_NAME.sub("_", head).strip("_")
