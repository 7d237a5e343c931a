"""Reads the words of a curl command."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.code.draft import RequestDraft, basic_header
from sickbay.doctor.code.values import CodeBody, CodeFields, CodeText, Hole, join, literal, make_unknown, serialize
from sickbay.kernel.late_patterns import compile_late

_PLACES = dict(each.split(":") for each in LISTS["options_of_curl"])
_IGNORED = frozenset(LISTS["options_of_curl_that_say_nothing"])
_SHORT_VALUES = "XHdFuAobcmwexEDTK"
_URL = compile_late(r"[\w.+-]+://|(?:[\w.%-]+(?::[^\s@/]*)?@)?(?:[\w-]+\.[\w.-]+|localhost)(?::\d+)?(?:[/?]|$)|/[\w/]", re.I)


def read_curl(words: list[CodeText]) -> RequestDraft | None:
    """The request of a curl command; None if it has no URL, data or header."""
    result = RequestDraft("curl", language="curl", string_type="application/x-www-form-urlencoded")
    options: dict[str, list[CodeText]] = {}
    rest = iter(words)
    for word in rest:
        _apply_option(word, lambda: next(rest, literal("")), options, result)
    _apply_options(result, options)
    return result if result.url.parts or result.body is not None or result.headers else None


def _apply_option(
    word: CodeText, following: Callable[[], CodeText], options: dict[str, list[CodeText]], result: RequestDraft
) -> None:
    text = str(word)
    if not text.startswith("-") or text == "-":
        if not result.url.parts and is_url(word):
            result.url = word
        return
    name, value = _split_option(word)
    place = _PLACES.get(name)
    if place:
        options.setdefault(place, []).append(following() if value is None else value)
    elif name in _IGNORED and value is None:
        following()
    elif name in ("-G", "--get", "-I", "--head"):
        options[name.lstrip("-")[0]] = [literal(name)]


def _split_option(word: CodeText) -> tuple[str, CodeText | None]:
    """The name of an option, and its value if both are one word: `-XPOST`, `--header=…`, `-vu`."""
    first = word.parts[0]
    if first.startswith("--"):
        name, equals, value = first.partition("=")
        return name, CodeText(tuple(part for part in (value, *word.parts[1:]) if part)) if equals else None
    for position, letter in enumerate(first[1:], 1):
        if letter in _SHORT_VALUES:
            value = first[position + 1 :].removeprefix("=") if letter in "X" else first[position + 1 :]
            attached = CodeText(tuple(part for part in (value, *word.parts[1:]) if part))
            return f"-{letter}", attached if attached.parts else None
        if letter in "GI":
            return f"-{letter}", None
    return first, None


def is_url(word: CodeText) -> bool:
    if not word.parts:
        return False
    return isinstance(word.parts[0], Hole) or _URL.match(str(word)) is not None


def _apply_options(result: RequestDraft, options: dict[str, list[CodeText]]) -> None:
    result.url = result.url if result.url.parts else (options.get("url") or [CodeText(())])[0]
    for header in options.get("header", ()):
        result.add_headers(header)
    data = [*options.get("data", ()), *map(_encode_option_value, options.get("encoded", ()))]
    if "G" in options:
        glue = literal("&" if "?" in str(result.url) else "?")
        result.url = join((result.url, glue, _join_data(data))) if data else result.url
    elif data:
        result.body = _file_content(_join_data(data))
    elif fields := options.get("field"):
        result.body = CodeBody("multipart", CodeFields([_form_field(field) for field in fields]))
    elif json := options.get("json"):
        result.body, result.string_type = _join_data(json), "application/json"
    result.method = str((options.get("method") or [literal("")])[-1]) or (
        "HEAD" if "I" in options else "POST" if result.body is not None else "GET"
    )
    _add_credentials(result, options)


_USER = compile_late(r"(?P<scheme>[\w.+-]+://)(?P<user>[^\s/?#@]+)@(?=[\w\[])")


def _add_credentials(result: RequestDraft, options: dict[str, list[CodeText]]) -> None:
    """curl sends the credentials in a URL as `-u` does, and leaves them out of the URL."""
    if result.url.is_known and (found := _USER.match(str(result.url))):
        result.url = literal(f"{found['scheme']}{str(result.url)[found.end() :]}")
        options.setdefault("user", [literal(unquote(found["user"]))])
    if user := options.get("user"):
        result.headers.append(("Authorization", basic_header(user[-1])))
    if bearer := options.get("bearer"):
        result.headers.append(("Authorization", join((literal("Bearer "), bearer[-1]))))


def _join_data(data: list[CodeText]) -> CodeText:
    pieces: list[CodeText] = []
    for text in data:
        pieces += [literal("&"), text] if pieces else [text]
    return join(pieces)


def _file_content(text: CodeText) -> CodeText:
    """`@file` stands for the content of a file."""
    return make_unknown(str(text)[1:]) if str(text).startswith("@") else text


def _encode_option_value(text: CodeText) -> CodeText:
    """The value of --data-urlencode: `name=content` or content."""
    first = text.parts[0] if text.parts and not isinstance(text.parts[0], Hole) else ""
    name, equals, content = first.partition("=")
    if not equals:
        return text
    value = CodeText(tuple(part for part in (content, *text.parts[1:]) if part))
    return serialize(CodeFields([(name, value)]), "form")[0]


def _form_field(text: CodeText) -> tuple[str, CodeText]:
    first = text.parts[0] if text.parts else ""
    name, _, content = first.partition("=")
    value = CodeText(tuple(part for part in (content, *text.parts[1:]) if part))
    quoted = value.is_known and len(str(value)) > 1 and str(value)[0] == '"' == str(value)[-1]
    return name, literal(str(value)[1:-1]) if quoted else value
