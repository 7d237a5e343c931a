"""GET /exchanges with Accept: text/event-stream: new exchanges as server-sent events, for the administrator,
and in class mode for students, who get only what belongs to them.

ready      the stream has begun; its id is the position
exchange   an exchange, with the members of GET /exchanges
more       how many wanted exchanges weren't sent (`count`), because they were too many, and how many of all apps weren't
           recorded (`not_recorded`)
missed     after a reconnection with Last-Event-ID: how many exchanges of the time between weren't sent (`count`);
           `exact` is false if some were deleted
end        the server ends the stream, with the `reason`: stopping, or signed-out
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sickbay.protocol.parameters import Parameters
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Runtime
from sickbay.services.journal import lines
from sickbay.services.journal.filters import read_filter
from sickbay.services.live_exchanges import JournalPosition, Listener, News, parse_position
from sickbay.storage.exchange_filter import ExchangeFilter, ExchangeRow
from sickbay.web import counting, error_responses, http_request, students
from sickbay.web.admin.session import recognise, refuse_stranger
from sickbay.web.http_request import state_of

MEDIA_TYPE: Final = "text/event-stream"
HEARTBEAT_SECONDS: Final = 15.0
"""Seconds without an event after which a comment shows that the stream is alive, and the reader's rights are checked again."""
RETRY_MILLISECONDS: Final = 2000
"""Milliseconds that a browser waits before it reconnects."""
STREAMS: Final = 64
"""Streams of a worker."""
STREAMS_PER_ADDRESS: Final = 16
"""Streams of a worker to one address: tabs of a browser share one."""
STREAMS_OF_STUDENTS: Final = 300
"""Maximum number of a worker's streams to students in class mode. The remaining ones are for everyone else."""
STREAMS_PER_STUDENT: Final = 4
RETRY_AFTER_SECONDS: Final = 10
SENT_AT_ONCE: Final = 25
"""Default number of recorded exchanges that are sent immediately (`limit`)."""
MAXIMUM_AT_ONCE: Final = 200
MAXIMUM_LAST: Final = 1000
"""Earlier exchanges that a stream can begin with (`last`)."""
HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no", "vary": "Accept, Origin"}


def wants_stream(request: Request) -> bool:
    return request.method == "GET" and MEDIA_TYPE in request.headers.get("accept", "").lower()


async def stream(request: Request, sandbox: Sandbox) -> Response:
    """The stream, or a problem: 403 for strangers, 400 for an invalid filter, 429 and 503 for too many streams."""
    if rejection := refuse_stranger(request, sandbox, pages=False):
        return rejection
    query = http_request.query_of(request.scope)
    reading = await read_filter(sandbox.runtime, query.get("q") or "", students.owner_of(request))
    if reading.problems:
        return error_responses.respond_problem(400, "The filter has a mistake", detail=" ".join(reading.problems))
    state_of(request.scope).kind = "stream"
    return EventStream(sandbox, request, _stream_events(request, sandbox, reading.wanted, query))


class EventStream(StreamingResponse):
    """A stream is counted while it is sent. If too many are open, the response is a problem."""

    def __init__(self, sandbox: Sandbox, request: Request, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, media_type=MEDIA_TYPE, headers=HEADERS)
        student = students.owner_of(request)
        self._live, self._sender = sandbox.live, student or http_request.get_peer(request.scope)
        self._total = STREAMS_OF_STUDENTS + (0 if student else STREAMS) if sandbox.runtime.class_mode else STREAMS
        self._of_sender = STREAMS_PER_STUDENT if student else STREAMS_PER_ADDRESS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streams = self._live.streams
        if rejection := self._refuse_too_many(streams):
            return await rejection(scope, receive, send)
        streams[self._sender] += 1
        counting.STREAMS.set(streams.total())
        try:
            await super().__call__(scope, receive, send)
        finally:
            streams.subtract([self._sender])
            if not streams[self._sender]:
                del streams[self._sender]
            counting.STREAMS.set(streams.total())

    def _refuse_too_many(self, streams: Counter[str]) -> Response | None:
        if self._live.stopped:
            title, status = "Sickbay is stopping", 503
        elif streams.total() >= self._total:
            title, status = "Too many streams are open", 503
        elif streams[self._sender] >= self._of_sender:
            title, status = "Too many streams of this address are open", 429
        else:
            return None
        detail = (
            f"Close one of them, or try again in {RETRY_AFTER_SECONDS} seconds. GET /exchanges without a stream still works."
        )
        response = error_responses.respond_problem(status, title, detail=detail)
        response.headers["retry-after"] = str(RETRY_AFTER_SECONDS)
        return response


async def _stream_events(request: Request, sandbox: Sandbox, wanted: ExchangeFilter, query: Parameters) -> AsyncIterator[bytes]:
    limit = _read_number(query.get("limit"), SENT_AT_ONCE, MAXIMUM_AT_ONCE)
    await sandbox.live.begin()
    with sandbox.live.listen(wanted, limit) as listener:
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        async for event in _missed_events(request, sandbox, wanted, query, listener, limit):
            yield event
        async for event in _new_events(request, sandbox, listener):
            yield event


async def _missed_events(
    request: Request, sandbox: Sandbox, wanted: ExchangeFilter, query: Parameters, listener: Listener, limit: int
) -> AsyncIterator[bytes]:
    """Yields the exchanges missed since the last event, or the last ones that the request asks for."""
    runtime, since = sandbox.runtime, parse_position(request.headers.get("last-event-id", ""))
    position = listener.position
    if since is not None:
        missed = await sandbox.live.read_missed_exchanges(wanted, limit, since)
        if missed.news.more or not missed.exact:
            yield _encode_event("missed", {"count": missed.news.more, "exact": missed.exact})
        for event in await _exchange_events(runtime, missed.news.rows):
            yield event
        position = missed.news.position
    elif last := _read_number(query.get("last"), 0, MAXIMUM_LAST):
        records = (await runtime.store.find_exchanges(wanted, last))[::-1]
        for entry in await lines.read_lines(runtime, records):
            yield _encode_event("exchange", lines.to_json(entry))
    yield _encode_event("ready", {"heartbeat": HEARTBEAT_SECONDS}, position)


async def _new_events(request: Request, sandbox: Sandbox, listener: Listener) -> AsyncIterator[bytes]:
    """Yields news and heartbeats until the server stops or the reader loses access."""
    loop = asyncio.get_running_loop()
    checked = loop.time()
    while not sandbox.live.stopped:
        news = await listener.wait(HEARTBEAT_SECONDS)
        if loop.time() - checked >= HEARTBEAT_SECONDS:
            checked = loop.time()
            if not await _may_still_read(request, sandbox):
                yield _encode_event("end", {"reason": "signed-out"})
                return
        if news is None:
            yield b": heartbeat\n\n"
            continue
        for event in await _exchange_events(sandbox.runtime, news.rows):
            yield event
        if news.more or news.unrecorded:
            yield _encode_event("more", _count_news(news), news.position)
    yield _encode_event("end", {"reason": "stopping"})


async def _may_still_read(request: Request, sandbox: Sandbox) -> bool:
    """Whether the administrator's session is still valid."""
    state_of(request.scope).is_administrator = False
    await recognise(request, sandbox, request.app.state.guard)
    if sandbox.runtime.class_mode:
        student = students.owner_of(request)
        await students.recognise(request, sandbox)
        if students.owner_of(request) != student:  # the filter of the stream is that of another reader
            return False
    return refuse_stranger(request, sandbox, pages=False) is None


async def _exchange_events(runtime: Runtime, rows: Sequence[ExchangeRow]) -> list[bytes]:
    """Yields the events of exchanges, without those that were deleted in the meantime."""
    records = await asyncio.gather(*(runtime.store.get("exchange", row.key) for row in rows))
    stored = [(row, record) for row, record in zip(rows, records, strict=True) if record is not None]
    entries = await lines.read_lines(runtime, [record for _, record in stored])
    return [
        _encode_event("exchange", lines.to_json(entry), JournalPosition(row.number, row.at))
        for (row, _), entry in zip(stored, entries, strict=True)
    ]


def _count_news(news: News) -> Mapping[str, int]:
    return {"count": news.more, "not_recorded": news.unrecorded}


def _encode_event(name: str, data: Mapping[str, Any], position: JournalPosition | None = None) -> bytes:
    id = f"id: {position}\n" if position is not None else ""
    return f"event: {name}\n{id}data: {msgspec.json.encode(data).decode()}\n\n".encode()


def _read_number(text: str | None, default: int, most: int) -> int:
    """A number of the query, at most `most`; the default if it isn't one."""
    return min(int(text), most) if text and text.isascii() and text.isdigit() and len(text) < 10 else default
