"""The head of a request, no longer than any app needs: the server would keep whatever came, for as long as it came."""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MOST: Final = 65_536
"""Bytes of an address, and of a head that does not end. What comes at once, a quarter of a megabyte at most, is not counted."""


class Heads(HttpToolsProtocol):
    """The server's own protocol, which answers 414 or 431 and hangs up where too much came."""

    url = b""
    _open = False
    _held = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
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
        super().on_headers_complete()

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
