"""The tests are compiled before the workers start, so that no worker compiles them again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from _pytest.assertion import rewrite
from tests.compiling import path_of
from tests.conftest import ROOT

COMPILE = """
import pytest
from pathlib import Path
from tests.compiling import compile_tests

class Plugin:
    def pytest_sessionstart(self, session):
        compile_tests(session.config, sorted(Path.cwd().glob("test_*.py")))
        pytest.exit("compiled")

pytest.main(["-p", "no:xdist"], plugins=[Plugin()])
"""


def test_a_compiled_test_is_read_until_its_source_changes(tmp_path: Path) -> None:
    good, wrong = tmp_path / "test_good.py", tmp_path / "test_wrong.py"
    good.write_text("def test_it():\n    assert 1 + 1 == 2\n")
    wrong.write_text("def test_it(:\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "src"))), "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run([sys.executable, "-c", COMPILE], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert rewrite._read_pyc(good, path_of(good)) is not None
    assert not path_of(wrong).exists()
    good.write_text("def test_it():\n    assert 1 + 1 == 3\n")
    assert rewrite._read_pyc(good, path_of(good)) is None
