"""A request that pasted code is still building."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import cast

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.code.models import BodyFormat, CodeRequest
from sickbay.doctor.code.tokens import CodeToken
from sickbay.doctor.code.values import (
    CodeBody,
    CodeFields,
    CodeItems,
    CodeObject,
    CodeText,
    CodeValue,
    Hole,
    add_query,
    fields_of,
    join,
    literal,
    make_unknown,
    serialize,
    spend,
    text_of,
)
from sickbay.kernel.text_search import Lines

TYPES = {"form": "application/x-www-form-urlencoded", "json": "application/json", "multipart": "multipart/form-data"}
_CONSTANTS = dict(each.split("=") for each in LISTS["constants_of_code"])
"""The values of constants such as MediaType.APPLICATION_JSON."""


@dataclass(slots=True)
class RequestDraft(CodeObject):
    """default: how the library sends fields. first, last: indexes of tokens."""

    language: str = ""
    method: str = ""
    url: CodeText = CodeText(())
    headers: list[tuple[str, CodeText]] = field(default_factory=list)
    query: CodeFields = field(default_factory=CodeFields)
    body: CodeValue | None = None
    default: str = "form"
    string_type: str = ""
    first: int = 0
    last: int = 0

    def add_header(self, name: CodeValue, value: CodeValue) -> None:
        text = text_of(name)
        key = str(text) if text.is_known else header_of(text)
        self.headers.append((key, media_type(value)))

    def add_headers(self, value: CodeValue | None) -> None:
        """Adds headers from fields, or from a list of lines such as "Accept: application/json"."""
        spend()
        if isinstance(value, CodeItems) and not fields_of(value):
            for line in value.values:
                self._add_line(text_of(line))
        elif isinstance(value, CodeText):
            for text in str(value).splitlines():
                self._add_line(literal(text)) if value.is_known else self._add_line(value)
        elif fields := fields_of(value):
            spend(len(fields.pairs))
            for name, item in fields.pairs:
                self.headers.append((_CONSTANTS.get(name.lower(), name), media_type(item)))

    def _add_line(self, line: CodeText) -> None:
        name, colon, rest = (line.parts[0] if line.parts else "").partition(":")
        if colon:
            self.headers.append((name.strip(), CodeText(tuple(part for part in (rest.lstrip(), *line.parts[1:]) if part))))

    def authorize(self, user: CodeValue | None, password: CodeValue | None) -> None:
        self.headers.append(("Authorization", basic_header(join_pair(user, password))))


def header_of(text: CodeText) -> str:
    """The header that a constant such as HttpHeaders.CONTENT_TYPE names."""
    name = re.sub(r"\W", "", str(text).rpartition(".")[2]).lower()
    return _CONSTANTS.get(name, str(text))


def media_type(value: CodeValue) -> CodeText:
    """The text of a header value. A constant for a media type becomes that type."""
    text = text_of(value)
    return text if text.is_known or len(text.parts) > 1 else literal(found) if (found := _known_type(text)) else text


def _known_type(text: CodeText) -> str:
    name = str(text).strip("{}").rpartition(".")[2].lower()
    return _CONSTANTS.get(name, "") if name not in ("authorization", "accept", "content_type", "contenttype") else ""


def join_pair(user: CodeValue | None, password: CodeValue | None) -> CodeText:
    return join((text_of(user), literal(":"), text_of(password)))


def basic_header(pair: CodeText) -> CodeText:
    """The value of Authorization for a name and a password with a colon between them."""
    return join((literal("Basic "), base64_of(pair)))


def base64_of(text: CodeText) -> CodeText:
    """The text in base64, or an unknown value named base64 if a part of the text is unknown."""
    if not text.is_known:
        return make_unknown("base64")
    return literal(base64.b64encode(str(text).encode(errors="replace")).decode())


def request_of(draft: RequestDraft, tokens: list[CodeToken], lines: Lines) -> CodeRequest:
    headers: dict[str, CodeText] = {}
    names: dict[str, str] = {}
    for name, value in draft.headers:
        headers[names.setdefault(name.lower(), name)] = value
    body, encoding = _draft_body(draft, headers)
    is_unknown = not encoding and len(body.parts) == 1 and not body.is_known  # it may be an object that says its own type
    if str(body) and not is_unknown and (kind := _content_type(draft, encoding)) and "content-type" not in names:
        headers["Content-Type"] = literal(kind)
    url = add_query(draft.url, draft.query)
    texts = [url, body, *headers.values()]
    spend(0, sum(len(part) for text in texts for part in text.parts))
    return CodeRequest(
        draft.language,
        draft.method.upper(),
        str(url),
        {name: str(value) for name, value in headers.items()},
        str(body),
        cast(BodyFormat, encoding or _body_format(str(body))),
        lines.at(tokens[draft.first].start),
        lines.at(max(tokens[min(draft.last, len(tokens) - 1)].end - 1, tokens[draft.first].start)),
        frozenset(str(part) for text in texts for part in text.parts if isinstance(part, Hole)),
    )


def _content_type(draft: RequestDraft, encoding: str) -> str:
    """The Content-Type that the library adds. It knows nothing about a string that the code made."""
    is_text = isinstance(draft.body, CodeText) or (isinstance(draft.body, CodeBody) and draft.body.is_text)
    return draft.string_type if is_text else TYPES.get(encoding, draft.string_type)


def _draft_body(draft: RequestDraft, headers: dict[str, CodeText]) -> tuple[CodeText, str]:
    """The body, and its encoding if the library chose it ("" for a string that the code made)."""
    if draft.body is None:
        return literal(""), ""
    if isinstance(draft.body, CodeText):
        return draft.body, ""
    if isinstance(draft.body, CodeBody) and isinstance(draft.body.value, CodeText):
        return draft.body.value, draft.body.encoding
    content_type = next((str(value) for name, value in headers.items() if name.lower() == "content-type"), "")
    default = "form" if draft.default == "either" and "urlencoded" in content_type else draft.default.replace("either", "json")
    return serialize(draft.body, default)


def _body_format(body: str) -> str:
    if body.lstrip()[:1] in ("{", "[") and ('"' in body or "'" in body):
        return "json"
    return "form" if "=" in body else ""
