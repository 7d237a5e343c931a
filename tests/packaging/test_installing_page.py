"""Runs the commands of docs/installing.md. Nothing is installed: the tests of packages do that."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tools.checks.files import ROOT
from tools.release.packages import Packages

from sickbay import __version__
from tools.release import checksums

PAGE = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
STUBS = """
set -eu
is_package() { [ -f "$1" ] || [ "$1" = sickbay ]; }  # the name only after publication: tools/checks/install_lines.py
pipx() { [ "$1" = install ] && is_package "$2"; }
pip() { [ "$1" = install ] && is_package "$2"; }
uv() { [ "$1 $2" = "tool install" ] && is_package "$3"; }
sickbay() { [ "$*" = serve ] || command sickbay "$@"; }
"""


@pytest.fixture
def home(tmp_path: Path, built: Packages) -> Path:
    """A home folder with the files of a release in the current folder, and with the command."""
    for file in built:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    checksums.write(tmp_path, [tmp_path / file.name for file in built])
    command = tmp_path / "bin" / "sickbay"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sickbay "$@"\n')
    command.chmod(0o755)
    return tmp_path


def test_the_commands_of_the_page_work(home: Path) -> None:
    script = STUBS + "\n".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S))
    environment = os.environ | {"HOME": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=home, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{__version__}\n")
    for name in (
        ".local/share/bash-completion/completions/sickbay",
        ".config/fish/completions/sickbay.fish",
        ".zfunc/_sickbay",
    ):
        assert "open-sign-in" in (home / name).read_text(encoding="utf-8")


def test_the_page_names_the_extras_of_the_package(installed: Path) -> None:
    metadata = (installed / f"sickbay-{__version__}.dist-info" / "METADATA").read_text(encoding="utf-8")
    assert set(re.findall(r"`sickbay\[(\w+)\]`", PAGE)) == set(re.findall(r"^Provides-Extra: (\w+)$", metadata, re.M))
