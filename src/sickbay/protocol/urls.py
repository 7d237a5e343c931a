"""Parses, compares and cleans up URLs, and decides to which of them a browser may be sent (schemes: RFC 8252 7)."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, quote, unquote, urlsplit

from sickbay.kernel.memoize import memoize

Fault: TypeAlias = Literal["", "scheme", "user-info", "characters", "not-absolute", "host"]

LOOPBACK = ("localhost", "127.0.0.1", "::1")
DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME_ENCODED = re.compile(r"[a-z][a-z0-9+.-]*%3A%2F%2F", re.I)
_UNSEEN = re.compile(r"[\x00-\x20]")
_BLANK = re.compile(r"\s|%0[aAdD]")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://", re.I)
_LINE_BREAK = r"(?<!\s)(?=[^\S\r\n]*+[\r\n])\s++|(?<!%0[ad])(?:%0[ad])++"
_LINE_BREAKS = re.compile(_LINE_BREAK, re.I)
_AROUND_SEPARATORS = re.compile(r"(?<=[?&#])\s+|(?<!\s)\s++(?=[?&#])")
_SCOPE_BEGINS = r"launch|openid|fhirUser|profile|online_access|offline_access|(?:patient|user|system)(?:/|%2F)"
_BETWEEN_SCOPES = re.compile(rf"(?<=[\w*])(?:{_LINE_BREAK})(?={_SCOPE_BEGINS})(?!launch=|scope=)", re.I)
PUBLIC_SCHEMES: frozenset[str] = frozenset(
    tomllib.loads(Path(__file__).with_name("public_schemes.toml").read_text("ascii"))["schemes"].split()
) | {"http", "https"}
"""Schemes that browsers, operating systems or common programs handle, so no app can have one of them for itself."""
_HANDLED = re.compile(r"(?:ms|web|ext|moz|chrome|edge|opera|brave|vivaldi|about|x-apple)[-+]|com\.apple\.")
"""Families of such schemes, for example ms-settings, web+app and moz-extension."""
STRANGE = re.compile(r"[^\w.~:/?#\[\]@!$&'()*+,;=%-]", re.A)
"""A character that isn't allowed in URIs (RFC 3986 2)."""
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")


def split(url: str) -> SplitResult:
    """Like urlsplit, but never raises and strips nothing. A text that isn't a valid URL has only a path."""
    if _UNSEEN.search(url):
        return SplitResult("", "", url, "", "")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return SplitResult("", "", url, "", "")
    return parts


def host_of(url: str) -> str:
    return (split(url).hostname or "").lower()


def is_loopback(url: str) -> bool:
    return host_of(url) in LOOPBACK


@memoize(4096)
def origin_of(url: str) -> str:
    """Returns the origin as browsers write it: in lower case, without the default port; "" if the URL isn't http or https."""
    parts = split(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{name}{port}"


def is_absolute(url: str) -> bool:
    return _ABSOLUTE.match(url) is not None


@memoize(4096)
def use_localhost(url: str) -> str:
    """Returns the URL with any loopback name replaced by localhost. A URL with user information stays unchanged."""
    parts = split(url)
    if "@" in parts.netloc or not is_loopback(url):
        return url
    port = f":{parts.port}" if parts.port is not None else ""
    return parts._replace(netloc=f"localhost{port}").geturl()


@memoize(4096)
def normalise(url: str) -> str:
    """Returns the URL with scheme and host in lower case and without a final slash, to compare FHIR base URLs."""
    parts = split(url)
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl().removesuffix("/")


def has_whitespace(text: str) -> bool:
    """Whether the text has spaces or line breaks, including percent-encoded line breaks."""
    if "%0" not in text and text.split() == [text]:  # true for nearly every URL, and ten times as fast as the pattern
        return False
    return _BLANK.search(text) is not None


def join_lines(text: str) -> str:
    """Returns the URL without the line breaks and spaces from copying and pasting. A space inside a value becomes %20."""
    if not has_whitespace(text):
        return text
    text = _BETWEEN_SCOPES.sub("%20", text.strip())
    text = _AROUND_SEPARATORS.sub("", _LINE_BREAKS.sub("", text))
    return re.sub(r"\s+", "%20", text)


def is_html_escaped(text: str) -> bool:
    return ";" in text and re.search(r"&(?:amp|#38|#x26);|[?&]amp;", text, re.I) is not None


def unescape(text: str) -> str:
    """Replaces &amp; with &, for a URL that was copied from HTML source."""
    if ";" not in text:
        return text
    return re.sub(r"([?&])amp;", r"\1", re.sub(r"&(?:amp|#38|#x26);", "&", text, flags=re.I), flags=re.I)


_NOT_ASCII = re.compile(r"[^\x21-\x7e]+")


def encode_for_header(url: str) -> str:
    """Returns the URL as a header can contain it (RFC 3987 3.1): spaces, control characters and all others outside of ASCII are
    percent-encoded.
    """
    return _NOT_ASCII.sub(lambda match: quote(match[0], safe="", errors="replace"), url)


def is_encoded_twice(value: str) -> bool:
    """Whether a URL still begins like https%3A%2F%2F after it was decoded once."""
    return _SCHEME_ENCODED.match(value) is not None


def decode_again(value: str) -> str:
    """Decodes the value until it no longer looks encoded."""
    while is_encoded_twice(value):
        value = unquote(value)
    return value


_CREDENTIALS = re.compile(r"(https?://)[^/?#\\]*@", re.I)


def has_credentials(url: str) -> bool:
    """Whether a user name, perhaps with a password, is before the host of this http or https URL."""
    return _CREDENTIALS.match(url) is not None


def remove_credentials(url: str) -> str:
    return _CREDENTIALS.sub(r"\1", url, count=1) if has_credentials(url) else url


def scheme_of(uri: str) -> str:
    """Returns the scheme in lower case; "" if there is none. Unlike browsers, it doesn't skip control characters and spaces."""
    match = _SCHEME.match(uri)
    return match.group().lower() if match else ""


def is_web(uri: str) -> bool:
    return scheme_of(uri) in ("http", "https")


def is_public_scheme(name: str) -> bool:
    """Whether no app can have this scheme for itself."""
    return name in PUBLIC_SCHEMES or _HANDLED.match(name) is not None


def is_private_use(uri: str) -> bool:
    """Whether the scheme belongs to an app: it is followed by a slash, or it is a reverse domain name."""
    name = scheme_of(uri)
    if not name or is_public_scheme(name):
        return False
    rest = uri[len(name) + 1 :]
    return rest.startswith("/") or ("." in name and re.match(r"\d+(?:/|$)", rest) is None)


@memoize(1024)
def find_problem(uri: str) -> Fault:
    """Returns why a browser must not be sent to the URI; "" if it may be. Doesn't reject plain http."""
    if STRANGE.search(uri):
        return "characters"
    if not scheme_of(uri):
        return "not-absolute"
    if not is_web(uri):
        return "" if is_private_use(uri) else "scheme" if is_public_scheme(scheme_of(uri)) else "not-absolute"
    parts = split(uri)
    if not parts.hostname or not uri[len(parts.scheme) :].startswith("://"):
        return "not-absolute"
    from sickbay.protocol.host_syntax import host_problem  # the doctor needs it for few texts

    return "user-info" if "@" in parts.netloc else "host" if host_problem(uri) else ""


def is_web_address(uri: str) -> bool:
    """Whether it is an http or https URL that a browser may open, with a host and without user information."""
    return is_web(uri) and find_problem(uri) == ""


@memoize(1024)
def is_safe(uri: str) -> bool:
    """Whether a registered URI may be used. Checked at each use, because older versions checked less at registration."""
    if is_web(uri):
        return _UNSAFE.search(uri) is None and bool(host_of(uri))
    return find_problem(uri) == ""


RESPONSE_PARAMETERS: frozenset[str] = frozenset(
    """
    code state error error_description error_uri iss session_state response id_token access_token token_type expires_in
    scope refresh_token vp_token
    """.split()
)
"""The parameters of authorization responses (OAuth Parameters registry, location: authorization response)."""
_NO_NAME = re.compile(r"[^a-z0-9]+")
ROUNDS = 5
"""The maximum number of times that a name is decoded."""


@memoize(1024)
def response_parameters(uri: str) -> tuple[str, ...]:
    """Returns the response parameters that the URI's query or fragment already contains.

    Recognises every spelling that some framework reads as such a name: encoded, in another case, as a list (`code[]`),
    after a semicolon, or with spaces or dots.
    """
    rest = re.split(r"[?#]", uri, maxsplit=1)[1:]
    names = [piece.partition("=")[0] for part in rest for piece in re.split(r"[&;?#]", part)]
    return tuple(dict.fromkeys(plain_name for name in names if (plain_name := _make_file_name(name)) in RESPONSE_PARAMETERS))


def _make_file_name(name: str) -> str:
    for _ in range(ROUNDS):
        if "%" not in name:
            break
        name = unquote(name)
    folded = unicodedata.normalize("NFKC", name.replace("+", " ")).casefold()
    head = re.split(r"[\[\x00=]", folded, maxsplit=1)[0] or folded
    return _NO_NAME.sub("_", head).strip("_")
