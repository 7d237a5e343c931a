"""The event loop of a worker: uvloop with shorter time limits for TLS, which uvicorn does not pass on."""

from __future__ import annotations

from typing import Any, Final

import uvloop

HANDSHAKE: Final = 10.0
"""Seconds that a client has for its TLS handshake."""
SHUTDOWN: Final = 5.0
"""Seconds that a client has to end TLS when the connection is closed."""


class Loop(uvloop.Loop):
    async def create_server(self, *arguments: Any, **options: Any) -> Any:
        if options.get("ssl") is not None:
            options |= {"ssl_handshake_timeout": HANDSHAKE, "ssl_shutdown_timeout": SHUTDOWN}
        return await super().create_server(*arguments, **options)
