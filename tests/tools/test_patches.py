"""Names that tests replace by a string."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tools.trees import faults
from tools.checks import patches

CODE = "src/sickbay/web/health.py"
TEST = "tests/web/test_health.py"
DEFINITIONS = ("LIMIT = 1", "def LIMIT(): ...", "class A:\n    LIMIT = 1", "from a import LIMIT", "from a import b as LIMIT")
REPLACEMENTS = (
    'from sickbay.web import health\nmonkeypatch.setattr(health, "LIMIT", 2)',
    'from sickbay.web import health as place\npatch.object(place, "LIMIT", 2)',
    'import sickbay.web.health as place\nmonkeypatch.delattr(place, "LIMIT")',
    'monkeypatch.setattr("sickbay.web.health.LIMIT", 2)',
)


def _faults(tmp_path: Path, code: str, test: str) -> list[str]:
    return [fault.partition(": ")[2] for fault in faults(patches.find_problems, tmp_path, {CODE: code, TEST: test})]


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_a_name_that_exists_may_be_replaced(tmp_path: Path, definition: str, replacement: str) -> None:
    assert _faults(tmp_path, definition, replacement) == []


@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_a_name_that_was_renamed_is_found(tmp_path: Path, replacement: str) -> None:
    assert _faults(tmp_path, "MAXIMUM = 1\nprint(LIMIT)", replacement) == ["sickbay.web.health has no LIMIT to replace"]


def test_names_in_classes_and_in_foreign_modules_are_not_checked(tmp_path: Path) -> None:
    test = 'import sys\nfrom sickbay.web.health import Health\nsetattr(sys, "LIMIT", 1)\nmonkeypatch.setattr(Health, "get", 1)'
    assert _faults(tmp_path, "class Health(Base): ...", test) == []
