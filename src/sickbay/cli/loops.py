"""The event loop of a worker: uvloop with shorter time limits for TLS, which uvicorn doesn't set."""

from __future__ import annotations

from typing import Any, Final

import uvloop

HANDSHAKE: Final = 10.0
"""Seconds that a client has for the TLS handshake."""
SHUTDOWN: Final = 5.0
"""Seconds that a client has for the TLS shutdown."""


class Loop(uvloop.Loop):
    """uvloop's event loop with these limits."""

    async def create_server(self, *arguments: Any, **options: Any) -> Any:
        if options.get("ssl") is not None:
            options |= {"ssl_handshake_timeout": HANDSHAKE, "ssl_shutdown_timeout": SHUTDOWN}
        return await super().create_server(*arguments, **options)
