"""Finds URLs in text, says which endpoint each is for, and compares the redirect URI with a registered one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote

from sickbay.authorization.refusals.authorize import REDIRECT_URI_MISMATCH
from sickbay.authorization.scopes.resource_types import ALL_TYPES
from sickbay.diagnosis.explain import rule_for
from sickbay.diagnosis.rule import Finding, fill_rule
from sickbay.diagnosis.rule_index import load_index
from sickbay.doctor.pieces.piece import Piece
from sickbay.doctor.pieces.wrapped_url import continues_url
from sickbay.doctor.request_kind import FHIR_PATH, Request, kind_of
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import urls

_CANONICAL = compile_late(
    r"/(?:StructureDefinition|ValueSet|CodeSystem|NamingSystem|SearchParameter|OperationDefinition)/[^/]*$"
)
"""The path of a profile or code system, which looks like an address but isn't a request."""


def kind_of_url(url: str) -> str:
    """Returns the kind of a URL that is the whole text; "" if the URL doesn't show it, such as the URL of a page."""
    parts = urls.split(url)
    if "/.well-known/" in parts.path:
        return "discovery_url"
    request = Request(url)
    if request.endpoint:
        return request.endpoint.replace("_request", "_endpoint")
    kind = kind_of(request)
    if kind == "fhir_request" and (not _is_of_fhir(url, parts.path) or _CANONICAL.search(parts.path)):
        return ""
    if kind == "redirect_url" and _is_page_of_the_app(parts.query):
        return ""
    return kind if parts.query or parts.fragment or kind in ("fhir_request", "error_page_url") else ""


def _is_of_fhir(url: str, path: str) -> bool:
    """Whether the address or a resource type says so: pages have paths such as /Company/project, too."""
    from sickbay.diagnosis.evidence.address import fhir_base_of, names_fhir  # few URLs need its many patterns

    return bool(FHIR_PATH.search(path)) and (names_fhir(url) or bool(fhir_base_of(url)))


_OAUTH_ERROR = compile_late(r"[a-z]{1,40}(?:_[a-z]{1,40}){1,6}")


def _is_page_of_the_app(query: str) -> bool:
    """Whether it has only an error in the app's own words, such as `error=Callback` of NextAuth's page."""
    sent = dict(parse_qsl(query, keep_blank_values=True))
    return not sent.keys() & _OF_A_RESPONSE and _OAUTH_ERROR.fullmatch(sent.get("error", "invalid_request")) is None


_OF_A_RESPONSE = frozenset(("state", "code", "error_description", "error_uri"))


_OF_URL = r"[^\s<>\"'`|\\^{}\[\]\u3000-\u9fff\uff00-\uff60]"
_OPEN_VALUE = r"(?:(?<==)|(?<=%2F))(?:\[[A-Za-z]\w{1,30}\]|\{[A-Za-z]\w{1,30}\}|<[A-Za-z][\w-]{1,30}>)"
_URL = compile_late(
    rf"(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{{1,30}}:/{{1,2}}{_OF_URL}{{3,20000}}(?:{_OPEN_VALUE}{_OF_URL}{{0,2000}}){{0,20}}"
)
"""Also with values that are left open, such as `client_id=[clientid]` and `https%3A%2F%2F<host>%2Fcallback`."""
_PATH = compile_late(r"(?:(?<=\s)|^)/[\w./-]{0,200}\?[\w.-]{1,60}=[^\s<>\"'`]{1,8000}", re.M)
_CONTINUED = compile_late(r"(?<!\s)[ \t]*+\r?\n[ \t]*+(?P<rest>[^\s<>\"'`]++)(?=(?P<end>[ \t]*+(?:\r?\n|\Z))|\s)")
_PLACEHOLDER = compile_late(r"(?<=[=/,|])[<\[{]\w")
_CODE = compile_late(r"\|[^\s<>\"'`|\\^{}\[\]]{0,2000}")
"""The code after the system in the value of a parameter. Elsewhere, such as in a table, a bar isn't part of a URL."""
_WRITES = compile_late(r"\b(?:POST|PUT|PATCH|DELETE)\b[^\n/,;.]{0,30}\Z")
"""The method of a request before its URL. The URL alone would be a search or a read."""
_OF_A_QUERY, _OF_A_URL = compile_late(r"[&=%]"), compile_late(r"[&=%_/]")
"""The pattern of a continued line: if words follow it, and if it is the whole line."""
WRAPPED = 60
"""From this length on, a URL at the end of a line may continue on the next."""


def find_urls(text: str) -> Iterator[Piece]:
    for pattern, sign in ((_URL, ":/"), (_PATH, "?")):
        for match in pattern.finditer(text) if sign in text else ():
            url, end = _read_whole(text, match)
            writes = url.rpartition("/")[2] in ALL_TYPES and _WRITES.search(text, max(0, match.start() - 40), match.start())
            kind = "" if writes else kind_of_url(url)
            if kind == "fhir_request" and _PLACEHOLDER.match(text, end):  # a value isn't in the text
                kind, url = (kind, url[: max(map(url.rfind, "?&"))]) if "?" in url else ("", url)
            yield Piece(kind="url", start=match.start(), end=end, subkind=kind, values={"url": url})


def _read_whole(text: str, match: re.Match[str]) -> tuple[str, int]:
    """The URL with the lines on which it continues, and its end in the text. Punctuation of the sentence isn't part of it."""
    url, end = match[0], match.end()
    for _ in range(20):
        more = _CONTINUED.match(text, end) if len(url) >= WRAPPED and "?" in url else None
        expected = _OF_A_URL if more and more["end"] is not None else _OF_A_QUERY
        if more is None or not expected.search(more["rest"]) or not continues_url(url, more["rest"]):
            break
        url, end = url + more["rest"], more.end()
    if "://" in url.rpartition("=")[2] and (coded := _CODE.match(text, end)):
        url, end = url + coded[0], coded.end()
    stripped = url.rstrip(".,;:!)*_…")
    return stripped, end - (len(url) - len(stripped))


def find_nested_urls(url: str) -> Iterator[str]:
    """The authorization URLs in the parameters of a URL, such as the address to return to after signing in."""
    for _, value in parse_qsl(urls.split(url).query, keep_blank_values=True):
        if "://" in value and kind_of_url(value) == "authorize_url":
            yield value


_URI = r"[`'\"<(]?(?P<uri>https?://[^\s`'\"<>()]{4,200})"
_REGISTERED = compile_late(
    rf"\b(?:registered|whitelisted|allowed|authorized|configured|console|portal|settings)\b[^.\n]{{0,80}}?\s{_URI}", re.I
)
_SENT = compile_late(
    rf"\b(?:sends?|sent|sending|uses?|using|passes|request has|request contains)\b[^.\n]{{0,40}}?(?:\s|redirect_uri=){_URI}",
    re.I,
)
_ENDS = ".,;:!?"
"""Punctuation that ends a sentence and not a URI."""


def find_mismatch(text: str, sent: str | None) -> Finding | None:
    """The finding for a small difference, such as a slash; None if the URIs are equal or have little in common.

    sent: the redirect URI of the pasted request. Without one, the text may name it in words, too.
    """
    registered = _find_uri(_REGISTERED, text) if "://" in text else None
    received = registered and (sent or _find_uri(_SENT, text))
    if registered is None or received is None or registered == received:
        return None
    rule, facts = rule_for(load_index(), REDIRECT_URI_MISMATCH(received=received, registered=[registered], launch_uri=None))
    return fill_rule(rule, facts, refused=True) if rule.id != REDIRECT_URI_MISMATCH.name else None


def _find_uri(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return unquote(match["uri"]).rstrip(_ENDS) if match else None
