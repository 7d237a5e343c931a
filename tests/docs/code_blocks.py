"""Finds the code blocks of the documentation, and runs the shell commands of a page in order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
LISTED = tomllib.loads((Path(__file__).parent / "not_run.toml").read_text(encoding="utf-8"))
GENERATED = "docs/reference/"
"""Its blocks show how to call commands."""


class Block(NamedTuple):
    """page: its path below the repository. file: the name that the text above it gives to it, or ""."""

    page: str
    language: str
    text: str
    file: str

    @property
    def first_line(self) -> str:
        return self.text.splitlines()[0].strip()


def pages() -> list[str]:
    """The pages that people read to use Sickbay."""
    paths = [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").glob("*/README.md"),
        ROOT / "examples/README.md",
    ]
    names = (path.relative_to(ROOT).as_posix() for path in paths if "node_modules" not in path.parts)
    return sorted(name for name in names if not name.startswith(GENERATED))


def blocks(page: str) -> list[Block]:
    found, file = [], ""
    for token in MarkdownIt().parse((ROOT / page).read_text(encoding="utf-8")):
        if token.type == "inline":
            named = re.search(r"Save this as `([^`]+)`", token.content)
            file = named[1] if named else ""
        elif token.type in ("fence", "code_block"):
            found.append(Block(page, token.info.strip(), token.content, file))
            file = ""
    return found


def run(folder: Path, script: str, curlrc: str = "", **environment: str) -> str:
    """The output of a script in which `sickbay` is this one. Fails with its error output. curlrc: options of curl."""
    command = folder / "bin" / "sickbay"
    command.parent.mkdir(exist_ok=True)
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sickbay "$@"\n')
    command.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SICKBAY_")}
    own = {"HOME": str(folder), "CURL_HOME": str(folder), "BROWSER": "true", "PATH": f"{command.parent}:{os.environ['PATH']}"}
    (folder / ".curlrc").write_text(f'noproxy = "*"\n{curlrc}')
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env=inherited | own | environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
