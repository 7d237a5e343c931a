"""Runs every command of docs/running.md, in order and exactly as written."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.ports import free_port

from sickbay.cli import certificate

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
STUBS = """
set -eu
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
git() { [ "$*" = "clone --depth 1 THIS sickbay" ]; }
make() { [ "$*" = "-C sickbay install" ] && command make -n -C "$ROOT" install >/dev/null; }
"""
"""Tests clone and install nothing; they check only that the arguments are right."""


def blocks(section: str, language: str) -> list[str]:
    text = next(part for part in PAGE.split("\n## ") if part.startswith(section))
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder where `sickbay` is this one, and curl resolves ehr.example.org to this machine."""
    command = tmp_path / "bin" / "sickbay"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sickbay "$@"\n')
    command.chmod(0o755)
    (tmp_path / ".curlrc").write_text('noproxy = "*"\nconnect-to = "ehr.example.org::127.0.0.1:"\n')
    return tmp_path


def run(home: Path, section: str, port: int) -> str:
    """The output of the commands of a section. They use `port`, since 7425 may be in use."""
    script = STUBS + "\n".join(blocks(section, "sh")).replace("<this repository>", "THIS").replace("7425", str(port))
    environment = {
        "HOME": str(home),
        "CURL_HOME": str(home),
        "ROOT": str(ROOT),
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SICKBAY_")}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=home,
        env=inherited | environment | {"SICKBAY_PATIENTS": "17"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def port() -> int:
    return free_port()


def test_the_steps_for_ci_register_launch_and_read_data(home: Path, port: int) -> None:
    output = run(home, "In CI", port)
    assert '"client_id":"my-app"' in output
    assert "http://localhost:8100/launch?iss=" in output
    assert '"family":"Peters"' in output
    assert (home / "exchanges.json").read_text().startswith("[{")


def test_the_runner_configurations_contain_the_steps_of_the_page() -> None:
    first = blocks("In CI", "sh")[0].splitlines()
    for runner in blocks("In CI", "yaml"):
        lines = [line.strip().removeprefix("- ") for line in runner.splitlines()]
        assert [line for line in lines if line in first] == first


def test_a_python_test_starts_its_own_server(home: Path) -> None:
    (home / "test_app.py").write_text(blocks("In CI", "python")[0])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_app.py"],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_the_steps_for_a_class_print_where_students_join(home: Path, port: int) -> None:
    output = run(home, "In a class", port)
    assert f"http://ehr.example.org:{port}/developer/join/" in output
    assert f"http://ehr.example.org:{port}/admin" in (home / "class.json").read_text()


def test_the_steps_for_a_connectathon_serve_https(home: Path, port: int) -> None:
    paths = certificate.ensure_certificate(home, "ehr.example.org")
    for path, name in zip(paths, ("fullchain.pem", "privkey.pem"), strict=True):
        path.rename(home / name)
    output = run(home, "At a connectathon", port)
    assert f'"issuer":"https://ehr.example.org:{port}/general"' in output
    assert '"issuer":"https://ehr.example.org/general"' in output


def test_every_code_block_of_the_page_is_tested() -> None:
    assert set(re.findall(r"^```(\w+)$", PAGE, re.M)) == {"sh", "yaml", "python"}
