"""Reads HTTP requests, each with its state, as plain values for the services, and records exchanges in the journal."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, Literal, NamedTuple

from msgspec import Struct, structs
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sickbay.authorization.readable import FORM_LIMIT, LOOKED_AT, refuse_if_compressed, refuse_if_not_utf8, refuse_too_large
from sickbay.authorization.stand_in import StandIn
from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.silence.trail import ShownPage
from sickbay.kernel.checks import Refusal
from sickbay.kernel.memoize import memoize
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import runtime_settings
from sickbay.services.decision import Decision
from sickbay.services.injection.choose import Injected
from sickbay.services.journal.write import Exchange, RecordedRequest, RecordedResponse
from sickbay.services.request_metrics import Kind
from sickbay.storage.resets import OUTSIDE, Revisions
from sickbay.web import counting

FORMS, QUESTIONS, PASTED = FORM_LIMIT, 262_144, 4_000_000
"""Maximum bytes of a body: most forms, a FHIR request without a resource, and text pasted into the doctor. That text is
percent-encoded, so 1 MB of JSON takes twice as much."""
VALUES = 2_000_000
"""Maximum number of values in a JSON or XML body. Each takes up to 100 bytes of memory, even if it is only two bytes long."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?")
_ESCAPE = re.compile(rb"%(?:00|[89a-fA-F])")
"""A percent-encoded U+0000 or byte outside of ASCII."""
SHOWN = frozenset((b"location", b"content-type", b"www-authenticate", b"cache-control", b"x-correlation-id"))


class ResendMark(NamedTuple):
    """The mark of a request that Sickbay itself resends. It never counts as the administrator's. original: the id of the
    exchange. stand_in: replaces the app's credentials.
    """

    original: str
    stand_in: StandIn | None = None


class RequestState(Struct, eq=False):
    """exchange: the correlation id. headers: names in lower case, repeated ones are joined with commas."""

    exchange: str
    headers: dict[str, str]
    revisions: Revisions = OUTSIDE
    """Revisions at the start of the request. If they changed, the data was reset, and the request may write nothing more."""
    is_answered: bool = False
    """The response has begun."""
    open_to: Literal["", "origins", "credentials"] = ""
    """Pages of other origins may use the endpoint: without credentials, or with them if the policy credentialed_cors allows."""
    withheld: bool = False
    """Pages of other origins may not read the response, because the hospital's policy forbids it."""
    is_administrator: bool = False
    """The browser has a session of the administrator."""
    admin_wait: int | None = None
    """Seconds until another admin token is checked; None if this request had no wrong one."""
    admin_throttled: int = 0
    """Seconds that the sender has to wait after wrong admin tokens in earlier requests."""
    is_wrong_admin_token: bool = False
    """Whether this request had a wrong admin token, which has to be counted."""
    injected: Injected | None = None
    """The fault that Sickbay was asked to inject into this request."""
    kind: Kind = "page"
    """The kind of the request in the metrics. Handlers of other kinds set it."""
    started: float = 0.0
    """When the request began, by the clock of `time.perf_counter`; 0 if that isn't known."""
    student: str = ""
    """In class mode: the id of the student whose browser sent the request."""
    owns: bool = False
    """Whether the request is for an object of this student, who has an administrator's rights on it."""
    resent: ResendMark | None = None
    """Only `web/resending.py` sets it. Nothing that is sent over a connection can."""
    resent_from: str = ""
    """The id of the exchange whose request was resent."""

    def seconds(self) -> float:
        """The time since the request began; 0 if that isn't known."""
        return perf_counter() - self.started if self.started else 0.0


def state_of(scope: Mapping[str, Any]) -> RequestState:
    """A new one if the request didn't come through the application."""
    state = scope.get("state")
    return state if type(state) is RequestState else RequestState("", read_headers(scope.get("headers", ())))


def stand_in_of(request: Request) -> StandIn | None:
    """The stand-in for the app's credentials, if Sickbay itself sends this request again."""
    resent = state_of(request.scope).resent
    return resent.stand_in if resent is not None else None


def mark_resent_exchange(state: RequestState, exchange: Exchange) -> Exchange:
    """The exchange with the mark of its request. A resent one belongs to no launch, so that no launch seems to continue."""
    return structs.replace(exchange, resent_from=state.resent_from, timeline="") if state.resent is not None else exchange


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    return state_of(scope).headers


def read_headers(sent: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Map the names to values. Names are in lower case, as in ASGI. Repeated headers are joined with commas."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent}
    return headers if len(headers) == len(sent) else _join_headers(sent)


def _join_headers(sent: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in sent:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


@memoize(256)
def host_name(header: str) -> str:
    """The name in a Host header, without port and brackets; "" if there is none (RFC 9110 7.2)."""
    match = _HOST.fullmatch(header.lower())
    return (match[1] or match[2]) if match else ""


class UnreadableRequest(Exception):
    """A request that is too large (413), compressed (415) or isn't valid UTF-8 (400); web/middleware/unreadable.py answers it.

    body: its beginning, decoded as far as possible. Redaction compares it with what the explanation quotes.
    """

    def __init__(self, refusal: Refusal | None, body: bytes = b"") -> None:
        assert refusal is not None
        super().__init__(refusal.name)
        self.refusal, self.body = refusal, body[:LOOKED_AT].decode("utf-8", "replace")


async def read_body(request: Request, most: int = FORMS) -> str:
    """Read at most `most` bytes of text; a form must also be valid once it is decoded.

    Raises UnreadableRequest and ClientDisconnect.
    """
    headers = state_of(request.scope).headers
    if (sent_length(headers) or 0) > most:
        raise count_body(most)
    body = await receive_bytes(request.receive, most)
    if len(body) > most:
        raise count_body(most)
    if "content-encoding" in headers and (compressed := refuse_if_compressed(headers)) is not None:
        raise UnreadableRequest(compressed)
    check_text("body" if headers.get("content-type", "").startswith(JSON) else "form", body)
    return body.decode()


async def receive_bytes(receive: Callable[[], Any], limit: int) -> bytes:
    """Receive the body. Stops as soon as it is longer than `limit`. Raises ClientDisconnect."""
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if not message.get("more_body") or size > limit:
            return b"".join(pieces)


def check_text(part: str, raw: bytes) -> None:
    """part: form, which is percent-encoded, or body. Raises UnreadableRequest if it isn't valid UTF-8 or has U+0000."""
    refusal = refuse_if_not_utf8(part, raw) if _needs_decoding(raw) else None
    if refusal is not None:
        raise UnreadableRequest(refusal, raw)


def count_body(limit: int, unit: str = "bytes") -> UnreadableRequest:
    """Count and return the error for a body that is over the limit."""
    counting.BODIES_REFUSED.inc()
    return UnreadableRequest(refuse_too_large(limit, unit))


def check_target(scope: Mapping[str, Any]) -> None:
    """Check the path and query of every request before they are parsed. Raises UnreadableRequest."""
    raw, query = scope.get("raw_path") or b"", scope["query_string"]
    if _needs_decoding(raw + b"?" + query):
        refusal = refuse_if_not_utf8("path", raw) or refuse_if_not_utf8("query", query)
        if refusal is not None:
            raise UnreadableRequest(refusal)


def _needs_decoding(sent: bytes) -> bool:
    """Whether these bytes may not be text: U+0000 or a byte outside of ASCII is in them, as it is or percent-encoded."""
    return not sent.isascii() or b"\0" in sent or _ESCAPE.search(sent) is not None


def sent_length(headers: Mapping[str, str]) -> int | None:
    """The announced length of the body in bytes; None if it is sent in chunks of unknown length."""
    if "transfer-encoding" in headers:
        return None
    length = headers.get("content-length", "0")
    return int(length[:19]) if length.isascii() and length.isdigit() else 0


def count_values(raw: bytes) -> int:
    """An upper estimate of the number of values in a JSON or XML text: strings may contain the counted characters."""
    return sum(map(raw.count, (b",", b"{", b"[", b"<")))


def check_values(raw: bytes) -> None:
    """Raise UnreadableRequest if there are more than VALUES."""
    if count_values(raw) > VALUES:
        raise count_body(VALUES, "values, objects and lists")


def decompress(raw: bytes, most: int) -> bytes:
    """Decompress gzip, up to one byte more than `most`, so that the caller can detect a bomb by its size. Raises ValueError."""
    reader = zlib.decompressobj(wbits=31)
    try:
        unzipped = reader.decompress(raw, most + 1)
    except zlib.error as error:
        raise ValueError(f"it isn't gzip: {error}") from None
    if len(unzipped) <= most and not (reader.eof and not reader.unused_data):
        raise ValueError("it is truncated, or has extra data at the end")
    return unzipped


def recorded_request(scope: Mapping[str, Any], base: str, body: str = "") -> RecordedRequest:
    """The request for the journal. Its URL starts with the base URL, whatever Host was sent: apps should use the base URL."""
    return RecordedRequest(scope["method"], make_address(scope, base), state_of(scope).headers, body, get_peer(scope))


def get_peer(scope: Mapping[str, Any]) -> str:
    """The address of the client, or of a proxy that isn't trusted; "" if the server doesn't know it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def make_address(scope: Mapping[str, Any], base: str) -> str:
    path = raw_path(scope)
    query = scope["query_string"].decode("latin-1")
    return f"{base}{path}?{query}" if query else f"{base}{path}"


def raw_path(scope: Mapping[str, Any]) -> str:
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else str(scope["path"])


def get_first_segment(scope: Mapping[str, Any]) -> str:
    """The name of the hospital, if the path belongs to one. The path of OPTIONS * has no slash."""
    path: str = scope["path"]
    start, _, rest = path.partition("/")
    return start or rest.partition("/")[0]


def query_of(scope: Mapping[str, Any]) -> Parameters:
    return parse(scope["query_string"].decode("latin-1"))


def read_start(request: Request) -> int:
    """`from`: the number of list entries before the requested page; 0 if it isn't a number below 10,000."""
    text = query_of(request.scope).get("from") or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else 0


def exchange_id(request: Request) -> str:
    """The correlation id of this request."""
    return state_of(request.scope).exchange


async def record_exchange(
    request: Request,
    response: Response,
    *,
    stage: str,
    tenant: str = "",
    client_id: str = "",
    timeline: str = "",
    decision: Decision[Any, Any] | None = None,
    explanation: Explanation | None = None,
    body: str = "",
    recorded: RecordedRequest | None = None,
    shown: bool = True,
    pages: tuple[ShownPage, ...] = (),
) -> Response:
    """Write the exchange into the journal and return the response. shown: whether its body may be stored.

    recorded: the request, instead of its body. pages: that the user saw before. Raises WasReset if the request was refused and
    a reset may be the reason.
    """
    sandbox: Sandbox = request.app.state.sandbox
    state = state_of(request.scope)
    if decision is not None and decision.refusal is not None:
        await runtime_settings.check_reset(sandbox.runtime)
    headers = [header for header in response.raw_headers if header[0] in SHOWN]
    stored_body = bytes(response.body).decode("utf-8", "replace") if shown and response.body else None
    exchange = Exchange(
        state.exchange,
        sandbox.runtime.effects.now(),
        tenant,
        stage,
        client_id,
        timeline,
        recorded or recorded_request(request.scope, sandbox.runtime.base, body),
        RecordedResponse(response.status_code, headers, stored_body, len(response.body)),
        decision,
        explanation,
        injected=state.injected,
        seconds=state.seconds(),
        pages=pages,
        student=state.student,
    )
    await sandbox.journal.write(exchange if state.resent is None else mark_resent_exchange(state, exchange))
    return response
