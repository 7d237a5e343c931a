"""Follows docs/tutorial.md in a browser: its commands, its files, the launch, and the mistake."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.docs.code_blocks import ROOT, blocks, run

from sickbay.testing.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

BLOCKS = blocks("docs/tutorial.md")
COMMANDS = [block.text for block in BLOCKS if block.language == "sh"]
FILES = {block.file: block.text for block in BLOCKS if block.language == "html"}
INSTALL = 'git clone --depth 1 <this repository> sickbay\nmake -C sickbay install\nexport PATH="$PWD/sickbay/.venv/bin:$PATH"\n'
CHANGED = ("aud: iss", 'aud: "https://ehr.example.org/"')


@contextmanager
def pages_of(folder: Path) -> Iterator[str]:
    """Runs the tutorial's web server on a free port, and yields the port."""
    command = [sys.executable, "-u", "-m", *COMMANDS[3].split()[2:-1], "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        yield str(re.search(r"port (\d+)", process.stdout.readline())[1])  # type: ignore[index]
        process.terminate()


def test_the_commands_are_those_that_this_test_runs() -> None:
    assert COMMANDS[0] == INSTALL + "sickbay serve\n"
    assert COMMANDS[2:4] == ["mkdir my-app\n", "python3 -m http.server --directory my-app 8100\n"]
    assert len(COMMANDS) == 5


def test_the_code_is_that_of_the_starter_app() -> None:
    example = ROOT / "examples" / "plain-javascript"
    assert {f"my-app/{name}": (example / name).read_text() for name in ("launch.html", "index.html")} == FILES


def test_the_app_of_the_tutorial_is_launched_and_its_mistake_is_explained(page: Page, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    with serving("--data", data, "--patients", "17") as live:
        port = live.base.rpartition(":")[2]
        run(tmp_path, COMMANDS[2])
        with pages_of(tmp_path) as web:

            def steps(text: str) -> str:
                return text.replace("7425", port).replace("8100", web)

            for name, text in FILES.items():
                (tmp_path / name).write_text(steps(text))
            run(tmp_path, steps(COMMANDS[1]), SICKBAY_DATA=data)
            page.goto(run(tmp_path, steps(COMMANDS[4]), SICKBAY_DATA=data).strip())
            page.get_by_role("button", name="Dr. Amara Okafor").click()
            page.get_by_role("button", name="Allow").click()
            page.get_by_role("heading", name="Timothy Peters").wait_for()
            assert page.get_by_text("Born 19").is_visible()

            launch = tmp_path / "my-app" / "launch.html"
            assert CHANGED[0] in launch.read_text()
            assert all(f"`{text}`" in (ROOT / "docs/tutorial.md").read_text() for text in CHANGED)
            launch.write_text(launch.read_text().replace(*CHANGED))
            page.context.clear_cookies()
            page.goto(run(tmp_path, steps(COMMANDS[4]), SICKBAY_DATA=data).strip())
            page.get_by_role("heading", name="Refused").wait_for()
            page.goto(page.locator("p").last.inner_text())
            assert "aud" in page.get_by_role("heading", level=1).inner_text()
