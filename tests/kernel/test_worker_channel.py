"""Questions and messages between workers: who answers, which answers fail or end early, and a worker that hangs."""

from __future__ import annotations

import asyncio
import gc
import socket
from pathlib import Path

import pytest

from sickbay.kernel import worker_channel
from sickbay.kernel.worker_channel import QUESTION_BYTES, QUESTIONS_AT_ONCE, open_channel


async def echo(question: bytes) -> bytes:
    return b"<" + question + b">"


async def do(question: bytes) -> bytes:
    return b""


async def fail(question: bytes) -> bytes:
    raise RuntimeError


def test_each_other_worker_answers_and_none_answers_itself(tmp_path: Path) -> None:
    async def steps() -> None:
        answerers = {"echo": echo, "do": do, "fail": fail}
        asking, *others = [await open_channel(tmp_path / "workers", answerers) for _ in range(3)]
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        assert await asking.ask("echo", b"a b") == [b"<a b>", b"<a b>"]
        assert await asking.ask("do", b"a") == []
        assert await asking.ask("fail", b"a") == []
        assert await asking.ask("unknown", b"a") == []
        long = b"x" * (QUESTION_BYTES - 100)
        assert await asking.ask("echo", long) == [b"<" + long + b">"] * 2
        assert await asking.ask("echo", long * 2) == []
        assert await asking.ask("echo", b"again") == [b"<again>"] * 2
        for channel in (*others, asking):
            await channel.close()
        assert not list((tmp_path / "workers").iterdir())

    asyncio.run(steps())


def test_a_message_waits_for_no_worker_that_hangs_and_reaches_it_when_it_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_channel, "ANSWER_SECONDS", None)
    heard: list[bytes] = []
    has_all = asyncio.Event()

    async def hear(message: bytes) -> bytes:
        heard.append(message)
        if len(heard) == QUESTIONS_AT_ONCE + 2:
            has_all.set()
        return b""

    async def steps() -> None:
        failures: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        telling, other = [await open_channel(tmp_path / "workers", {"news": hear}) for _ in range(2)]
        hanging = socket.socket(socket.AF_UNIX)
        hanging.bind(str(tmp_path / "workers" / "1-hangs"))
        hanging.listen(100)
        questions = [asyncio.ensure_future(telling.ask("news", b"a question")) for _ in range(QUESTIONS_AT_ONCE)]
        await asyncio.sleep(0)
        for message in (b"first", b"second"):
            await telling.send_to_all("news", message)
            assert heard.count(message) == 1
        for question in questions:
            question.cancel()
        heard.clear()
        has_all.clear()
        server = await asyncio.start_unix_server(other._answer_question, sock=hanging, limit=QUESTION_BYTES)
        await has_all.wait()
        assert (heard.count(b"first"), heard.count(b"second"), failures) == (1, 1, [])
        server.close()
        for channel in (telling, other):
            await channel.close()

    asyncio.run(steps())


def test_closing_ends_answers_that_nobody_waits_for_and_leaves_no_connection_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_channel, "TOLD_SECONDS", 0.01)
    ended: list[bytes] = []

    async def hang(message: bytes) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(message)
        return b""

    async def steps() -> None:
        telling, other = [await open_channel(tmp_path / "workers", {"news": hang}) for _ in range(2)]
        await telling.send_to_all("news", b"a message")
        for channel in (other, telling):
            await channel.close()
        assert ended == [b"a message"]

    asyncio.run(steps())
    gc.collect()  # an open connection gives a warning, which fails the test
