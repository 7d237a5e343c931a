"""Finds HTTP requests and responses in text: raw, as `curl -v` prints them, and as tools list them by sections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise, takewhile
from typing import Literal

from msgspec import Struct

from sickbay.doctor.pieces import structured
from sickbay.doctor.pieces.piece import Piece
from sickbay.kernel.late_patterns import compile_late

_REQUEST = compile_late(
    r"^(?:[>*]?\s{0,4})(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(?P<url>(?:https?://|/|\{)\S{0,8000})"
    r"(?P<version>\s+HTTP/\d(?:\.\d)?)?\s*$"
)
_STATUS = compile_late(
    r"^(?:[<*]?\s{0,4})(?:HTTP/\d(?:\.\d)?\s+|Status(?:[ -]?Code)?\s*[:=]\s*(?:HTTP/\d(?:\.\d)?\s+)?)(?P<status>\d{3})\b", re.I
)
_HEADER = compile_late(r"^(?:[<>]\s)?\s{0,4}(?P<name>[A-Za-z][A-Za-z0-9-]{1,40})\s{0,4}(?::|→)\s{0,4}(?P<value>\S.{0,8000})?$")
_LABEL = compile_late(r"^\W{0,4}(?P<side>request|response)?\s{0,3}(?P<part>headers?|body|payload|data)\W{0,4}$", re.I)


class _Message(Struct):
    kind: Literal["request", "response"]
    start: int
    end: int
    first: dict[str, str]
    headers: dict[str, str] = {}
    body: list[str] = []
    part: str = "headers"
    has_version: bool = False
    is_of_curl: bool = False

    def piece(self) -> Piece:
        shown = _first_body("\n".join(self.body))
        is_answer = self.kind == "request" and _is_answer(shown)
        body = "" if is_answer else shown
        values = {**self.first, "headers": self.headers, "body": body}
        whole = bool(self.headers or self.has_version) and (bool(body) or not self._has_body())
        return Piece(kind=self.kind, start=self.start, end=self.end, values=values, is_whole=whole)

    def takes_more_of_the_url(self, line: str) -> bool:
        """Whether the line continues a request line that is broken into several, as specifications print it."""
        rest, version, _ = line.strip().partition(" HTTP/")
        is_complete = "url" not in self.first or self.has_version or self.headers or self.body or not rest or " " in rest
        if is_complete or not (self.first["url"].endswith(("?", "&", "=")) or rest.startswith(("&", "?"))):
            return False
        self.first["url"], self.has_version = self.first["url"] + rest, bool(version)
        return True

    def _has_body(self) -> bool:
        """Whether there is a body, even if it isn't shown. `curl -v` prints its length and not the body itself."""
        lengths = [value for name, value in self.headers.items() if name.lower() == "content-length"]
        if lengths or self.is_of_curl:
            return lengths[:1] not in ([], [""], ["0"])
        return self.first.get("method") in ("POST", "PUT", "PATCH")


def find_http_messages(text: str) -> Iterator[Piece]:
    """Lines are read one after the other. A message ends where the next one begins, or after its body."""
    message: _Message | None = None
    place = 0
    for line in text.splitlines(keepends=True):
        bare, start, place = line.rstrip("\r\n"), place, place + len(line)
        begun = _begin_message(bare, start)
        if begun:
            if message:
                yield message.piece()
            message = begun
        elif message and not (message.takes_more_of_the_url(bare) or _read_message_line(message, bare)):
            yield message.piece()
            message = None
        if message and bare.strip():
            message.end = start + len(bare)
    if message:
        yield message.piece()


def _begin_message(line: str, start: int) -> _Message | None:
    if match := _REQUEST.match(line):
        first = {"method": match["method"], "url": match["url"]}
        return _Message(
            "request", start, start + len(line), first, has_version=bool(match["version"]), is_of_curl=line.startswith(">")
        )
    if match := _STATUS.match(line):
        return _Message("response", start, start + len(line), {"status": match["status"]})
    return None


def _read_message_line(message: _Message, line: str) -> bool:
    """Adds the line to the message. False if it belongs to neither its headers nor its body."""
    if label := _LABEL.match(line):
        if label["side"] and label["side"].lower() != message.kind:
            return False
        message.part = "headers" if label["part"].lower().startswith("header") else "body"
        return True
    if not line.strip() or line.strip() in (">", "<"):
        message.part = "body" if message.headers and not message.body else message.part
        return not message.body
    if message.part == "headers" and (match := _HEADER.match(line)):
        message.headers[match["name"]] = (match["value"] or "").strip()
        return True
    if _is_body(line) or (message.part == "body" and (message.body or not _SENTENCE.match(line))):
        message.part = "body"
        message.body.append(line)
        return True
    return False


_SENTENCE = compile_late(r"[^\W\d_]\S*(?: [^\s={}]+){2}")
"""The beginning of a text that isn't a body."""


def _is_body(line: str) -> bool:
    return line.lstrip().startswith(("{", "[", "<")) or re.match(r"\s*[\w.-]{1,40}=[^\s]*$", line) is not None


def _is_answer(body: str) -> bool:
    """Whether the JSON below a request is the response to it: many people paste a request line and then the error."""
    members = structured.parse_loosely(body) if body.startswith("{") else None
    if not isinstance(members, Mapping):
        return False
    return (
        structured.kind_of_object(members) in ("error", "token_response") or members.get("resourceType") == "OperationOutcome"
    )


def _first_body(text: str) -> str:
    """The body without prose after it: JSON is kept as it is, a form is one line or lines joined by `&`."""
    stripped = text.strip()
    if not stripped or stripped[0] in "{[<":
        return stripped
    lines = [line.strip() for line in stripped.splitlines()]
    joined = takewhile(lambda pair: pair[0].endswith("&") or pair[1].startswith("&"), pairwise(lines))
    form = lines[0] + "".join(line for _, line in joined)
    return form if "=" in form and " " not in form else ""
