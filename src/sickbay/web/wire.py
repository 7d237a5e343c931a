"""From an ASGI request to the plain values that operations take, and the record of an exchange back out of its answer."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sickbay.diagnosis.explain import Explanation
from sickbay.operations.context import World
from sickbay.operations.decision import Decision
from sickbay.operations.journal import Answered, Exchange, Journal, Wire
from sickbay.protocol.parameters import Parameters, parse
from sickbay.protocol.unicode import NO_TEXT, is_encoded_text, is_text
from sickbay.web import counting
from sickbay.web.doors import headers_of

FORMS, QUESTIONS, PASTED = 65_536, 262_144, 1_000_000
"""Bytes of a body: of most forms, of a FHIR request that brings no resource, and of what is pasted to be looked at."""
VALUES = 2_000_000
"""Values of a JSON or XML body. Each takes up to a hundred bytes of memory, though it may be written in two."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SHOWN = ("location", "content-type", "www-authenticate", "cache-control", "x-correlation-id")


class TooLarge(Exception):
    """A body over the limit: 413."""


class NotText(Exception):
    """A path, a query or a body that is no text: 400."""


async def read_body(request: Request, most: int = FORMS) -> str:
    """At most so many bytes of text; of a form, also once it is decoded. Raises TooLarge, NotText and ClientDisconnect."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            counting.BODIES_REFUSED.inc()
            raise TooLarge(f"It may have {most} bytes.")
        pieces.append(piece)
    whole = b"".join(pieces)
    if not (is_text if headers_of(request.scope).get("content-type", "").startswith(JSON) else is_encoded_text)(whole):
        raise NotText("The body is no text. " + NO_TEXT)
    return whole.decode()


def check_target(scope: Mapping[str, Any]) -> None:
    """Path and query of every request, before anything is made of them. Raises NotText."""
    if not is_encoded_text((scope.get("raw_path") or b"") + b"?" + scope["query_string"]):
        raise NotText("The address is no text. " + NO_TEXT)


def sent_length(headers: Mapping[str, str]) -> int | None:
    """Bytes of the body as it was announced; None where it comes in pieces that nobody counted."""
    if "transfer-encoding" in headers:
        return None
    told = headers.get("content-length", "0")
    return int(told[:19]) if told.isascii() and told.isdigit() else 0


def values(raw: bytes) -> int:
    """How many values a JSON or XML text has, or a few more: text may have the same characters."""
    return sum(map(raw.count, (b",", b"{", b"[", b"<")))


def unpacked(raw: bytes, most: int) -> bytes:
    """What was compressed by gzip, one byte more than `most` at most: so a bomb is told by its size. Raises ValueError."""
    reader = zlib.decompressobj(wbits=31)
    try:
        found = reader.decompress(raw, most + 1)
    except zlib.error as error:
        raise ValueError(f"it is no gzip: {error}") from None
    if len(found) <= most and not (reader.eof and not reader.unused_data):
        raise ValueError("it is cut off, or something follows it")
    return found


def wire_of(scope: Mapping[str, Any], base: str, body: str = "") -> Wire:
    """The URL stands on the base, whatever name we were called by: it is what the app should have used."""
    return Wire(scope["method"], address(scope, base), headers_of(scope), body)


def address(scope: Mapping[str, Any], base: str) -> str:
    path = raw_path(scope)
    query = scope["query_string"].decode("latin-1")
    return f"{base}{path}?{query}" if query else f"{base}{path}"


def raw_path(scope: Mapping[str, Any]) -> str:
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else str(scope["path"])


def query_of(scope: Mapping[str, Any]) -> Parameters:
    return parse(scope["query_string"].decode("latin-1"))


def exchange_id(request: Request) -> str:
    """The correlation id that app.py gave to this request."""
    return str(request.scope["state"]["exchange"])


async def note(
    request: Request,
    response: Response,
    *,
    stage: str,
    tenant: str = "",
    client_id: str = "",
    timeline: str = "",
    decision: Decision | None = None,
    explanation: Explanation | None = None,
    body: str = "",
    shown: bool = True,
) -> Response:
    """Write the exchange into the journal and pass the response on. shown: whether its body may be kept."""
    world: World = request.app.state.sandbox.world
    journal: Journal = request.app.state.sandbox.journal
    headers = {name: value for name, value in response.headers.items() if name in SHOWN}
    kept = bytes(response.body).decode("utf-8", "replace") if shown and response.body else None
    wire = wire_of(request.scope, world.base, body)
    answered = Answered(response.status_code, headers, kept)
    await journal.write(
        Exchange(exchange_id(request), world.effects.now(), tenant, stage, client_id, timeline, wire, answered,
                 decision, explanation)
    )  # fmt: skip
    return response
