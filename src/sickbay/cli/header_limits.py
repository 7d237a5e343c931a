"""The head of a request, no longer than any app needs: the server would keep whatever came, for as long as it came."""

from __future__ import annotations

from typing import Any, Final

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MOST: Final = 65_536
"""Bytes of an address, and of a head that does not end. What comes at once, a quarter of a megabyte at most, is not counted."""


class Parser(HttpRequestParser):
    """Tells its owner where the head of a request with an Upgrade header ended."""

    def __init__(self, owner: Heads) -> None:
        super().__init__(owner)
        self._owner = owner
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it

    def feed_data(self, data: Any) -> None:
        try:
            super().feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._owner.upgrade_ignored(data[upgrade.args[0] :])


class Heads(HttpToolsProtocol):
    """The server's own protocol, which answers 414 or 431 and hangs up where too much came."""

    url = b""
    _open = False
    _held = 0
    _upgrading = False
    _again: bytes | None = None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.parser = Parser(self)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        while self._again is not None and not self.transport.is_closing():
            again, self._again = self._again, None
            super().data_received(again)
        before, self._open = self._open, self.scope is not None and "method" not in self.scope
        self._held = self._held + len(data) if before and self._open else 0
        if self._held > MOST and not self.transport.is_closing():
            self._hang_up(431, f"The headers of a request may have {MOST} bytes.\n")

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > MOST:
            raise ValueError  # the parser stops, and whoever called it answers

    def on_headers_complete(self) -> None:
        if not self.url.startswith(b"/") and not self._names_its_host():
            raise ValueError  # as above
        self._upgrading = self.parser.should_upgrade()
        if not self._upgrading:
            super().on_headers_complete()
        elif self.parser.get_method() == b"CONNECT" or (self.cycle is not None and not self.cycle.response_complete):
            raise ValueError  # nothing may follow a request that asks for an upgrade before it is answered

    def on_message_complete(self) -> None:
        if not self._upgrading:
            super().on_message_complete()

    def upgrade_ignored(self, rest: bytes) -> None:
        """No other protocol is spoken here, and Java's client offers one with every request (RFC 9110 7.8): the request is
        read again without its Upgrade header. The parser would take its body for the next request.
        """
        version = str(self.parser.get_http_version()).encode()
        kept = (b"%b: %b\r\n" % each for each in self.headers if each[0] != b"upgrade")
        head = b"%b %b HTTP/%b\r\n%b\r\n" % (self.parser.get_method(), self.url, version, b"".join(kept))
        self.parser, self._upgrading, self._again = Parser(self), False, head + rest

    def _names_its_host(self) -> bool:
        """A whole URL counts instead of the Host header (RFC 9112 3.2.2), so that the two must not differ."""
        scheme, _, rest = self.url.partition(b"://")
        hosts = [value.lower() for name, value in self.headers if name == b"host"]
        return scheme.lower() in (b"http", b"https") and hosts == [rest.partition(b"/")[0].partition(b"?")[0].lower()]

    def send_400_response(self, msg: str) -> None:
        if len(self.url) > MOST:
            self._hang_up(414, f"The address of a request may have {MOST} bytes. What is longer is sent by POST.\n")
        else:
            super().send_400_response(msg)

    def _hang_up(self, status: int, said: str) -> None:
        head = f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(said)}\r\nconnection: close\r\n"
        head += "retry-after: 5\r\n\r\n" if status == 503 else "\r\n"
        self.transport.write(STATUS_LINE[status] + head.encode() + said.encode())
        self.transport.close()
