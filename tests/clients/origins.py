"""Serves the origin of an app on its own port, for the duration of a `with` block."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

REDIRECT = "redirect"
Answer: TypeAlias = Callable[[str], tuple[str, bytes] | None]


@contextmanager
def serves(answer: Answer, kept: bool = False) -> Iterator[int]:
    """Yields the port. answer: maps a path with its query to content type and body, or to None for 404.

    The content type REDIRECT redirects to the address in the body. kept: whether the browser may keep what it gets.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = answer(self.path)
            kind, body = content or ("text/plain", b"")
            self.send_response(302 if kind == REDIRECT else 200 if content else 404)
            if kind == REDIRECT:
                self.send_header("Location", body.decode())
                kind, body = "text/plain", b""
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if kept:
                self.send_header("Cache-Control", "max-age=3600")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()
