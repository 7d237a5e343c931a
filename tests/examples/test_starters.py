"""Each template of `sickbay new` is copied, registered, started and launched, as the command prints it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.conftest import skip_or_fail
from tests.ports import free_port
from tools.checks.files import ROOT

from sickbay.testing.server import Live, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

INSTALLED = ("python-fastapi-authlib", "react-fhirclient")
"""The templates that install packages from an index."""
MILLISECONDS = 60_000


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, Path]]:
    folder = tmp_path_factory.mktemp("data")
    with serving("--data", str(folder), "--patients", "3") as server:
        yield server, folder


def command(folder: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SICKBAY_", "PYTHON"))}
    return [sys.executable, "-m", "sickbay", "new", *arguments, "--data", str(folder)], kept


def run_new(folder: Path, place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line, environment = command(folder, *arguments)
    return subprocess.run(line, cwd=place, env=environment, capture_output=True, text=True, timeout=100, check=False)


@contextmanager
def starting(folder: Path, place: Path, name: str, template: str) -> Iterator[str]:
    """Runs the command until the block ends, then presses Ctrl-C. Yields the link that it prints."""
    line, environment = command(folder, name, "--template", template, "--app-port", str(free_port()))
    with subprocess.Popen(
        line,
        cwd=place,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        printed = []
        for text in process.stdout:
            printed.append(text)
            if text.startswith("Launch it: "):
                break
        try:
            assert printed[-1].startswith("Launch it: "), "".join(printed)
            yield printed[-1].split()[-1]
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            assert process.wait(60) == 130


def launch(page: Page, link: str) -> None:
    """Launch the app as the user of the chart."""
    page.context.clear_cookies()
    page.goto(link, timeout=MILLISECONDS)
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    page.get_by_role("button", name=re.compile("^Allow")).click()
    page.get_by_role("heading", name="Ines Moreau").wait_for(timeout=MILLISECONDS)


def test_the_plain_app_is_started_launched_and_stopped(live: tuple[Live, Path], tmp_path: Path, page: Page) -> None:
    with starting(live[1], tmp_path, "growth-chart", "plain-javascript") as link:
        launch(page, link)
        address = page.url.partition("/index.html")[0]
    with pytest.raises(httpx2.TransportError):
        httpx2.get(address, trust_env=False)


def test_the_backend_service_reads_its_patients(live: tuple[Live, Path], tmp_path: Path) -> None:
    if shutil.which("node") is None:
        skip_or_fail("node", "no node on the PATH")
    done = run_new(live[1], tmp_path, "night-batch", "--template", "node-backend-service")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "p-0001 Ines Moreau" in done.stdout
    again = run_new(live[1], tmp_path, "night-batch", "--template", "node-backend-service")
    assert again.returncode == 1
    assert "already registered. Nothing was written." in again.stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    full = run_new(live[1], tmp_path, "full", "--template", "plain-javascript", "--no-start")
    assert "Nothing was written" in full.stderr
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def copy(live: tuple[Live, Path], place: Path, name: str, template: str) -> tuple[Path, int]:
    """Copies and registers without a start. Returns the folder and the port."""
    port = free_port()
    done = run_new(live[1], place, name, "--template", template, "--app-port", str(port), "--no-start")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Registered {name} at {live[0].base}" in done.stdout
    assert len(re.findall("^  ", done.stdout, re.M)) == 3
    return place / name, port


@contextmanager
def serving_app(arguments: list[str], folder: Path, port: int) -> Iterator[None]:
    with subprocess.Popen(arguments, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with httpx2.Client(transport=httpx2.HTTPTransport(retries=12), trust_env=False, timeout=60) as client:
                client.get(f"http://localhost:{port}/")
            yield
        finally:
            process.terminate()


def link_of(live: tuple[Live, Path], name: str) -> str:
    apps: Any = httpx2.get(f"{live[0].base}/admin/apps", trust_env=False).json()
    id = next(app["app_id"] for app in apps if app["client_id"] == name)
    return f"{live[0].base}/general/ehr/launch?app={id}&patient=p-0001"


def test_the_web_app_reads_its_secret_from_its_folder(live: tuple[Live, Path], tmp_path: Path, page: Page) -> None:
    folder, port = copy(live, tmp_path, "web-chart", "python-fastapi-authlib")
    secret = folder / ".env"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text().startswith("CLIENT_ID=web-chart\nCLIENT_SECRET=")
    assert ".env" in (folder / ".gitignore").read_text().split()
    with serving_app([sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)], folder, port):
        launch(page, link_of(live, "web-chart"))


def test_the_react_app_works_with_the_packages_of_the_example(
    live: tuple[Live, Path], tmp_path: Path, page: Page, node: Path
) -> None:
    folder, port = copy(live, tmp_path, "problem-list", "react-fhirclient")
    (folder / "node_modules").mkdir()  # where Vite writes what it optimised
    for package in node.resolve().iterdir():
        (folder / "node_modules" / package.name).symlink_to(package)
    with serving_app(["node_modules/.bin/vite", "--port", str(port), "--strictPort"], folder, port):
        launch(page, link_of(live, "problem-list"))


@pytest.mark.prove
@pytest.mark.timeout(300)
@pytest.mark.parametrize("template", INSTALLED)
def test_a_template_with_packages_is_installed_from_the_index_and_started(
    template: str, live: tuple[Live, Path], tmp_path: Path, page: Page
) -> None:
    with starting(live[1], tmp_path, f"proof-{template}", template) as link:
        launch(page, link)


def test_each_template_is_played_here() -> None:
    """A new one needs its own test."""
    named = {path.parent.name for path in (ROOT / "examples").glob("*/starter.toml")}
    assert named == {*INSTALLED, "plain-javascript", "node-backend-service"}
