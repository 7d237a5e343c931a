"""Concurrent questions are combined into one query, and no answer comes from a query that started before its question."""

from __future__ import annotations

import asyncio

import pytest

from sickbay.storage.postgres.coalescing import MAXIMUM_QUESTIONS, Coalescer


class Question:
    """Counts its queries and answers when released: each question gets the number of the query, "none" gets nothing."""

    def __init__(self) -> None:
        self.queries: list[tuple[str, list[str]]] = []
        self.gate = asyncio.Semaphore(0)
        self.error: Exception | None = None
        self.coalescer = Coalescer(self.answer)

    async def answer(self, key: str, questions: list[str]) -> dict[str, int]:
        self.queries.append((key, questions))
        number = len(self.queries)
        await self.gate.acquire()
        if self.error is not None:
            raise self.error
        return {question: number for question in questions if question != "none"}

    async def start(self, *questions: str, key: str = "k") -> list[asyncio.Task[int | None]]:
        tasks = [asyncio.create_task(self.coalescer.ask(key, question)) for question in questions]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks


@pytest.mark.anyio
async def test_concurrent_questions_share_a_query_and_get_their_own_answers() -> None:
    question = Question()
    tasks = await question.start("a", "b", "none", "a")
    others = await question.start("a", key="other")
    question.gate.release()
    question.gate.release()
    assert await asyncio.gather(*tasks) == [1, 1, None, 1]
    assert await others[0] == 2
    assert question.queries == [("k", ["a", "b", "none"]), ("other", ["a"])]


@pytest.mark.anyio
async def test_the_number_of_questions_per_query_is_limited() -> None:
    question = Question()
    tasks = await question.start(*map(str, range(MAXIMUM_QUESTIONS + 1)))
    for _ in range(2):
        question.gate.release()
    assert set(await asyncio.gather(*tasks)) == {1, 2}
    assert [len(questions) for _, questions in question.queries] == [MAXIMUM_QUESTIONS, 1]


@pytest.mark.anyio
async def test_a_question_asked_during_a_query_is_answered_by_the_next_query() -> None:
    question = Question()
    first = await question.start("a")
    later = await question.start("a", "a")
    assert question.queries == [("k", ["a"])]
    question.gate.release()
    assert await first[0] == 1
    question.gate.release()
    assert await asyncio.gather(*later) == [2, 2]


@pytest.mark.anyio
async def test_an_error_affects_only_the_questions_of_its_query() -> None:
    question = Question()
    question.error = ValueError("away")
    failing = await question.start("a", "a")
    later = await question.start("a")
    question.gate.release()
    assert {type(result) for result in await asyncio.gather(*failing, return_exceptions=True)} == {ValueError}
    question.error = None
    question.gate.release()
    assert await later[0] == 2


@pytest.mark.anyio
async def test_a_cancelled_question_does_not_affect_the_others() -> None:
    question = Question()
    tasks = await question.start("a", "a")
    tasks[0].cancel()
    question.gate.release()
    assert await tasks[1] == 1
    again = await question.start("a")
    again[0].cancel()
    question.gate.release()
    last = await question.start("a")
    question.gate.release()
    assert await last[0] == 3


def test_a_query_that_ended_with_its_loop_does_not_block_later_ones() -> None:
    question = Question()

    async def leave() -> None:
        await question.start("a")

    asyncio.run(leave())
    asyncio.run(_answer(question))


async def _answer(question: Question) -> None:
    question.gate = asyncio.Semaphore(1)
    assert await question.coalescer.ask("k", "a") == 2
