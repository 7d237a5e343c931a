"""Lets a worker send questions to the other workers of its server and wait for their answers.

Each worker listens on a Unix socket in one folder that only their user can open. Nothing is sent while no one asks.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

from sickbay.kernel import private_files

ANSWER_SECONDS: Final = 5.0
"""Maximum seconds that `ask` waits for a worker that doesn't respond."""
TOLD_SECONDS: Final = 0.25
"""Maximum seconds that `tell` waits for a worker. A working one needs a few milliseconds."""
QUESTIONS_AT_ONCE: Final = 32
"""Maximum number of concurrent questions of a worker, and of messages. Each needs a file descriptor per other worker."""
QUESTION_BYTES: Final = 1_000_000
"""Maximum size of a question in bytes. Larger ones get no answer."""
DESCRIPTORS: Final = Path("/proc/self/fd")
"""Linux: a folder's descriptor here is a short path to it. The path of a socket may have only 103 characters."""
Answerers: TypeAlias = Mapping[str, Callable[[bytes], Awaitable[bytes]]]
"""The functions that answer questions, by topic."""


class WorkerChannel:
    """Open it with `open_channel`."""

    def __init__(self, folder: Path, answerers: Answerers) -> None:
        self._folder, self._answerers = folder, answerers
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._asking, self._telling = asyncio.Semaphore(QUESTIONS_AT_ONCE), asyncio.Semaphore(QUESTIONS_AT_ONCE)
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._place = DESCRIPTORS / str(self._descriptor) if DESCRIPTORS.is_dir() else folder
        self._server: asyncio.AbstractServer | None = None
        self._answering: set[asyncio.Task[Any]] = set()

    async def listen(self) -> None:
        """Begin to answer. Raises OSError if the folder can't contain sockets."""
        listening = socket.socket(socket.AF_UNIX)
        try:
            listening.bind(str(self._place / self._name))
            self._server = await asyncio.start_unix_server(self._answer_question, sock=listening, limit=QUESTION_BYTES)
        except OSError:
            listening.close()
            raise

    async def ask(self, topic: str, question: bytes) -> list[bytes]:
        """Return the answers of the workers that answer within ANSWER_SECONDS. The question is one line."""
        answers: list[bytes] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS), self._asking:
                await self._ask_other_workers(topic, question, answers)
        return answers

    async def send_to_all(self, topic: str, message: bytes) -> None:
        """Send a message, of one line, and return when all workers have processed it, after TOLD_SECONDS at the latest.

        A worker that hangs gets it when it continues: the system keeps what was sent to its socket.
        """
        async with self._telling:
            with suppress(TimeoutError):
                async with asyncio.timeout(TOLD_SECONDS):
                    await self._ask_other_workers(topic, message, [])

    async def _ask_other_workers(self, topic: str, question: bytes, answers: list[bytes]) -> None:
        with suppress(FileNotFoundError):
            others = [name for name in os.listdir(self._folder) if name != self._name]
            await asyncio.gather(*(self._ask_worker(name, topic.encode() + b" " + question, answers) for name in others))

    async def _ask_worker(self, name: str, line: bytes, answers: list[bytes]) -> None:
        with suppress(OSError):  # it has ended
            reader, writer = await asyncio.open_unix_connection(str(self._place / name))
            try:
                writer.write(line + b"\n")
                if answer := await reader.read():
                    answers.append(answer)
            finally:
                writer.close()

    async def _answer_question(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one question. The connection ends without an answer if that fails."""
        if task := asyncio.current_task():
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        try:
            topic, _, question = (await reader.readline()).rstrip(b"\n").partition(b" ")
            answer = await self._answerers[topic.decode()](question)
            with suppress(ConnectionError):  # the other worker has stopped waiting
                writer.write(answer)
                await writer.drain()
        finally:
            writer.close()

    async def close(self) -> None:
        """Stop answering, and end the answers that aren't complete after TOLD_SECONDS."""
        if self._server is not None:
            self._server.close()
        if self._answering:
            _, pending = await asyncio.wait(self._answering, timeout=TOLD_SECONDS)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        await asyncio.sleep(0)  # a connection is closed in the next turn of the loop
        with suppress(FileNotFoundError):
            os.unlink(self._name, dir_fd=self._descriptor)
        os.close(self._descriptor)


async def open_channel(folder: Path, answerers: Answerers) -> WorkerChannel:
    """Make the folder and listen in it. Raises OSError and NotPrivate."""
    private_files.make_folder(folder)
    channel = WorkerChannel(folder, answerers)
    try:
        await channel.listen()
    except BaseException:
        await channel.close()
        raise
    return channel


def remove_sockets(folder: Path, pid: int | None = None) -> None:
    """Remove the sockets of a worker that has ended; None: of all workers of this folder."""
    for left in folder.glob("*-*" if pid is None else f"{pid}-*"):
        left.unlink(missing_ok=True)
