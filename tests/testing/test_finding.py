"""How the plugin finds Sickbay, and what it says if there is none or if it doesn't start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.cli.environment import KNOWN
from sickbay.testing import finding, server
from sickbay.testing.finding import PASSED_ON, UVX, ServerChoice, environment_of_sickbay, find_command, find_sickbay
from sickbay.testing.http_client import SickbayError
from sickbay.testing.server import BYTES_READ, LINES_SHOWN, serving


def program(folder: Path, name: str, text: str = "exit 0") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which Sickbay isn't installed."""
    monkeypatch.setattr(finding, "_is_importable", lambda: False)


def test_a_given_command_is_split_as_a_shell_would(tmp_path: Path) -> None:
    assert find_command("'/a b/sickbay' --config x", {}) == ["/a b/sickbay", "--config", "x"]


def test_sickbay_in_the_environment_of_the_tests_comes_first(tmp_path: Path) -> None:
    program(tmp_path, "sickbay")
    assert find_command("", {"PATH": str(tmp_path)}) == [sys.executable, "-m", "sickbay"]


def test_then_sickbay_on_the_path_then_the_one_of_uv_which_may_not_download_a_package(elsewhere: None, tmp_path: Path) -> None:
    uvx = program(tmp_path, "uvx")
    assert find_command("", {"PATH": str(tmp_path)}) == [str(uvx), *UVX[1:]]
    assert "--offline" in UVX
    own = program(tmp_path, "sickbay")
    assert find_command("", {"PATH": str(tmp_path)}) == [str(own)]


def test_nothing_to_be_found_is_explained(elsewhere: None, tmp_path: Path) -> None:
    with pytest.raises(SickbayError, match=r"Sickbay isn't installed in this environment.*--sickbay-command.*--sickbay-url"):
        find_command("", {"PATH": str(tmp_path)})


def test_a_uv_that_does_not_have_sickbay_is_explained(elsewhere: None, tmp_path: Path) -> None:
    program(tmp_path, "uvx", "echo 'error: No solution found when resolving tool dependencies' >&2; exit 1")
    environment = {"PATH": str(tmp_path)}
    with pytest.raises(SickbayError, match="and uv doesn't have it"), find_sickbay(ServerChoice(), environment):
        pass


@given(
    st.dictionaries(st.sampled_from(sorted(KNOWN)) | st.sampled_from(["PATH", "HOME", "PYTHONPATH"]), st.text()), st.booleans()
)
def test_no_setting_of_sickbay_is_inherited(environment: dict[str, str], of_this_python: bool) -> None:
    inherited = environment_of_sickbay(environment, of_this_python)
    assert {name for name in inherited if name.startswith("SICKBAY_")} <= set(PASSED_ON)
    assert ("PYTHONPATH" in inherited) is (of_this_python and "PYTHONPATH" in environment)
    assert all(inherited[name] == environment[name] for name in ("PATH", "HOME") if name in environment)


@contextmanager
def failing(text: str, folder: Path, seconds: float = 10) -> Iterator[Any]:
    with pytest.raises(RuntimeError) as failed, serving(command=[str(program(folder, "fake", text))], start_seconds=seconds):
        pytest.fail("it started")
    yield failed


def test_a_server_that_is_not_ready_in_time_is_ended_and_its_last_lines_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, started = server._start_process, list[subprocess.Popen[str]]()

    def start_and_wait(command: Any, environment: Any, errors: IO[str]) -> subprocess.Popen[str]:
        started.append(start(command, environment, errors))
        while b"line 100\n" not in os.pread(errors.fileno(), BYTES_READ, 0):
            time.sleep(0.01)
        return started[0]

    monkeypatch.setattr(server, "_start_process", start_and_wait)
    lines = "for n in $(seq 100); do echo line $n >&2; done; exec sleep 110"
    with failing(lines, tmp_path, 0.01) as failed:
        message = str(failed.value)
    assert message.startswith(f"`{tmp_path / 'fake'} serve` wasn't ready within 0.01 seconds. Its last lines:\nline 81\n")
    assert message.count("\n") == LINES_SHOWN
    assert started[0].returncode == -signal.SIGTERM


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo broken >&2; exit 3", "serve` ended with 3. Its last lines:\nbroken"),
        ("exit 0", "serve` ended with 0. It printed no error."),
        ("echo hello; sleep 60", "serve` printed `hello` instead of a line of JSON."),
    ],
)
def test_a_command_that_is_not_sickbay_is_described(text: str, message: str, tmp_path: Path) -> None:
    with failing(text, tmp_path) as failed:
        assert message in str(failed.value)


def test_a_program_that_does_not_exist_is_named() -> None:
    with (
        pytest.raises(RuntimeError, match="`/nowhere/sickbay` can't be started: No such file"),
        serving(command=["/nowhere/sickbay"]),
    ):
        pass


def test_a_running_sickbay_is_used_if_it_stores_nothing_or_may_be_reset(live: dict[str, Any], tmp_path: Path) -> None:
    with find_sickbay(ServerChoice(url=f"{live['base']}/"), {}) as running:
        assert running.line["base"] == live["base"]
    with serving("--data", str(tmp_path), "--patients", "0") as storing:
        choice = ServerChoice(url=storing.base)
        with pytest.raises(SickbayError, match="stores its data, and each test would delete it"), find_sickbay(choice, {}):
            pass
        with find_sickbay(choice._replace(may_reset=True), {}) as running:
            assert running.line["base"] == storing.base


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1", "doesn't answer: .*refused"),
        ("localhost", "doesn't answer: unknown url type"),
        ("{base}/general/ehr", "isn't the address of a Sickbay: /admin answered with status 404"),
    ],
)
def test_another_address_is_refused(url: str, message: str, live: dict[str, Any]) -> None:
    with pytest.raises(SickbayError, match=message), find_sickbay(ServerChoice(url=url.format(base=live["base"])), {}):
        pass


def test_a_running_sickbay_is_not_shared_by_workers(live: dict[str, Any]) -> None:
    environment = {"PYTEST_XDIST_WORKER_COUNT": "2"}
    with pytest.raises(SickbayError, match="several workers"), find_sickbay(ServerChoice(url=live["base"]), environment):
        pass


def test_one_on_another_machine_needs_its_admin_token() -> None:
    token = "abcdefghijklmnop"
    with serving("--ephemeral", "--patients", "0", "--require-admin-token", "--admin-token", token) as remote:
        choice = ServerChoice(url=remote.base)
        with pytest.raises(SickbayError, match=r"needs its admin token\. Set SICKBAY_ADMIN_TOKEN"), find_sickbay(choice, {}):
            pass
        with find_sickbay(choice, {"SICKBAY_ADMIN_TOKEN": token}) as running:
            assert running.admin_token == token
