"""Injects faults into the requests to a hospital's OAuth, discovery and FHIR addresses. All other addresses never get one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay.faults.asked import FHIR_STAGES, AskedRequest
from sickbay.faults.changes import describe_replacement, find_change
from sickbay.faults.documents import MARK
from sickbay.faults.fault import Fault
from sickbay.faults.kinds import list_kinds
from sickbay.faults.responses import SentResponse, apply_to_response, make_response, refuse_refresh
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.injection import choose, codes, grants, marks
from sickbay.services.injection.choose import Injected
from sickbay.services.injection.wording import describe_fault
from sickbay.services.journal import amend
from sickbay.services.journal.write import Exchange, RecordedRequest, RecordedResponse
from sickbay.web.http_request import FORMS, RequestState, get_peer, make_address, receive_bytes, state_of
from sickbay.web.middleware import asked_requests
from sickbay.web.middleware.cors import list_cors_headers
from sickbay.web.middleware.page_headers import ID_HEADER, NOSNIFF

MAXIMUM_CHANGED_BYTES = 16_000_000
"""Maximum size in bytes of a response that faults change."""
MAXIMUM_WAIT_SECONDS = 60.0
PIECES_PER_SECOND = 10
POLICY = b"content-security-policy"
SANDBOX = (POLICY, b"sandbox; default-src 'none'")
"""For a response that isn't one of our pages. A fault can contain any page, and students may set faults too."""
MADE_UP = re.compile(re.escape(MARK) + r"([A-Za-z0-9_-]{1,16})")


class InjectedFaults:
    """If no fault is active, it costs one comparison, and no coroutine of its own."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app, self._sandbox, self._runtime = app, sandbox, sandbox.runtime

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        runtime = self._runtime
        if runtime.faults or runtime.injected_until:
            return self._inject_faults(scope, receive, send)
        return self._app(scope, receive, send)

    async def _inject_faults(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        if scope["method"] == "POST" and asked_requests.is_oauth(self._runtime, scope["path"]):
            body = await receive_bytes(receive, FORMS)
            receive = _replay_body(body, receive)
        found = await asked_requests.read_asked_request(self._runtime, scope, body)
        state: RequestState = scope["state"]
        state.injected = self._find_made_up(scope)
        if found is None:
            return await self._app(scope, receive, send)
        asked, secrets = found
        state.injected = state.injected or await marks.find_mark(self._runtime, secrets)
        faults = await choose.faults_for(self._runtime, asked, _is_for_middleware)
        if state.injected is None or (faults and state.injected.causes):
            state.injected = choose.describe_injected_fault(faults)
        await self._respond_with_faults(
            faults, asked, scope, receive, send, parse(body.decode("utf-8", "replace")).get("refresh_token")
        )

    def _find_made_up(self, scope: Scope) -> Injected | None:
        """The fault that made up an endpoint, an ID or a cursor in the URL."""
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        found = MADE_UP.search(path) or MADE_UP.search(query)
        if found is None:
            return None
        kind = next((fault.kind for fault in self._runtime.faults if fault.id == found[1]), "")
        return Injected(found[1], kind or ("missing-references" if found[0] in path else "broken-next"), refuses=True)

    async def _respond_with_faults(
        self,
        faults: Sequence[Fault],
        asked: AskedRequest,
        scope: Scope,
        receive: Receive,
        send: Send,
        refresh_token: str | None,
    ) -> None:
        await asyncio.sleep(
            min(MAXIMUM_WAIT_SECONDS, sum(fault.members["seconds"] for fault in faults if fault.kind == "delay"))
        )
        if any(fault.kind == "reset" for fault in faults):
            self._record_exchange(asked, scope, SentResponse(0, (), b""))
            return await _abort_connection(scope, receive)
        response = await self._fault_response(faults, asked, refresh_token)
        if response is not None:
            self._record_exchange(asked, scope, response)
            more = [
                *list_cors_headers(None),
                *([(ID_HEADER, state_of(scope).exchange.encode())] if asked.stage in FHIR_STAGES else []),
            ]
            return await _send_faulty(send, scope, receive, response, faults, more)  # pages get the id elsewhere
        for fault in faults:
            if fault.kind == "huge-page":
                scope["query_string"] = asked_requests.limit_count(scope["query_string"], fault.members["entries"])
        await self._app(scope, receive, self._send_after_change(faults, scope, receive, send) if faults else send)

    async def _fault_response(
        self, faults: Sequence[Fault], asked: AskedRequest, refresh_token: str | None
    ) -> SentResponse | None:
        """The response of the first fault that answers instead of the server."""
        for fault in faults:
            if list_kinds()[fault.kind].answers and fault.kind != "reset":
                return make_response(fault, asked.stage, describe_fault(fault))
            if fault.kind == "refresh" and fault.members["value"] == "refused":
                return refuse_refresh(describe_fault(fault))
            if fault.kind == "refresh" and fault.members["value"] == "revoked" and refresh_token:
                await grants.revoke(self._runtime, self._runtime.tenants[asked.tenant], fault, refresh_token)
        return None

    def _send_after_change(self, faults: Sequence[Fault], scope: Scope, receive: Receive, send: Send) -> Send:
        """Collects the response, changes it, and sends it."""
        start: MutableMapping[str, Any] = {}
        pieces: list[bytes] = []
        size = 0

        async def collect(message: MutableMapping[str, Any]) -> None:
            nonlocal size
            if message["type"] == "http.response.start":
                start.update(message)
                return
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > MAXIMUM_CHANGED_BYTES:
                if start:
                    await send(dict(start))
                    start.clear()
                body = b"".join(pieces)
                pieces.clear()
                await send({**message, "body": body})
            elif not message.get("more_body"):
                headers = tuple(pair for pair in start["headers"] if pair[0] != b"content-length")
                response = SentResponse(start["status"], headers, b"".join(pieces))
                changed = self._change_response(response, faults)
                await self._note_change(scope, response, changed, faults)
                await _send_faulty(send, scope, receive, changed, faults, ())

        return collect

    def _change_response(self, response: SentResponse, faults: Sequence[Fault]) -> SentResponse:
        for fault in faults:
            if fault.kind != "truncate":
                response = apply_to_response(fault, response, self._runtime.base, self._runtime.effects.now())
        return response

    async def _note_change(self, scope: Scope, before: SentResponse, after: SentResponse, faults: Sequence[Fault]) -> None:
        """Let the exchange show the response that is sent, not the one that its handler made."""
        state: RequestState = scope["state"]
        if state.injected is None or (changed := find_change(before, after, _count_sent_bytes(after, faults))) is None:
            return
        state.injected.changed = changed
        await amend.show_sent_response(self._runtime, state.exchange, state.injected)

    def _record_exchange(self, asked: AskedRequest, scope: Scope, response: SentResponse) -> None:
        """Keep an exchange that no handler saw."""
        state: RequestState = scope["state"]
        request = RecordedRequest(scope["method"], make_address(scope, self._runtime.base), state.headers, "", get_peer(scope))
        recorded = RecordedResponse(response.status, list(response.headers), None, len(response.body))
        if state.injected is not None:
            state.injected.changed = describe_replacement(response)
        self._sandbox.journal.hold(
            Exchange(
                state.exchange,
                self._runtime.effects.now(),
                asked.tenant,
                asked.stage,
                asked.app,
                "",
                request,
                recorded,
                injected=state.injected,
                seconds=state.seconds(),
                resent_from=state.resent_from,
            )
        )


def _is_for_middleware(fault: Fault) -> bool:
    """Whether the handler of the endpoint doesn't inject it."""
    return not grants.is_about_grant(fault) and not codes.is_about_redirect(fault)


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """Returns a receive function that returns the already received body, and then calls `receive`."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:
        return waiting.pop() if waiting else await receive()

    return again


async def _abort_connection(scope: Scope, receive: Callable[[], Awaitable[Any]]) -> None:
    """Close the connection without a response."""
    transport = scope.get("sickbay.transport")
    if transport is None:
        raise ConnectionResetError("an injected fault resets this connection")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _count_sent_bytes(response: SentResponse, faults: Sequence[Fault]) -> int:
    length = len(response.body)
    return min((fault.members["bytes"] for fault in faults if fault.kind == "truncate"), default=length)


async def _send_faulty(
    send: Send,
    scope: Scope,
    receive: Receive,
    response: SentResponse,
    faults: Sequence[Fault],
    more: Sequence[tuple[bytes, bytes]],
) -> None:
    """Send a response, slowly or in part if a fault says so. more: further headers."""
    limit = _count_sent_bytes(response, faults)
    rate = min((fault.members["bytes_per_second"] for fault in faults if fault.kind == "slow"), default=0)
    body, length = response.body[:limit], len(response.body)
    headers = [*response.headers, *more, (b"content-length", str(length).encode())]
    headers += [*([] if response.header(POLICY) else [SANDBOX]), *([] if NOSNIFF in headers else [NOSNIFF])]
    if response.status in (204, 304) or (scope["method"] == "HEAD"):
        body, length = b"", 0
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    breaks_off = len(body) < length and scope.get("sickbay.transport") is not None
    await _send_slowly(send, body, rate, more_body=breaks_off)
    if breaks_off:
        await _close_connection(scope, receive)


async def _send_slowly(send: Send, body: bytes, rate: int, *, more_body: bool) -> None:
    """rate: bytes a second; 0: at once. It takes a minute at most."""
    step = max(1, rate // PIECES_PER_SECOND, int(len(body) / (MAXIMUM_WAIT_SECONDS * PIECES_PER_SECOND)) + 1) if rate else 0
    while step and len(body) > step:
        await send({"type": "http.response.body", "body": body[:step], "more_body": True})
        body = body[step:]
        await asyncio.sleep(1 / PIECES_PER_SECOND)
    await send({"type": "http.response.body", "body": body, "more_body": more_body})


async def _close_connection(scope: Scope, receive: Receive) -> None:
    """End the connection after the sent part."""
    scope["sickbay.transport"].close()
    while (await receive())["type"] != "http.disconnect":
        pass
