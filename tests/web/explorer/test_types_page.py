"""Counting the types of the first page within a time."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from sickbay.web.explorer import types_page
from sickbay.web.explorer.types_page import TypeCount


def test_a_count_that_takes_too_long_leaves_the_type_uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps() -> tuple[TypeCount, TypeCount, TypeCount]:
        may_finish, finished = asyncio.Event(), asyncio.Event()

        async def count(page: Any, type: str) -> TypeCount:
            if type == "Observation":
                await may_finish.wait()
                finished.set()
                raise OSError("the database went away")
            return TypeCount(type, 3, 200)

        monkeypatch.setattr(types_page, "_count_type", count)
        page = cast(Any, None)
        slow = await types_page._count_in_time(page, "Observation", 0.001)
        fast = await types_page._count_in_time(page, "Patient", 60)
        late = await types_page._count_in_time(page, "Encounter", -1)
        may_finish.set()
        await finished.wait()
        return slow, fast, late

    slow, fast, late = asyncio.run(steps())
    assert (slow.number, slow.status) == (None, 0)
    assert (fast.number, fast.status) == (3, 200)
    assert (late.number, late.status) == (None, 0)


def test_a_refused_count_says_whether_the_scopes_are_the_reason() -> None:
    assert not TypeCount("Patient", None, 403).is_covered
    assert TypeCount("Patient", None, 400).needs_criteria
    assert TypeCount("Patient", None, 400).has_data
    assert not TypeCount("Patient", 0, 200).has_data
    assert not TypeCount("Patient").needs_criteria
