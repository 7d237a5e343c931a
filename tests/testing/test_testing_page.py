"""Runs the code of docs/testing.md, and compares its table with the fixture."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest
from tools.checks.files import ROOT

from sickbay.testing.sandbox_client import SandboxClient
from sickbay.testing.server import START_SECONDS

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


BROWSE = """
import base64
import hashlib

import httpx
import pytest


@pytest.fixture
def browse(sickbay):
    \"\"\"An app that is launched: it authorizes with PKCE, and reads the patient and laboratory results.\"\"\"

    def opened(url):
        query = httpx.URL(url).params
        (app,) = [app for app in sickbay.admin.get("/admin/apps") if app["name"].startswith("test-app")]
        verifier = "v" * 64
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        sent = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": app["redirect_uris"][0]}
        sent |= {"scope": "launch patient/*.rs", "state": "s" * 40, "aud": query["iss"], "launch": query["launch"]}
        sent |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        hospital = sickbay.line["tenants"]["general"]
        back = httpx.URL(httpx.get(hospital["authorize"], params=sent, timeout=60).headers["location"]).params
        form = {"grant_type": "authorization_code", "code": back["code"], "code_verifier": verifier}
        form |= {"redirect_uri": app["redirect_uris"][0], "client_id": app["client_id"]}
        token = httpx.post(hospital["token"], data=form).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        httpx.get(f"{query['iss']}/Patient/{token['patient']}", headers=headers)
        httpx.get(f"{query['iss']}/Observation?patient={token['patient']}&category=laboratory", headers=headers)

    return opened


"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The output of the page's command in a folder with its tests and its configuration, with a line for each test."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "test_first.py").write_text(blocks("python")[0])
    (folder / "test_sent.py").write_text(BROWSE + blocks("python")[1])
    (folder / "pytest.ini").write_text(blocks("ini")[0])
    (command,) = [block.split() for block in blocks("sh") if block.startswith("pytest")]
    run = [sys.executable, "-m", *command, "-v"]
    return subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_the_first_test_of_the_page_passes_with_its_configuration(printed: str) -> None:
    assert re.findall(r"^test_first\.py::\w+ ([A-Z]+)", printed, re.M) == ["PASSED"], printed


def test_the_test_of_what_an_app_sent_passes_for_an_app_that_sends_it(printed: str) -> None:
    assert re.findall(r"^test_sent\.py::\w+ ([A-Z]+)", printed, re.M) == ["PASSED"], printed


def test_the_options_of_the_page_are_those_of_the_plugin() -> None:
    done = subprocess.run([sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, check=True)
    options = set(re.findall(r"--sickbay-[\w-]+", done.stdout))
    assert set(re.findall(r"`(--sickbay-[\w-]+)`", PAGE)) == options
    settings = set(re.findall(r"^  (sickbay_\w+)", done.stdout, re.M))
    assert set(re.findall(r"`(sickbay_\w+)`", PAGE)) - {"sickbay_server"} == settings


def test_the_program_without_pytest_prints_a_launch_url() -> None:
    done = subprocess.run([sys.executable, "-c", blocks("python")[2]], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"http://localhost:8100/launch\?iss=\S+&launch=\S+\n", done.stdout)


def test_the_table_has_every_public_member_of_the_fixture() -> None:
    described = set(re.findall(r"^\| `sickbay\.(\w+)", PAGE, re.M))
    methods = {name for name, _ in inspect.getmembers(SandboxClient, inspect.isfunction) if not name.startswith("_")}
    assert described == methods - {"reset", "page"} | {"base", "line", "clock", "admin"}


def test_every_code_block_is_tested_or_a_sample() -> None:
    assert len(blocks("python")) == 3
    assert set(re.findall(r"^```(\w+)$", PAGE, re.M)) == {"sh", "python", "ini", "text"}


def test_the_plugin_the_npm_package_and_the_action_wait_equally_long_for_the_start() -> None:
    seconds = {
        "docs/testing.md": r"take to start; ([\d]+) if omitted",
        "src/sickbay/testing/fixtures.py": r"take to start \(default: (\d+)\)",
        "clients/js/README.md": r"`startTimeout` \| (\d+),000 ",
        "clients/js/src/server.ts": r"START_MILLISECONDS = (\d+)_000;",
        "action.yml": r'until Sickbay is ready\n +default: "(\d+)"',
    }
    for name, pattern in seconds.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert re.findall(pattern, text) == [f"{START_SECONDS:g}"], name
