"""The tasks of one owner leave a slot to others."""

from __future__ import annotations

import asyncio

from sickbay.kernel.budget import FairSlots


def test_an_owner_has_one_slot_and_the_others_are_free() -> None:
    async def steps() -> None:
        slots, end, order = FairSlots(2), asyncio.Event(), []

        async def task(owner: str, wait: bool) -> None:
            async with slots.hold(owner):
                order.append(owner)
                if wait:
                    await end.wait()

        busy = [asyncio.create_task(task("busy", True)) for _ in range(5)]
        await asyncio.sleep(0)
        await asyncio.wait_for(task("other", False), 1)
        assert order == ["busy", "other"]
        end.set()
        await asyncio.gather(*busy)
        assert order == ["busy", "other", *["busy"] * 4]

    asyncio.run(steps())
