"""A reverse proxy like nginx with only proxy_pass configured: HTTP/1.0, Connection: close, the upstream's Host."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP = ("host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "upgrade")


class _OldConnection(http.client.HTTPConnection):
    _http_vsn, _http_vsn_str = 10, "HTTP/1.0"


@contextmanager
def run_proxy(port: int, more: Mapping[str, str] | None = None, *, old: bool = True) -> Iterator[int]:
    """The port of a proxy in front of this port. more: headers that it adds. old: whether it uses HTTP/1.0."""

    class Handler(BaseHTTPRequestHandler):
        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            sent |= {"Host": f"127.0.0.1:{port}", **({"Connection": "close"} if old else {}), **(more or {})}
            upstream = (_OldConnection if old else http.client.HTTPConnection)("127.0.0.1", port, timeout=30)
            try:
                upstream.request(self.command, self.path, body or None, sent)
                response = upstream.getresponse()
                content = response.read()
            except OSError:
                self.send_error(502)
                return
            self.send_response_only(response.status)
            for name, value in response.getheaders():
                if name.lower() not in (*HOP, "content-length"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            upstream.close()

        do_GET = do_POST = do_PATCH = do_DELETE = do_HEAD = forward

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()
