"""An answer of the FHIR door, and how it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Any, NamedTuple

from sickbay.fhir.preconditions import unmodified
from sickbay.kernel.budget import HELD, pause

Headers = list[tuple[bytes, bytes]]
ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"vary", b"Origin, Accept, Authorization"),
    (b"x-content-type-options", b"nosniff"),
)


PIECE = 131_072
"""Bytes that are sent at once."""


class Answer(NamedTuple):
    """kept: whether the body may stand in the journal: outcomes may, patients' data may not. stream: a body in pieces."""

    status: int
    body: bytes
    headers: Headers
    kept: bool = False
    stream: AsyncIterator[bytes] | None = None


@lru_cache(maxsize=1024)
def modified(at: int) -> bytes:
    """Last-Modified of epoch seconds: a population has few different ones."""
    return formatdate(at, usegmt=True).encode()


def unchanged(headers: Mapping[str, str], etag: str, modified: str) -> bool:
    """If-None-Match wins over If-Modified-Since (RFC 9110 13.2.2)."""
    if "if-none-match" in headers:
        sent = {one.strip().removeprefix("W/").strip('"') for one in headers["if-none-match"].split(",")}
        return "*" in sent or etag.removeprefix("W/").strip('"') in sent
    return unmodified(headers.get("if-modified-since"), modified)


async def sent(
    send: Callable[[Any], Any], method: str, answer: Answer, readable: Sequence[tuple[bytes, bytes]], id: str
) -> None:
    body = answer.body
    headers = [*answer.headers, *readable, (b"x-correlation-id", id.encode()), *ALWAYS]
    if answer.stream is not None:
        await _send_pieces(send, method, answer.status, headers, answer.stream)
        return
    if answer.status not in (204, 304):
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if len(body) > PIECE and method != "HEAD":
        await _send_slowly(send, body)
    else:
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _send_slowly(send: Callable[[Any], Any], body: bytes) -> None:
    """As fast as the client reads. Until the last byte is sent the whole body stays in memory, and is counted."""
    with HELD.of(len(body)):
        for start in range(0, len(body), PIECE):
            end = start + PIECE
            await send({"type": "http.response.body", "body": body[start:end], "more_body": end < len(body)})


async def _send_pieces(
    send: Callable[[Any], Any], method: str, status: int, headers: Headers, pieces: AsyncIterator[bytes]
) -> None:
    """As they are made: a file of an export may be larger than memory."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if method != "HEAD":
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await pause()
    await send({"type": "http.response.body", "body": b""})
