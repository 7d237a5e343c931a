"""What many ask at once is asked once, and nobody is answered by what was begun before."""

from __future__ import annotations

import asyncio

import pytest

from sickbay.storage.postgres.coalescing import MOST, Coalescer


class Question:
    """Counts how often it is asked, and answers when it is let: each with the number of the asking, "none" not at all."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.gate = asyncio.Semaphore(0)
        self.error: Exception | None = None
        self.together = Coalescer(self.answer)

    async def answer(self, key: str, questions: list[str]) -> dict[str, int]:
        self.asked.append((key, questions))
        number = len(self.asked)
        await self.gate.acquire()
        if self.error is not None:
            raise self.error
        return {one: number for one in questions if one != "none"}

    async def begun(self, *questions: str, key: str = "k") -> list[asyncio.Task[int | None]]:
        tasks = [asyncio.create_task(self.together.ask(key, one)) for one in questions]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks


@pytest.mark.anyio
async def test_who_asks_at_the_same_time_is_answered_together_each_by_its_own_answer() -> None:
    question = Question()
    tasks = await question.begun("a", "b", "none", "a")
    others = await question.begun("a", key="other")
    question.gate.release()
    question.gate.release()
    assert await asyncio.gather(*tasks) == [1, 1, None, 1]
    assert await others[0] == 2
    assert question.asked == [("k", ["a", "b", "none"]), ("other", ["a"])]


@pytest.mark.anyio
async def test_no_more_than_some_are_asked_at_once() -> None:
    question = Question()
    tasks = await question.begun(*map(str, range(MOST + 1)))
    for _ in range(2):
        question.gate.release()
    assert set(await asyncio.gather(*tasks)) == {1, 2}
    assert [len(questions) for _, questions in question.asked] == [MOST, 1]


@pytest.mark.anyio
async def test_who_asks_while_it_is_asked_gets_an_answer_that_was_begun_later() -> None:
    question = Question()
    first = await question.begun("a")
    later = await question.begun("a", "a")
    assert question.asked == [("k", ["a"])]
    question.gate.release()
    assert await first[0] == 1
    question.gate.release()
    assert await asyncio.gather(*later) == [2, 2]


@pytest.mark.anyio
async def test_a_failure_is_that_of_those_who_asked_alone() -> None:
    question = Question()
    question.error = ValueError("away")
    failing = await question.begun("a", "a")
    later = await question.begun("a")
    question.gate.release()
    assert {type(one) for one in await asyncio.gather(*failing, return_exceptions=True)} == {ValueError}
    question.error = None
    question.gate.release()
    assert await later[0] == 2


@pytest.mark.anyio
async def test_who_goes_away_takes_nobodys_answer_along() -> None:
    question = Question()
    tasks = await question.begun("a", "a")
    tasks[0].cancel()
    question.gate.release()
    assert await tasks[1] == 1
    again = await question.begun("a")
    again[0].cancel()
    question.gate.release()
    last = await question.begun("a")
    question.gate.release()
    assert await last[0] == 3


def test_nobody_waits_for_what_ends_with_the_loop() -> None:
    question = Question()

    async def leave() -> None:
        await question.begun("a")

    asyncio.run(leave())
    asyncio.run(_answered(question))


async def _answered(question: Question) -> None:
    question.gate = asyncio.Semaphore(1)
    assert await question.together.ask("k", "a") == 2
