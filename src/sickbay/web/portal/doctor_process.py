"""Examines a long text in its own process, so that neither its time nor its memory is taken from the server.

The process has limits for both. It inherits no socket and no setting of Sickbay. Its standard input stays open as long as the
server waits for the result, so it notices when the request is cancelled or the server ends, and ends too.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from contextlib import suppress
from threading import Thread

import msgspec

from sickbay.web.portal.diagnosis_views import examine
from sickbay.web.portal.doctor_views import DoctorView

LONG_TEXT_BYTES = 65_536
"""Size in bytes above which a text is examined in a separate process."""
LIMIT_SECONDS, LIMIT_BYTES = 10, 512 * 1024 * 1024
RESULT_BYTES = 64 * 1024 * 1024
"""The largest result that is read. The text itself, which has at most 4 MB, is a part of it."""


class NotFinished(Exception):
    """The text takes more time or memory than the process may have."""


class _Texts(msgspec.Struct):
    text: str
    added: str


async def examine_apart(text: str, added: str) -> DoctorView:
    """Raises NotFinished. Only one process may run in a worker at a time: see `Sandbox.long_texts`."""
    sent = msgspec.json.encode(_Texts(text, added))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("SICKBAY_")},
    )
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            return await _read_result(process, len(sent).to_bytes(8) + sent)
    except (TimeoutError, OSError, EOFError, msgspec.MsgspecError) as error:
        raise NotFinished from error
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _read_result(process: asyncio.subprocess.Process, sent: bytes) -> DoctorView:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(sent)
    await process.stdin.drain()
    size = int.from_bytes(await process.stdout.readexactly(8))
    if size > RESULT_BYTES:
        raise EOFError
    return msgspec.json.decode(await process.stdout.readexactly(size), type=DoctorView)


def main() -> None:
    """Reads the texts from standard input and writes the view to standard output, each after its length in 8 bytes."""
    _limit_resources()
    received = sys.stdin.buffer
    texts = msgspec.json.decode(received.read(int.from_bytes(received.read(8))), type=_Texts)
    Thread(target=_end_with_the_reader, daemon=True).start()
    view = msgspec.json.encode(examine(texts.text, texts.added))
    os.write(1, len(view).to_bytes(8))
    sys.stdout.buffer.write(view)
    sys.stdout.flush()
    os._exit(0)


def _limit_resources() -> None:
    """A system may not know a limit, or allow less already. The time is limited by the reader, too."""
    limits = ((resource.RLIMIT_AS, LIMIT_BYTES), (resource.RLIMIT_DATA, LIMIT_BYTES), (resource.RLIMIT_CORE, 0))
    for kind, most in (*limits, (resource.RLIMIT_CPU, LIMIT_SECONDS)):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _end_with_the_reader() -> None:
    """Nothing more is sent, so this returns when the reader closes the pipe or ends."""
    sys.stdin.buffer.read(1)
    os._exit(1)


if __name__ == "__main__":
    main()
