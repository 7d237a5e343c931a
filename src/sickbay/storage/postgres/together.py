"""What many ask at the same time is asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Together(Generic[K, V]):
    """`ask` for a key; who asks while it is being asked gets the next answer, with all others who came meanwhile.

    So every answer was begun after its question came, as if each had asked for itself: what was committed before is seen.
    """

    def __init__(self, ask: Callable[[K], Awaitable[V]]) -> None:
        self._ask = ask
        self._turns: dict[K, list[asyncio.Future[V]]] = {}
        self._tasks: dict[K, asyncio.Task[None]] = {}

    async def ask(self, key: K) -> V:
        """Raises what asking raised."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[V] = loop.create_future()
        if key in self._turns:
            self._turns[key].append(turn)
        else:
            self._turns[key] = [turn]
            self._tasks[key] = loop.create_task(self._answer(key))
        return await turn

    async def _answer(self, key: K) -> None:
        turns: list[asyncio.Future[V]] = []
        try:
            while turns := self._turns[key]:
                self._turns[key] = []
                await self._one(key, turns)
        finally:  # nobody waits any more, or it was cancelled with the loop
            del self._tasks[key]
            for turn in (*turns, *self._turns.pop(key)):
                turn.cancel()

    async def _one(self, key: K, turns: list[asyncio.Future[V]]) -> None:
        try:
            value = await self._ask(key)
        except Exception as error:
            for turn in turns:
                if not turn.done():
                    turn.set_exception(error)
        else:
            for turn in turns:
                if not turn.done():
                    turn.set_result(value)
