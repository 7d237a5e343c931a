"""An installed wheel works: commands, pages of each kind, a launch and data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sickbay import __version__
from tools.release import verify


def test_the_wheel_has_every_file_that_commands_and_pages_read(
    isolated: dict[str, str], installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, str(verify.PROBE), str(tmp_path / "work")],
        cwd=tmp_path,
        env=isolated,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout == "The installed Sickbay works.\n", done.stderr


def test_python_finds_the_wheel_and_not_the_repository(isolated: dict[str, str], installed: Path, tmp_path: Path) -> None:
    code = "import sickbay; print(sickbay.__file__, sickbay.__version__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=isolated, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(installed / "sickbay" / "__init__.py"), __version__]


def test_an_installed_sickbay_copies_a_starter(isolated: dict[str, str], tmp_path: Path) -> None:
    """Without a running server it says how to go on."""
    new = [
        sys.executable,
        "-m",
        "sickbay",
        "new",
        "growth-chart",
        "--template",
        "plain-javascript",
        "--data",
        str(tmp_path / "data"),
    ]
    done = subprocess.run(new, cwd=tmp_path, env=isolated, capture_output=True, text=True, check=True)
    assert "  cd growth-chart\n" in done.stdout
    assert "Start it first, in another terminal: sickbay serve" in done.stderr
    names = sorted(path.name for path in (tmp_path / "growth-chart").iterdir())
    assert names == ["README.md", "index.html", "launch.html"]
