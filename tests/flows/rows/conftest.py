"""Table-driven tests over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.flows.shared_app import Sitting, sitting


@pytest.fixture(scope="module")
def shared_sitting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sitting]:
    with sitting(tmp_path_factory.mktemp("rows")) as opened:
        yield opened
