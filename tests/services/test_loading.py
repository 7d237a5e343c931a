"""Batches are made ready while others are written, without a look at the store where all is new, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from sickbay.fhir.loading import ParsedResource, Ready, ready
from sickbay.fhir.visibility import EVERYTHING, Visibility
from sickbay.services.loading import Loading
from sickbay.storage.interface import ResourceSpace, Stored
from sickbay.storage.sqlite.store import SqliteStore, published

SPACE = ResourceSpace("general", "r4")
BASE = "http://h/general/r4"
pytestmark = pytest.mark.anyio


class Watched(SqliteStore):
    """asked: the ids that were read."""

    asked: list[str]

    async def read(self, space: ResourceSpace, type: str, id: str, visibility: Visibility) -> Stored | None:
        self.asked.append(id)
        return await super().read(space, type, id, visibility)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Watched]:
    made = Watched(tmp_path / "a.db", published)
    made.asked = []
    yield made
    await made.close()


def loading(store: Watched, name: str = "files") -> Loading:
    runtime: Any = SimpleNamespace(store=store, effects=SimpleNamespace(now=lambda: 1_700_000_000.0))
    tenant: Any = SimpleNamespace(name="general", fhir_base=lambda version: BASE)
    return Loading(runtime, tenant, "r4", name)


def piece(id: str, family: str) -> Ready:
    resource = {"resourceType": "Patient", "id": id, "name": [{"family": family}]}
    return ready("r4", ParsedResource("", "Patient", id, orjson.dumps(resource), resource), BASE)


async def load(run: Loading, *batches: list[Ready]) -> tuple[int, int, int]:
    for batch in batches:
        await run.keep(batch)
    await run.finish()
    return run.new, run.changed, run.same


async def last(store: Watched, id: str) -> tuple[int, bytes]:
    found = await store.read(SPACE, "Patient", id, EVERYTHING)
    assert found
    return found.version_id, found.body


async def test_once_a_batch_was_new_the_next_is_not_looked_for(store: Watched):
    batches = [[piece(f"{number}-{at}", "A") for at in range(3)] for number in range(3)]
    assert await load(loading(store), *batches) == (9, 0, 0)
    looked = [one for one in store.asked if one.startswith("2")]
    assert looked == []
    assert (await last(store, "2-2"))[0] == 1


async def test_what_is_there_after_all_is_compared(store: Watched):
    await load(loading(store, "before"), [piece("b", "A"), piece("c", "A")])
    news = [piece("a", "A"), piece("d", "A")], [piece("e", "A")]
    assert await load(loading(store), *news, [piece("b", "A"), piece("c", "B"), piece("f", "A")]) == (4, 1, 1)
    assert await last(store, "b") == (1, piece("b", "A").body)
    assert await last(store, "c") == (2, piece("c", "B").body)


async def test_an_id_that_comes_again_in_the_next_batch_is_compared_with_what_that_wrote(store: Watched):
    news = [piece("x", "A")], [piece("y", "A")], [piece("z", "A")]
    assert await load(loading(store), *news, [piece("z", "A")]) == (3, 0, 1)
    assert await load(loading(store, "more"), [piece("z", "B")], [piece("z", "C")], [piece("z", "C")]) == (0, 2, 1)
    assert await last(store, "z") == (3, piece("z", "C").body)


async def test_the_bodies_that_led_to_the_last_one_are_no_news_wherever_a_batch_ends(store: Watched):
    run = loading(store)
    assert await load(run, [piece("x", "A")], [piece("x", "B")], [piece("x", "A")], [piece("x", "B")]) == (1, 1, 2)
    assert await last(store, "x") == (2, piece("x", "B").body)
