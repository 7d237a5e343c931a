"""A server with only the fixture data, for all attacks of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.attacks.asking import Target
from tests.attacks.fixture import steps
from tests.flows.flow import Flow
from tests.flows.shared_app import open_shared_app


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[Target]:
    with open_shared_app(tmp_path_factory.mktemp("attacks"), engine(), patients=0) as desk:

        async def load(flow: Flow) -> None:
            await flow.http.get(
                "/general/r4/Patient/x"
            )  # loads the empty population now, so that it doesn't replace the fixture
            await flow.sandbox.runtime.store.transaction(steps())

        desk.do(load)
        yield Target(desk)
