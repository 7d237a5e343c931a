"""Questions between workers: who answers, and what happens to answers that fail or end early."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sickbay.kernel.worker_channel import QUESTION_BYTES, open_channel


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
            channel.close()
        assert not list((tmp_path / "workers").iterdir())

    asyncio.run(steps())
