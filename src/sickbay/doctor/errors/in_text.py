"""Finds error responses in free text: HTTP messages, logs, consoles, error pages, truncated or escaped JSON, XML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus

from sickbay.diagnosis.answers.values import CODES, FALSY, ErrorAnswer, oauth_error
from sickbay.diagnosis.lists import LISTS
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.text_search import find_first_match, find_matches, fold_case, has_required
from sickbay.protocol.unicode import decode_html_escapes

_PHRASES = {
    re.escape(status.phrase).replace(r"\ ", r"[\s_-]?").replace("Timeout", "Time-?out")
    for status in HTTPStatus
    if status >= 400
} | {"Unknown Error", "Request[ -](?:Entity|URI) Too (?:Large|Long)", "Payload Too Large", "Unprocessable Entity"}
"""The names of statuses in Python, and those that servers used before RFC 9110."""
_REASONS = "|".join(sorted(_PHRASES, key=len)[::-1])
"""Codes whose words also occur in sentences, such as "invalid or expired token". They count as codes only with underscores."""
_WRITTEN = (code if code in LISTS["codes_in_sentences"] else code.replace("_", r"[_\s-]?") for code in CODES)
_WORDS = "|".join(sorted(_WRITTEN, key=len)[::-1])
_KEY = r"error(?:s|_?(?:description|codes?|summary|message|msg|reason|type))?|err(?:msg)?|fault(?:string|code)?|exception"
_STATUS = r"[45]\d\d(?![\w%]|[.,]\d|[-:/]\d)"
_VERBS = "|".join(LISTS["verbs_before_a_status"])
_MEMBER = compile_late(
    rf"[\"'`](?:odata\.)?(?P<name>{_KEY})[\"'`]\]?\s*(?:=>|[:=])\s*(?:string\(\d+\)\s*)?"
    r"(?P<value>[\"'`]+[^\"'`]{0,200}|[\[{]\s*[^\s\]}]|\d+|true\b|$)",
    re.I,
)
_PARAMETER = compile_late(
    r"(?:^|[?&#\s,;(\"'{<])(?P<name>error(?:_description|_code)?)="
    r"(?P<value>[\"'][\w.:-]{1,80} \w[^\"'\n]{0,200}|[\"']?(?!map\[)\w[\w.:-]{0,79}(?:\+[\w.:,'-]{1,79}){0,60})",
    re.I | re.M,
)
"""A value in quotation marks with several words is a message."""
_TAG = compile_late(rf"<(?:\w+:)?(?P<name>{_KEY})(?:\s[^<>]{{0,200}})?>\s*(?P<value>[^<\s][^<]{{0,200}})", re.I)
_LITERAL = compile_late(
    r"(?:^|[{,])\s{0,20}(?P<name>error)\s{0,5}:\s{0,5}[\"'](?P<value>[a-z]{1,40}(?:_[a-z]{1,40}){1,6})[\"']", re.M
)
"""A member of an object literal, whose name has no quotation marks."""
_CODE = compile_late(
    rf"(?<![\w/.$-])(?<!==[\"'])(?<!== [\"'])(?<!\bcase [\"'])(?P<value>{_WORDS})(?![\w-])(?!\s{{1,3}}types?\b)"
)
"""A code that a program compares with isn't an error that it got."""
_CLASS = compile_late(
    r"\b(?P<value>Invalid(?:Client|ClientMetadata|Grant|Scope|Target)|UnauthorizedClient|InsufficientScope"
    r"|Unsupported(?:GrantType|ResponseType))Error\b"
)
"""The classes that the MCP SDK, oauthlib and Authlib raise for a code. Names that other libraries use too, such as
InvalidTokenError of PyJWT, aren't among them."""
_ISSUE = compile_late(
    r"severity[\"'`]?\s*(?:[:=]>?|\bvalue\s*=)\s*[\"'`]?(?:error|fatal)\b(?!\W{1,40}human\b)"  # not of a constraint
    r"(?:\W{1,40}\bcode[\"'`]?\s*(?:[:=]>?|\bvalue\s*=)\s*[\"'`]?(?P<code>[a-z]+(?:-[a-z]+)?)\b)?",
    re.I,
)
_CHALLENGE = compile_late(r"www-authenticate[\"'`]?\s*(?:[:=]|→|->|is\b)", re.I)
_DESCRIPTION = compile_late(
    r"error_?description[\"'`]?\s*(?:=>|[:=])\s*[\"'`](?P<value>(?:[^\"'`]|(?<=\w)'(?=\w)){1,400})", re.I
)
_STATUSES = tuple(
    compile_late(each.replace("STATUS", _STATUS).replace("REASONS", _REASONS).replace("VERBS", _VERBS), re.I)
    for each in LISTS["patterns_of_a_status"]
)
_REASON = compile_late(rf"^[^\w\n*-]{{0,6}}(?:{'|'.join(LISTS['reasons_in_a_line'])})\W{{0,6}}$", re.I | re.M)
_VENDOR = compile_late(r"\b(AADSTS\d{4,9}|AADB2C\d{5}|HAPI-\d{4}|E0000\d{3}|urn:[\w-]{1,40}:error:[\w:.-]{1,200})", re.I)
_UNANSWERED = compile_late("|".join(LISTS["words_of_no_response"]))
_MESSAGE = compile_late("|".join(LISTS["beginnings_of_a_message"]))
_NO_ROUTE = compile_late(r"\bCannot (?:GET|POST|PUT|PATCH|DELETE) /")
"""The response of Express if it has no route for an address."""
_CAPITAL = compile_late(r"(?<=[a-z])(?=[A-Z])")
_OF_VENDORS = ("aadsts", "aadb2c", "hapi-", "e0000", "urn:")
_NAMES = ("err", "fault", "exception")
"""A pattern that all names of errors contain. A long text without it needn't be searched for errors."""
_NUMBER = compile_late(r"[45]\d\d")
_NOISE = compile_late(r"\x1b\[[0-9;?]*[A-Za-z]|[\u200b-\u200f\u2060\ufeff\u00ad]")
_QUOTES = str.maketrans("“”„«»‘’\u00a0：＝", '"""""\'\' :=')
_EMPHASIS = compile_late(r"\*\*|__(?=\W|$)")
_ESCAPE = compile_late(r"\\(?:u00(?P<hex>[0-7][0-9a-fA-F])|(?P<blank>[nrt])|(?P<char>[^\w\s]|_))")


def unescape(text: str) -> str:
    """Returns the text without terminal colours, typographic quotes, HTML entities and up to 6 levels of backslash escapes."""
    if not text.isascii() or "\x1b" in text:
        text = _NOISE.sub("", text).translate(_QUOTES)
    if "&" in text:
        text = _repeat_until_settled(decode_html_escapes, text, 3)
    if "\\" in text:
        text = _repeat_until_settled(lambda part: _ESCAPE.sub(_unescape, part), text, 6)
    return _EMPHASIS.sub("", text) if "**" in text or "__" in text else text


def _repeat_until_settled(step: Callable[[str], str], text: str, most: int) -> str:
    for _ in range(most):
        if (after := step(text)) == text:
            break
        text = after
    return text


def _unescape(match: re.Match[str]) -> str:
    if match["hex"]:
        return chr(int(match["hex"], 16))
    return "\n" if match["blank"] else match["char"]


def find_errors(text: str, *, in_words: bool = True) -> Iterator[ErrorAnswer]:
    """The error responses in no particular order. `text` must not contain URLs; in_url reads those.

    in_words: a code also counts if it is written as words, such as "invalid grant".
    """
    text = unescape(text)
    lowered = fold_case(text)
    described = find_first_match(_DESCRIPTION, text) if "description" in lowered else None
    description = described["value"].strip() if described else ""
    for pattern in (_MEMBER, _PARAMETER, _TAG, _LITERAL) if any(name in lowered for name in _NAMES) else ():
        for match in find_matches(pattern, text):
            yield from _read_value(match["name"].lower(), match["value"].strip("\"'`[{ \n"), description)
    for match in find_matches(_CODE, lowered):
        if not in_words and "_" not in match["value"]:
            continue
        yield oauth_error(re.sub(r"[\s-]", "_", match["value"]), description)
    classes = find_matches(_CLASS, text) if "Error" in text else ()
    yield from (oauth_error(_CAPITAL.sub("_", match["value"]).lower(), description) for match in classes)
    for pattern in _STATUSES if find_first_match(_NUMBER, text) else ():
        yield from (ErrorAnswer("status", match[1]) for match in find_matches(pattern, text))
    vendors = find_matches(_VENDOR, text) if has_required((_OF_VENDORS,), lowered) else ()
    yield from (ErrorAnswer("vendor", match[1]) for match in vendors)
    for pattern, words, answer in _SIGNS:
        if has_required((words,), lowered) and (sign := find_first_match(pattern, text)):
            yield answer._replace(code=sign.groupdict().get("code") or answer.code)
    if unanswered := find_first_match(_UNANSWERED, lowered):
        yield ErrorAnswer("no-answer", text[slice(*unanswered.span())])


def _read_value(name: str, value: str, description: str) -> Iterator[ErrorAnswer]:
    """The error response for one name and value. An empty value is ignored unless the name is `error` (truncated text)."""
    if value.lower() in FALSY - {""} or value == "URL" or (not value and name != "error"):
        return  # a setting may be the address of a page for errors
    if "desc" not in name and value.lower() != "true" and re.fullmatch(r"[A-Za-z][\w.:-]{2,79}", value):
        yield oauth_error(value, description)
    else:
        yield ErrorAnswer("message", "", description or (value if " " in value else value.replace("+", " ")))


_SIGNS = (
    (_ISSUE, ("severity",), ErrorAnswer("outcome", "")),
    (_CHALLENGE, ("www-authenticate",), ErrorAnswer("status", "401")),
    (_NO_ROUTE, ("cannot ",), ErrorAnswer("status", "404")),
    (_REASON, ("",), ErrorAnswer("message", "")),
    (_MESSAGE, (*_NAMES, "fatal", "severe", "traceback", "uncaught", "bad resp", "invalid"), ErrorAnswer("message", "")),
)
