"""What many ask at the same time is asked at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
Q = TypeVar("Q")
V = TypeVar("V")
MOST = 50
"""Questions that are asked at once; what they bring lies in memory together."""


class Coalescer(Generic[K, Q, V]):
    """`ask` for questions under a key; who comes while some are being asked is answered next, with all who came meanwhile.

    So every answer was begun after its question came, as if each had asked for itself: what was committed before is seen.
    """

    def __init__(self, ask: Callable[[K, list[Q]], Awaitable[Mapping[Q, V]]]) -> None:
        self._ask = ask
        self._turns: dict[K, list[tuple[Q, asyncio.Future[V | None]]]] = {}
        self._tasks: dict[K, asyncio.Task[None]] = {}

    async def ask(self, key: K, question: Q) -> V | None:
        """None where there is no answer. Raises what asking raised."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[V | None] = loop.create_future()
        if key in self._turns:
            self._turns[key].append((question, turn))
        else:
            self._turns[key] = [(question, turn)]
            self._tasks[key] = loop.create_task(self._answer(key))
        return await turn

    async def _answer(self, key: K) -> None:
        turns: list[tuple[Q, asyncio.Future[V | None]]] = []
        try:
            while turns := self._turns[key][:MOST]:
                del self._turns[key][:MOST]
                await self._one(key, turns)
        finally:  # nobody waits any more, or it was cancelled with the loop
            del self._tasks[key]
            for _, turn in (*turns, *self._turns.pop(key)):
                turn.cancel()

    async def _one(self, key: K, turns: list[tuple[Q, asyncio.Future[V | None]]]) -> None:
        try:
            answers = await self._ask(key, list(dict.fromkeys(question for question, _ in turns)))
        except Exception as error:
            for _, turn in turns:
                if not turn.done():
                    turn.set_exception(error)
        else:
            for question, turn in turns:
                if not turn.done():
                    turn.set_result(answers.get(question))
