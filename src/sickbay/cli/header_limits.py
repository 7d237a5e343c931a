"""Limits the size of request headers, and refuses wrong targets. uvicorn would store headers of any length."""

from __future__ import annotations

from typing import Any, Final

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MAXIMUM_HEAD_BYTES: Final = 65_536
"""Maximum bytes of a URL and of an incomplete head. Data that arrives in a single read (up to 256 KB) isn't counted."""
MOST_HEADERS: Final = 256
"""Maximum number of headers. Each one takes time, however short it is."""

FRAGMENT: Final = "The target of a request has no fragment (RFC 9112 3.2). Leave out the #, or send %23 if you mean it.\n"


class Parser(HttpRequestParser):
    """Passes the data after the head of a request with an Upgrade header to its owner."""

    def __init__(self, owner: Heads) -> None:
        super().__init__(owner)
        self._owner = owner
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does

    def feed_data(self, data: Any) -> None:
        try:
            super().feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._owner.upgrade_ignored(data[upgrade.args[0] :])


class Trailers(list[tuple[bytes, bytes]]):
    """Collects the fields that the parser finds after a body. It stores none of them: headers end where the body begins (RFC
    9110 6.5.1), and Sickbay defines no field for trailers.
    """

    __slots__ = ()

    def append(self, field: tuple[bytes, bytes]) -> None:
        if field[0] in CONNECTION:  # the parser obeys them wherever they are
            raise ValueError  # the parser stops, and uvicorn calls send_400_response


CONNECTION: Final = (b"connection", b"proxy-connection")
"""Headers that end a connection. They are refused in a trailer, like those that say where a body ends."""
TRAILERS: Final = Trailers()


def _is_same(before: tuple[object, int] | None, now: tuple[object, int]) -> bool:
    """Whether both are the same part of the same request. Two different requests may be equal."""
    return before is not None and before[0] is now[0] and before[1] == now[1]


class Heads(HttpToolsProtocol):
    """uvicorn's protocol, which responds with 414 or 431 and closes the connection if the head or the trailer is too large."""

    url = b""
    _body = 0
    """Bytes of the current request's body."""
    _open: tuple[object, int] | None = None
    _received = 0
    """Bytes of the current head or trailer that arrived in separate reads."""
    _upgrading = False
    _replay: bytes | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.parser = Parser(self)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        while self._replay is not None and not self.transport.is_closing():
            replay, self._replay = self._replay, None
            super().data_received(replay)
        before, self._open = self._open, self._open_part()
        self._received = self._received + len(data) if self._open is not None and _is_same(before, self._open) else 0
        if self._received > MAXIMUM_HEAD_BYTES and not self.transport.is_closing():
            self._reject(431, f"The headers of a request, and its trailers, can have at most {MAXIMUM_HEAD_BYTES} bytes.\n")

    def _open_part(self) -> tuple[object, int] | None:
        """The head or the position in the body at which the parser is. If it is the same after more data, the data was neither
        the end of the head nor a part of the body.
        """
        if self.scope is None:
            return None
        if "method" not in self.scope:
            return self.scope, 0
        return (self.cycle, self._body) if self.cycle is not None and self.cycle.more_body else None

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > MAXIMUM_HEAD_BYTES:
            raise ValueError  # the parser stops, and uvicorn calls send_400_response

    def on_headers_complete(self) -> None:
        if len(self.headers) > MOST_HEADERS or b"#" in self.url or not (self.url.startswith(b"/") or self._names_its_host()):
            raise ValueError  # as above
        self._upgrading = self.parser.should_upgrade()
        if not self._upgrading:
            super().on_headers_complete()
            self.headers, self._body = TRAILERS, 0
        elif self.parser.get_method() == b"CONNECT" or (self.cycle is not None and not self.cycle.response_complete):
            raise ValueError  # a client must not send more before the response to its upgrade

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._upgrading:
            super().on_message_complete()

    def upgrade_ignored(self, rest: bytes) -> None:
        """Parses the request again without its Upgrade header (RFC 9110 7.8): Sickbay supports no other protocol, and Java's
        client offers one with every request. Otherwise the parser would read the body as the next request.
        """
        version = str(self.parser.get_http_version()).encode()
        lines = (b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade")
        head = b"%b %b HTTP/%b\r\n%b\r\n" % (self.parser.get_method(), self.url, version, b"".join(lines))
        self.parser, self._upgrading, self._replay = Parser(self), False, head + rest

    def _names_its_host(self) -> bool:
        """Whether the host in an absolute URL equals the Host header. The URL overrides the header (RFC 9112 3.2.2)."""
        scheme, _, rest = self.url.partition(b"://")
        hosts = [value.lower() for name, value in self.headers if name == b"host"]
        return scheme.lower() in (b"http", b"https") and hosts == [rest.partition(b"/")[0].partition(b"?")[0].lower()]

    def send_400_response(self, msg: str) -> None:
        if len(self.url) > MAXIMUM_HEAD_BYTES:
            self._reject(414, f"The URL of a request can have at most {MAXIMUM_HEAD_BYTES} bytes. Use POST for longer ones.\n")
        elif len(self.headers) > MOST_HEADERS:
            self._reject(431, f"A request can have at most {MOST_HEADERS} headers.\n")
        elif b"#" in self.url:
            self._reject(400, FRAGMENT)
        else:
            super().send_400_response(msg)

    def _reject(self, status: int, text: str) -> None:
        """Responds and closes the connection; in the middle of another response, only closes it."""
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()
            return
        head = f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(text)}\r\nconnection: close\r\n"
        head += "retry-after: 5\r\n\r\n" if status == 503 else "\r\n"
        self.transport.write(STATUS_LINE[status] + head.encode() + text.encode())
        self.transport.close()
