"""Serves the tools for coding agents on standard input and output, one JSON message a line, until the input ends.

Tools ask the server that runs on the data folder. The key of the folder makes them the administrator's.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson

from sickbay.agents import engine
from sickbay.agents.api import NO_RESPONSE, ApiAnswer, CannotStart, KeptToken, NotRunning, accept_header
from sickbay.cli import admin_key, folder, signals
from sickbay.kernel import private_files

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
RESPONSE_BYTES: Final = 4_000_000
START_SECONDS: Final = 45
LOOK_SECONDS: Final = 0.1
KEPT_SECONDS: Final = 86_400
"""How long a token's file is kept, in seconds."""
TOKENS: Final = "agent-tokens"
_HANDLE: Final = re.compile(r"token-[0-9a-f]{16}")


def serve(data: str | None, *, read_only: bool) -> None:
    """Answer messages until standard input ends. Then end the server that a tool started."""
    api = RunningApi(data, read_only=read_only)
    try:
        while message := _read_message():
            reply = signals.run(engine.answer(message, api))
            if reply.message is not None:
                _write_message(reply.message)
    finally:
        api.stop()


def _read_message() -> bytes:
    """The next line that isn't blank; b"" at the end. A line that is too long is cut, so that it isn't valid."""
    source = sys.stdin.buffer
    while line := source.readline(engine.MESSAGE_BYTES + 1):
        rest = line
        while len(rest) > engine.MESSAGE_BYTES and not rest.endswith(b"\n"):
            rest = source.readline(engine.MESSAGE_BYTES + 1)
        if line.strip():
            return line if len(line) <= engine.MESSAGE_BYTES else b"{"
    return b""


def _write_message(message: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


class RunningApi:
    """The server on the data folder for a tool. Each request looks for it again, because it may have started since."""

    is_local = True

    def __init__(self, data: str | None, *, read_only: bool) -> None:
        self._data, self.read_only = data, read_only
        self._place = folder.data_folder(data)
        self._started: subprocess.Popen[bytes] | None = None

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str | None = None) -> ApiAnswer:
        import httpx2

        from sickbay.cli import admin_client  # takes a while to import, and the handshake doesn't need it

        server = folder.find_running_server(self._place)
        if server is None:
            raise NotRunning
        key = token if token is not None else admin_key.read(self._place)
        headers = {"accept": accept_header(token)} | ({"authorization": f"Bearer {key}"} if key else {})
        headers |= {"content-type": "application/json"} if body is not None else {}
        content = None if body is None else orjson.dumps(body)
        try:
            with admin_client.open_client(server) as client:
                return _receive_answer(client, client.build_request(method, path, headers=headers, content=content))
        except httpx2.TransportError as error:
            if folder.find_running_server(self._place) is None:
                raise NotRunning from error
            return ApiAnswer(NO_RESPONSE, {}, b"")

    async def keep_token(self, token: str) -> KeptToken:
        handle = f"token-{secrets.token_hex(8)}"
        return KeptToken(handle, self._write_private_file(handle, token))

    async def find_token(self, handle: str) -> str | None:
        if not _HANDLE.fullmatch(handle):
            return None
        with suppress(OSError, private_files.NotPrivate):
            return private_files.read_file(self._place / TOKENS / handle).decode()
        return None

    async def keep_secret(self, secret: str) -> str:
        return self._write_private_file(f"secret-{secrets.token_hex(8)}", secret)

    def _write_private_file(self, name: str, text: str) -> str:
        """Write a private file, and remove those of yesterday."""
        place = self._place / TOKENS
        try:
            private_files.make_folder(place)
            for old in place.iterdir():
                if old.stat().st_mtime < time.time() - KEPT_SECONDS:
                    old.unlink(missing_ok=True)
            private_files.write_file(place / name, text.encode())
        except (OSError, private_files.NotPrivate) as error:
            raise CannotStart("The data folder can't be written. Ask the user to check its permissions.") from error
        return str(place / name)

    async def compute(self, function: Callable[..., T], *arguments: Any) -> T:
        """Nothing else waits in this process."""
        return function(*arguments)

    async def start(self) -> None:
        """Start `sickbay serve` on the data folder, on the usual port or else on a free one, and wait until it runs."""
        for ports in ((), ("--port", "0", "--sample-port", "0")):
            if await self._is_ready():
                return
            if self._started is None or self._started.poll() is not None:
                self._started = _spawn_server(self._data, ports)
            if await self._await_start(self._started):
                return
        raise CannotStart("Sickbay didn't start. Ask the user to run `sickbay serve`, which prints the reason.")

    async def _await_start(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether the server is ready; False if it has ended. Raises CannotStart if it takes longer than a client waits."""
        for _ in range(int(START_SECONDS / LOOK_SECONDS)):
            if await self._is_ready():
                return True
            if process.poll() is not None:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        raise CannotStart("Sickbay is still starting. Call sandbox with the action start again in a moment.")

    async def _is_ready(self) -> bool:
        with suppress(NotRunning):
            return (await self.send("GET", "/readyz")).status == 200
        return False

    def stop(self) -> None:
        """End the server that a tool started, and wait for it."""
        if self._started is not None and self._started.poll() is None:
            self._started.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._started.wait(START_SECONDS)


def _spawn_server(data: str | None, options: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """Start a server that writes nothing to our standard output."""
    place = ("--data", data) if data else ()
    return subprocess.Popen(
        (sys.executable, "-m", "sickbay", "serve", *place, *options),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _receive_answer(client: httpx2.Client, request: httpx2.Request) -> ApiAnswer:
    """The response, up to RESPONSE_BYTES of its body."""
    received = bytearray()
    response = client.send(request, stream=True)
    try:
        for piece in response.iter_bytes():
            received += piece
            if len(received) > RESPONSE_BYTES:
                break
    finally:
        response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return ApiAnswer(response.status_code, headers, bytes(received[:RESPONSE_BYTES]), len(received) <= RESPONSE_BYTES)
