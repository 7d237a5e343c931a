"""The fixture for tests of the population cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from sickbay.kernel.effects import SystemEffects
from sickbay.sandbox import population_cache

NOON = 1_764_072_000.0
"""2025-11-25 at 12:00 UTC."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the population files of this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sickbay" / population_cache.NAME


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is stopped at noon and can be moved, so that a test that compares two hospitals sees one day."""
    monkeypatch.setattr(SystemEffects, "now", lambda effects: NOON + effects.offset)
