"""Sends the head of a response in one write with the first part of its body: fewer packets and less work for each response."""

from __future__ import annotations

from asyncio import Transport
from typing import Final

JOINED: Final = 65_536
"""Largest body in bytes that is copied behind the head; a longer one is written separately."""
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
"""What uvicorn writes before the head if the client waits for it."""


class ResponseTransport:
    """The transport of a response, in place of the connection's.

    uvicorn writes the head when a response starts, and each part of the body separately. A server may delay the head until
    the first part (ASGI, HTTP & WebSocket, "Response Start"). A response without a body still writes b"" after its
    head, except to HEAD, so responses to HEAD don't use this.

    It doesn't refer to uvicorn's object for the request, which refers to it: Python would free both only during a garbage
    collection, which costs more than the write that is saved.
    """

    __slots__ = ("_head", "_transport")

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        """None before uvicorn has written it; b"" after it was sent."""

    def write(self, data: bytes) -> None:
        head = self._head
        if head is None and data != CONTINUE:
            self._head = data
        elif head and len(data) <= JOINED:
            self._head = b""
            self._transport.write(head + data)
        else:
            self._send_head()
            self._transport.write(data)

    def close(self) -> None:
        self._send_head()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def _send_head(self) -> None:
        head = self._head
        if head:
            self._head = b""
            self._transport.write(head)
