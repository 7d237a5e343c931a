"""The programs that these tests need: Debian's packages postgresql, patroni, etcd-server and pgbouncer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import skip_or_fail
from tests.postgres import programs
from tests.postgres_ha.cluster import Cluster, cluster


@pytest.fixture(scope="session")
def postgres_programs() -> Path:
    bin = programs()
    if bin is None:
        skip_or_fail("postgres", "no initdb on the PATH or in Debian's folder")
    return bin


@pytest.fixture(scope="module")
def patroni(postgres_programs: Path) -> Iterator[Cluster]:
    for program in ("patroni", "etcd"):
        if shutil.which(program) is None:
            skip_or_fail("patroni", f"no {program} on the PATH")
    with cluster(postgres_programs) as running:
        yield running


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Prints what was measured, for docs/operations-postgresql.md."""

    def printing(**measured: Any) -> None:
        with capsys.disabled():
            print(json.dumps(measured))

    return printing
