"""Prints the mutable objects of Sickbay that are alive after it has served requests, as JSON: class -> attributes.

It runs in its own process, in which nothing else is alive: python -m tests.flows.memory_walk FOLDER [DATABASE]
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
from tests.flows.flow import Flow
from tests.flows.random_use import ACTIONS
from tests.flows.two_workers import run_two

PAGES = ("/", "/docs", "/docs/testing.md", "/rules", "/doctor", "/developer", "/exchanges", "/general/r4/metadata", "/metrics")


def is_frozen(kind: type) -> bool:
    if issubclass(kind, (tuple, Enum, BaseException)):
        return True
    if issubclass(kind, msgspec.Struct):
        return bool(kind.__struct_config__.frozen)
    return bool(getattr(getattr(kind, "__dataclass_params__", None), "frozen", False))


def attributes(value: Any) -> set[str]:
    slots = {name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())}
    return slots | set(getattr(value, "__dict__", ()))


async def alive(worker: Flow, other: Flow) -> dict[str, list[str]]:
    for action in ACTIONS.values():
        await action(worker, other, random.Random(1))
    for page in PAGES:
        await worker.http.get(page)
    await asyncio.sleep(1.2)
    gc.collect()
    found: dict[str, set[str]] = {}
    for value in gc.get_objects():
        kind = type(value)
        if str(kind.__module__).startswith("sickbay.") and not is_frozen(kind):
            found.setdefault(f"{kind.__module__.removeprefix('sickbay.')}.{kind.__qualname__}", set()).update(attributes(value))
    return {name: sorted(members) for name, members in sorted(found.items())}


if __name__ == "__main__":
    database = sys.argv[2] if len(sys.argv) > 2 else None
    print(json.dumps(run_two(alive, database, Path(sys.argv[1]))))
