"""The health check of the image follows the readiness of Sickbay, and finds it however its address was set."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from tests.ports import free_port
from tools.checks.files import ROOT

from sickbay.testing.server import serving

CHECK = ROOT / "deploy" / "healthcheck.py"
PLACES = ("command line", "command line with =", "environment", "named file", "own file", "current folder")


@pytest.fixture(scope="module")
def healthcheck() -> ModuleType:
    spec = importlib.util.spec_from_file_location("healthcheck", CHECK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is both the home and the current folder, as /data is in the image, and no settings."""
    for name in [name for name in os.environ if name.startswith(("SICKBAY_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    from sickbay.cli import config_file

    config_file.set_config_file(None)


def configure(place: str, port: int, https: bool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sets the port and https in one of the places. Returns the command line of Sickbay."""
    text = f"port = {port}\nhttps = {str(https).lower()}\nbase_url = 'https://ehr.example.org/sickbay'\n"
    if place == "command line":
        return ["serve", "--port", str(port), *(["--https"] if https else [])]
    if place == "command line with =":
        return ["serve", f"--port={port}", *(["--https"] if https else [])]
    if place == "environment":
        monkeypatch.setenv("SICKBAY_PORT", str(port))
        monkeypatch.setenv("SICKBAY_HTTPS", str(https))
        return ["serve"]
    file = {"named file": "secret.toml", "own file": ".config/sickbay/sickbay.toml", "current folder": "sickbay.toml"}[place]
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text, encoding="utf-8-sig")
    return ["serve", "--config", str(folder / file)] if place == "named file" else ["serve"]


@pytest.mark.parametrize("https", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_the_port_and_https_are_read_where_sickbay_reads_them(
    place: str, https: bool, healthcheck: ModuleType, container: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = configure(place, 8123, https, container, monkeypatch)
    connection = healthcheck.connection(healthcheck.ServerOptions(["/opt/sickbay/bin/python", *arguments]))
    ignored = place == "current folder"  # https is ignored there, as Sickbay ignores it
    assert (connection.host, connection.port) == ("127.0.0.1", 8123)
    assert isinstance(connection, healthcheck.HTTPSConnection) is (https and not ignored)


@pytest.mark.parametrize(
    ("host", "address"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("localhost", "127.0.0.1"), ("10.0.0.7", "10.0.0.7")]
)
def test_it_connects_where_sickbay_listens(host: str, address: str, healthcheck: ModuleType, container: Path) -> None:
    assert healthcheck.connection(healthcheck.ServerOptions(["--host", host])).host == address


@pytest.mark.parametrize("arguments", [[], ["--port"], ["--port", "x"], ["--config"], ["--port=", "--https"], ["--", "serve"]])
def test_a_command_line_that_sickbay_would_refuse_gives_a_sentence(
    arguments: list[str], healthcheck: ModuleType, container: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SICKBAY_PORT", "1")
    assert " " in healthcheck.problem(arguments)


@pytest.mark.parametrize("place", ["own file", "environment"])
def test_a_running_sickbay_is_healthy_and_a_stopped_one_is_not(
    place: str, healthcheck: ModuleType, container: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    arguments = configure(place, port, True, container, monkeypatch)
    with serving("--port", str(port), "--data", str(container / "data"), "--patients", "0", "--https"):
        assert healthcheck.problem(arguments) == ""
        assert "doesn't answer" in healthcheck.problem(["serve", "--port", "1"])
    assert f"/readyz at 127.0.0.1:{port} doesn't answer" in healthcheck.problem(arguments)


def test_a_file_that_cannot_be_read_is_named(healthcheck: ModuleType, container: Path) -> None:
    (container / "sickbay.toml").write_text("port = ")
    assert healthcheck.problem(["serve"]).startswith("The settings can't be read: sickbay.toml")
    assert healthcheck.problem(["serve", "--config", "missing.toml"]).endswith("(set by --config or SICKBAY_CONFIG).")


def test_the_script_exits_with_1_and_says_why(container: Path) -> None:
    environment = os.environ | {"SICKBAY_PORT": "1"}
    done = subprocess.run(
        [sys.executable, str(CHECK)], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("/readyz at 127.0.0.1:1 doesn't answer: ")
