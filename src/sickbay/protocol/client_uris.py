"""Checks the URIs to which a browser may be sent: their schemes (RFC 8252 7) and their query parameters."""

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
"""Schemes that browsers, operating systems or common programs handle, so no app can have one of them for itself."""
_HANDLED = re.compile(r"(?:ms|web|ext|moz|chrome|edge|opera|brave|vivaldi|about|x-apple)[-+]|com\.apple\.")
"""Families of such schemes, for example ms-settings, web+app and moz-extension."""
STRANGE = re.compile(r"[^\w.~:/?#\[\]@!$&'()*+,;=%-]", re.A)
"""A character that isn't allowed in URIs (RFC 3986 2)."""
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")


def scheme(uri: str) -> str:
    """The scheme in lower case; "" if there is none. Unlike browsers, it doesn't skip control characters and spaces."""
    match = _SCHEME.match(uri)
    return match.group().lower() if match else ""


def is_web(uri: str) -> bool:
    return scheme(uri) in ("http", "https")


def is_public(name: str) -> bool:
    """Whether no app can have this scheme for itself."""
    return name in PUBLIC_SCHEMES or _HANDLED.match(name) is not None


def is_private_use(uri: str) -> bool:
    """Whether the scheme belongs to an app: it is followed by a slash, or it is a reverse domain name."""
    name = scheme(uri)
    if not name or is_public(name):
        return False
    rest = uri[len(name) + 1 :]
    return rest.startswith("/") or ("." in name and re.match(r"\d+(?:/|$)", rest) is None)


@memoize(1024)
def fault(uri: str) -> Fault:
    """The reason why a browser must not be sent to the URI; "" if it may be. Doesn't reject plain http."""
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
    """Whether it is an http or https URL that a browser may open, with a host and without user information."""
    return is_web(uri) and fault(uri) == ""


@memoize(1024)
def is_safe(uri: str) -> bool:
    """Whether a registered URI may be used. Checked at each use, because older versions checked less at registration."""
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
"""The parameters of authorization responses (OAuth Parameters registry, location: authorization response)."""
_NO_NAME = re.compile(r"[^a-z0-9]+")
ROUNDS = 5
"""The maximum number of times that a name is decoded."""


@memoize(1024)
def response_parameters(uri: str) -> tuple[str, ...]:
    """The response parameters that the URI's query or fragment already contains.

    Recognises every spelling that some framework reads as such a name: encoded, in another case, as a list (`code[]`),
    after a semicolon, or with spaces or dots.
    """
    rest = re.split(r"[?#]", uri, maxsplit=1)[1:]
    names = [piece.partition("=")[0] for part in rest for piece in re.split(r"[&;?#]", part)]
    return tuple(dict.fromkeys(plain_name for name in names if (plain_name := _plain(name)) in RESPONSE_PARAMETERS))


def _plain(name: str) -> str:
    for _ in range(ROUNDS):
        if "%" not in name:
            break
        name = unquote(name)
    folded = unicodedata.normalize("NFKC", name.replace("+", " ")).casefold()
    head = re.split(r"[\[\x00=]", folded, maxsplit=1)[0] or folded
    return _NO_NAME.sub("_", head).strip("_")
