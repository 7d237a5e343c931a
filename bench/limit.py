"""The limit: an ASGI app that only returns 2 KB, run with the same flags as a Sickbay worker."""

from __future__ import annotations

import uvicorn
from starlette.types import Receive, Scope, Send

from sickbay.cli.sockets import listen, port_of
from sickbay.cli.worker import make_config
from sickbay.settings import Settings

BODY = b"x" * 2048
HEADERS = [(b"content-type", b"application/fhir+json"), (b"content-length", b"2048")]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


def main() -> None:
    sockets = listen("127.0.0.1", 0)
    print(port_of(sockets), flush=True)
    flags = make_config(app, Settings())
    flags.lifespan = "off"
    uvicorn.Server(flags).run(sockets)


if __name__ == "__main__":
    main()
