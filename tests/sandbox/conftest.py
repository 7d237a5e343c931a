"""The fixture for tests of the population cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from sickbay.sandbox import population_cache


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the population files of this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sickbay" / population_cache.NAME
