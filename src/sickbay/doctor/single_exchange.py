"""Reads pasted text: a URL or an exchange as JSON. Returns it in the form of a case's input."""

from __future__ import annotations

import re
from typing import Any

from sickbay.doctor.pieces.wrapped_url import continues_url, is_joined
from sickbay.doctor.request_kind import Request, kind_of
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import unicode, urls

MAXIMUM_CHARACTERS = 65_536
"""The maximum number of characters of one exchange, the same that Sickbay accepts in a request."""
TOO_LONG = (
    f"This text has more than {MAXIMUM_CHARACTERS} characters, more than servers accept in a request. Paste a single exchange."
)
_QUOTES = "<>\"'`"
_BEGINS = compile_late(r"(?:[a-z][a-z0-9+.-]*:/?/|\?|/)\S", re.I)
_NOT_OF_A_URL = compile_late(r"\s*(?:[{<\[]|HTTP/|[^&=%/\s]+\s+(?:[^&=%/\s]+\s+){1,200}[^&=%/\s]+\s*$)")
"""A line of three or more words without the characters of a query, or the beginning of a response."""


class HarFile(ValueError):
    """The text is a HAR file with many exchanges, which only the command line can read."""


def read(text: str) -> dict[str, Any]:
    """The `input` for diagnose(). Raises ValueError with a message for the user if the text isn't recognised."""
    text = text.strip()
    if len(text) > MAXIMUM_CHARACTERS and not text.startswith("{"):
        raise ValueError(TOO_LONG)
    if text.startswith("{"):
        return _parse_exchange(text)
    text = _strip_label_and_quotes(text)
    if _BEGINS.match(text) and not _is_prose(text) and (kind := kind_of(Request(urls.unescape(urls.join_lines(text))))):
        return {"kind": kind, "url": text} | ({"method": "GET"} if kind == "token_request" else {})
    raise ValueError("This isn't a URL or an exchange as JSON.")


def is_url(evidence: dict[str, Any], text: str) -> bool:
    """Whether the text is a single URL and nothing else. A URL that contains spaces counts too."""
    return evidence.get("url") == _strip_label_and_quotes(text)


def _strip_label_and_quotes(text: str) -> str:
    return re.sub(r"^(?:GET|Location:|URL:)\s+", "", text.strip(), flags=re.I).strip().strip(_QUOTES).strip()


def _is_prose(text: str) -> bool:
    """Whether the text has words, headers or an answer besides the URL, rather than a URL broken into lines."""
    if _ANSWERED.search(text) or _SPOKEN.search(text) or any(_begins_request(match, text) for match in _NEXT.finditer(text)):
        return True
    if _WORDS.search(text.partition("?")[0]):
        return True
    return any(_NOT_OF_A_URL.match(line) for line in text.splitlines()[1:]) or not _is_one_url(text)


def _is_one_url(text: str) -> bool:
    """Whether each line continues the URL of the lines before it. After an empty line, only what is joined to them does."""
    url, *lines = text.splitlines()
    is_empty = False
    for line in map(str.strip, lines):
        if line and (not continues_url(url, line) or (is_empty and not is_joined(url, line))):
            return False
        url, is_empty = line or url, not line
    return True


_ANSWERED = compile_late(r"\sHTTP/\d|\s[1-5]\d\d \([A-Z][\w ]{1,40}\)|[^=\s]\s(?:20[0-4]|30[1-8]|[45]\d\d)$|\n[\w-]+:[ \t]")
_SPOKEN = compile_late(r"[^=] (?:the|is|are|does|do|doesn['’]t|don['’]t|isn['’]t|but|which|returns?) ")
"""A word that isn't one of a scope that contains spaces."""
_WORDS = compile_late(r"[^\s?] +\w++ ++\w++ ")
_NEXT = compile_late(r"(?<!\s)(?P<blank>\s++)(?:(?P<url>https?://)|(?:curl|GET|POST|PUT) )")


def _begins_request(match: re.Match[str], text: str) -> bool:
    """Whether another request begins on a new line. After `=`, a URL is the value of a parameter."""
    return "\n" in match["blank"] and not (match["url"] and text[match.start() - 1 : match.start()] in ("", "="))


def _parse_exchange(text: str) -> dict[str, Any]:
    try:
        evidence = unicode.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Invalid JSON: {error}.") from error
    if isinstance(evidence.get("log"), dict):
        raise HarFile("This is a HAR file. Save it, and run sickbay doctor with the path of the file.")
    if len(text) > MAXIMUM_CHARACTERS:
        raise ValueError(TOO_LONG)
    evidence = evidence.get("input", evidence)
    if isinstance(evidence, dict) and "kind" not in evidence and {"access_token", "error"} & evidence.keys():
        return {"kind": "token_response" if "access_token" in evidence else "error_answer", "json": evidence}
    if isinstance(evidence, dict) and "kind" not in evidence and "redirect_uris" in evidence:
        return {"kind": "registration", "app": evidence}
    if not isinstance(evidence, dict) or "kind" not in evidence or "resourceType" in evidence:
        raise ValueError('An exchange as JSON needs a "kind", for example "authorize_url".')
    return dict(evidence)
