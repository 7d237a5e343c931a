"""Mistakes that the text of pasted code shows, also if it shows no request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import unquote

from sickbay.doctor.code.models import READ_CHARACTERS, Lines, Mistake
from sickbay.kernel.late_patterns import compile_late

_Place: TypeAlias = tuple[str, int, int, dict[str, str]]
"""The ID of a mistake, where it begins and ends, and what fills its slots."""
_Check: TypeAlias = Callable[[str], Iterator[_Place]]

_AUD_SLASH = compile_late(
    r"[?&]aud=\$?\{[^{}\n]{1,80}\}/(?=[`'\"&\s])|[?&]aud=['\"`]\s*\+\s*[\w.()]{1,80}\s*\+\s*['\"`]/(?=['\"`&])"
)
_LAUNCH_PAGE = compile_late(r"\bredirect_?uri['\"`]?\s*[:=]\s*['\"`][^'\"`\n]{0,200}\blaunch(?:\.html?)?/?['\"`]", re.I)
_CHALLENGE = compile_late(r"challenge|pkce", re.I)
_HEX = compile_late(
    r"digest\(\s*['\"]hex['\"]\s*\)|\.hexdigest\(\)|\bCryptoJS\.SHA256\([^()\n]{0,80}\)(?:\.toString\((?:\s*+|CryptoJS\.enc\.Hex)\)|[^\S\n]*+[;)\n])"
    r"|\bhash\(\s*+['\"]sha256['\"]\s*+,\s*+[^,()\n]{1,80}\)|encodeHexString\(|sha256Hex\(|Digest::SHA256\.hexdigest"
    r"|BitConverter\.ToString\(|hex\.EncodeToString\(|\bsha256\(\w+\)\.toString\(\s*+['\"]?(?:hex)?['\"]?\s*+\)"
)
_BASE64_PIPE = compile_late(
    r"\becho\s++(?P<flags>-\S{1,9}\s++)?[^|\n]{0,200}\|\s*+(?:openssl\s++)?base64\b(?P<options>[^)\n\"`|]{0,40})"
)
_ENCODE = r"(?:b64encode|btoa|Base64\.encode|base64_encode|encode64|EncodeToString|ToBase64String)"
_TWICE = compile_late(rf"{_ENCODE}\(\s*+(?:\w{{1,60}}\.)?{_ENCODE}\(")
_ENCODED = compile_late(rf"\b(?P<name>\w++)\s*+:?=\s*+[\w.]{{0,60}}{_ENCODE}\((?=(?P<rest>[^;]{{1,200}}))")
_ENCODED_AGAIN = compile_late(rf"\b{_ENCODE}\(\s*+(\w+)")
_CREDENTIALS = compile_late(r"\bbasic\b|secret", re.I)
_ANDROID = compile_late(r"Base64\.encode(?:ToString)?\([^;\n]{0,160}\bBase64\.DEFAULT\b")
_NO_CORS = compile_late(r"\bmode['\"]?\s*:\s*['\"`]no-cors['\"`]")
_CALLBACK = compile_late(r"\.callback\([^{};]{0,120},\s*+\{\s*+code\b(?:\s*+:[^{},]{0,60})?,?\s*+\}")
_REDIRECT = compile_late(
    r"\bredirect_?uri(?:['\"`\]]{0,2}\s*(?:=>|[:=,])\s*[$f@]?['\"`]|=|=%22)(?P<uri>https?(?::|%3A)[^\s'\"`&,;<>)]{4,200})", re.I
)
_AUTHORIZE = compile_late(r"response_type|authorize\b|authorization_endpoint|authUrl|/auth\?", re.I)
_POST = compile_late(
    r"\brequests\.post\(\s*+[^,()\s][^,()\n]{0,120}(?:\([^()\n]{0,80}\))?,\s*+\w++,\s*+(?=\w{0,40}header)\w++\s*+[,)]", re.I
)
_BROWSER = compile_late(
    r"\b(?:window|document|localStorage|sessionStorage)\.|\buseEffect\(|\bXMLHttpRequest\b|\$\.ajax\(|@Injectable"
)
_SECRET = compile_late(r"client_?secret['\"`]?\s*[:=,]\s*['\"`](?!['\"`])[^'\"`\n]{6,}|client_secret=(?![\s&'\"`]|$)", re.I)
_SERVER = compile_late(r"\brequire\(|process\.env\.|\bexpress\b|\bres\.(?:send|json|redirect)\(|from ['\"]node:")
_HEX_FIXES = (
    ("hexdigest", "Use `digest()` instead of `hexdigest()`."),
    ("digest(", "Use `digest()` without `'hex'`."),
    ("CryptoJS", "Use `CryptoJS.SHA256(verifier).toString(CryptoJS.enc.Base64url)`."),
    ("hash(", "Pass `true` as the third argument of `hash()`, which then returns bytes."),
)


def mistakes_in_text(text: str, *, sends_requests: bool = False) -> list[Mistake]:
    """The mistakes in the order of the checks, each at the first place that shows it.

    sends_requests: the text is code that sends requests. Some checks would misread documents and recorded exchanges.
    """
    return list(_text_mistakes(text[:READ_CHARACTERS], sends_requests))


@lru_cache(maxsize=2)
def _text_mistakes(text: str, sends_requests: bool) -> tuple[Mistake, ...]:
    """Remembered, because mistakes_in() asks for the same text once per request."""
    lines = Lines(text)
    mistakes: list[Mistake] = []
    for check in (*_CHECKS, *(_WITH_REQUESTS if sends_requests else ())):
        for id, start, end, facts in check(text):
            mistakes.append(Mistake(id, (lines.at(start), lines.at(max(start, end - 1))), facts))
            break
    return tuple(mistakes)


def _hex(text: str) -> Iterator[_Place]:
    if not _CHALLENGE.search(text):
        return
    for match in _HEX.finditer(text):
        how = next((how for word, how in _HEX_FIXES if word in match[0]), "Use the bytes of the hash.")
        yield "code-challenge-from-hex", match.start(), match.end(), {"how": how}


def _to_launch_page(text: str) -> Iterator[_Place]:
    """A page that calls init() instead of authorize() handles the launch and the response."""
    if "oauth2.authorize(" in text and "oauth2.init(" not in text:
        yield from (("code-redirect-to-launch", match.start(), match.end(), {}) for match in _LAUNCH_PAGE.finditer(text))


def _find_encoding_commands(text: str) -> Iterator[re.Match[str]]:
    """The commands that encode credentials with base64."""
    if _CREDENTIALS.search(text):
        yield from (match for match in _BASE64_PIPE.finditer(text) if not re.search(r"-d\b|-D\b|--decode", match["options"]))


def _echo(text: str) -> Iterator[_Place]:
    for match in _find_encoding_commands(text):
        if "n" not in (match["flags"] or "") and "\\c" not in match[0] and "tr -d" not in match[0]:
            yield "code-basic-newline", match.start(), match.end(), {}


def _twice(text: str) -> Iterator[_Place]:
    if _CREDENTIALS.search(text):
        yield from (("code-base64-twice", match.start(), match.end(), {}) for match in _TWICE.finditer(text))
        for match in _ENCODED.finditer(text):
            if match["name"] in _ENCODED_AGAIN.findall(match["rest"]):
                yield "code-base64-twice", match.start(), match.end("rest"), {}


def _find_wrapped(text: str) -> Iterator[_Place]:
    for match in _find_encoding_commands(text):
        rest = text[match.end() : match.end() + 20]
        if not re.search(r"-w\s*0|--wrap|-A\b|-b\s*0", match["options"]) and "tr -d" not in rest:
            yield "code-base64-wrapped", match.start(), match.end(), {}


def _check_by_pattern(pattern: re.Pattern[str], mistake: str) -> _Check:
    def check(text: str) -> Iterator[_Place]:
        return ((mistake, match.start(), match.end(), {}) for match in pattern.finditer(text))

    return check


def _redirects(text: str) -> Iterator[_Place]:
    first = ""
    if "grant_type" not in text or not _AUTHORIZE.search(text):
        return
    for match in _REDIRECT.finditer(text):
        uri = unquote(match["uri"])
        if first and uri != first:
            yield "code-redirect-uris-differ", match.start(), match.end(), {"first": first, "second": uri}
        first = first or uri


def _browser_secret(text: str) -> Iterator[_Place]:
    if _BROWSER.search(text) and not _SERVER.search(text):
        for match in _SECRET.finditer(text):
            yield "code-secret-in-browser", match.start(), match.end(), {}


_CHECKS: tuple[_Check, ...] = (
    _check_by_pattern(_AUD_SLASH, "code-aud-slash"),
    _to_launch_page,
    _hex,
    _echo,
    _twice,
    _find_wrapped,
    _check_by_pattern(_ANDROID, "code-base64-android-default"),
    _check_by_pattern(_NO_CORS, "code-fetch-no-cors"),
    _check_by_pattern(_CALLBACK, "code-callback-only-code"),
    _check_by_pattern(_POST, "code-requests-third-argument"),
)
_WITH_REQUESTS: tuple[_Check, ...] = (_redirects, _browser_secret)
