"""Parses, compares and cleans up URLs: loopback names, line breaks, HTML escapes, and values that were encoded twice."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

from sickbay.kernel.memoize import memoize

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


def host(url: str) -> str:
    return (split(url).hostname or "").lower()


def is_loopback(url: str) -> bool:
    return host(url) in LOOPBACK


def origin(url: str) -> str:
    """The origin as browsers write it: in lower case, without the default port; "" if the URL isn't http or https."""
    parts = split(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{name}{port}"


def is_absolute(url: str) -> bool:
    return _ABSOLUTE.match(url) is not None


@memoize(4096)
def one_loopback(url: str) -> str:
    """The URL with any loopback name replaced by localhost. A URL with user information stays unchanged."""
    parts = split(url)
    if "@" in parts.netloc or not is_loopback(url):
        return url
    port = f":{parts.port}" if parts.port is not None else ""
    return parts._replace(netloc=f"localhost{port}").geturl()


@memoize(4096)
def normalised(url: str) -> str:
    """The URL with scheme and host in lower case and without a final slash, for comparing FHIR base URLs."""
    parts = split(url)
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl().removesuffix("/")


def has_whitespace(text: str) -> bool:
    """Whether the text has spaces or line breaks, including percent-encoded line breaks."""
    if "%0" not in text and text.split() == [text]:  # true for nearly every URL, and ten times as fast as the pattern
        return False
    return _BLANK.search(text) is not None


def one_line(text: str) -> str:
    """The URL without the line breaks and spaces from copying and pasting. A space inside a value becomes %20."""
    if not has_whitespace(text):
        return text
    text = _BETWEEN_SCOPES.sub("%20", text.strip())
    text = _AROUND_SEPARATORS.sub("", _LINE_BREAKS.sub("", text))
    return re.sub(r"\s+", "%20", text)


def is_html_escaped(text: str) -> bool:
    return ";" in text and re.search(r"&(?:amp|#38|#x26);|[?&]amp;", text, re.I) is not None


def unescaped(text: str) -> str:
    """Replaces &amp; with &, for a URL that was copied from HTML source."""
    if ";" not in text:
        return text
    return re.sub(r"([?&])amp;", r"\1", re.sub(r"&(?:amp|#38|#x26);", "&", text, flags=re.I), flags=re.I)


_NOT_ASCII = re.compile(r"[^\x21-\x7e]+")


def for_a_header(url: str) -> str:
    """Returns the URL as a header can contain it (RFC 3987 3.1): spaces, control characters and all others outside of ASCII are
    percent-encoded.
    """
    return _NOT_ASCII.sub(lambda match: quote(match[0], safe="", errors="replace"), url)


def is_encoded_twice(value: str) -> bool:
    """Whether a URL still begins like https%3A%2F%2F after it was decoded once."""
    return _SCHEME_ENCODED.match(value) is not None


def decoded_again(value: str) -> str:
    """Decodes the value until it no longer looks encoded."""
    while is_encoded_twice(value):
        value = unquote(value)
    return value
