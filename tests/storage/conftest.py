"""Fixtures of the search laws: one store per engine and module, and the event loop that it runs on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.postgres import ENGINES
from tests.storage.engines import open_engine


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module", params=ENGINES)
def store(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    (opened,) = runner.run(open_engine(request, tmp_path_factory.mktemp("laws")))
    yield opened
    runner.run(opened.close())
