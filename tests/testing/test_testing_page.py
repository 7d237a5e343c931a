"""Runs the code of docs/testing.md, and compares its table with the fixture."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

from tools.checks.files import ROOT

from sickbay.testing.sandbox_client import SandboxClient

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def test_the_first_test_of_the_page_passes_with_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "test_first.py").write_text(blocks("python")[0])
    (tmp_path / "pytest.ini").write_text(blocks("ini")[0])
    (command,) = [block.split() for block in blocks("sh") if block.startswith("pytest")]
    done = subprocess.run([sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout


def test_the_program_without_pytest_prints_a_launch_url() -> None:
    done = subprocess.run([sys.executable, "-c", blocks("python")[1]], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"http://localhost:8100/launch\?iss=\S+&launch=\S+\n", done.stdout)


def test_the_table_has_every_public_member_of_the_fixture() -> None:
    described = set(re.findall(r"^\| `sickbay\.(\w+)", PAGE, re.M))
    methods = {name for name, _ in inspect.getmembers(SandboxClient, inspect.isfunction) if not name.startswith("_")}
    assert described == methods - {"reset", "page"} | {"base", "line", "clock", "admin"}


def test_every_code_block_is_tested_or_a_sample() -> None:
    assert len(blocks("python")) == 2
    assert set(re.findall(r"^```(\w+)$", PAGE, re.M)) == {"sh", "python", "ini", "text"}
