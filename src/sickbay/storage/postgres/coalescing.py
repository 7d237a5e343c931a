"""Combines queries that are made at the same time into one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
Q = TypeVar("Q")
V = TypeVar("V")
MAXIMUM_QUESTIONS = 50
"""Maximum questions per query. All their answers are in memory together."""


class Coalescer(Generic[K, Q, V]):
    """Combines questions with the same key. Those that arrive while a query runs are combined into the next query. Every query
    thus starts after its questions arrived, so it sees everything that was committed before.
    """

    def __init__(self, ask: Callable[[K, list[Q]], Awaitable[Mapping[Q, V]]]) -> None:
        self._ask = ask
        self._turns: dict[K, list[tuple[Q, asyncio.Future[V | None]]]] = {}
        self._tasks: dict[K, asyncio.Task[None]] = {}

    async def ask(self, key: K, question: Q) -> V | None:
        """Return the answer, or None if there is none. Raises what the query raised."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[V | None] = loop.create_future()
        if key in self._turns:
            self._turns[key].append((question, turn))
        else:
            self._turns[key] = [(question, turn)]
            self._tasks[key] = loop.create_task(self._answer_waiting_questions(key))
        return await turn

    async def _answer_waiting_questions(self, key: K) -> None:
        turns: list[tuple[Q, asyncio.Future[V | None]]] = []
        try:
            while turns := self._turns[key][:MAXIMUM_QUESTIONS]:
                del self._turns[key][:MAXIMUM_QUESTIONS]
                await self._ask_once(key, turns)
        finally:  # no one is waiting any more, or this task was cancelled with the loop
            del self._tasks[key]
            for _, turn in (*turns, *self._turns.pop(key)):
                turn.cancel()

    async def _ask_once(self, key: K, turns: list[tuple[Q, asyncio.Future[V | None]]]) -> None:
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
