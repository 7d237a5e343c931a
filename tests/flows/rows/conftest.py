"""Table-driven tests over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.flows.shared_app import SharedApp, open_shared_app


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("rows")) as opened:
        yield opened
