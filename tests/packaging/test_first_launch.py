"""From an empty machine to the first launch in a browser within a minute: from the wheel, and from the image."""

from __future__ import annotations

import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.ports import free_ports
from tools.release.packages import Packages

from sickbay.testing.server import PROXIES, stop
from tools.release import image

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.prove, pytest.mark.timeout(600)]
MAXIMUM_SECONDS = 60
"""Seconds until the sample app shows its patient."""


def launch(page: Page, base: str) -> None:
    """What the start page asks a new user to do."""
    page.goto(base)
    page.get_by_role("link", name="Launch the sample app").click()
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    element = page.wait_for_selector("iframe.app")
    app = element.content_frame() if element else None
    assert app is not None
    app.get_by_role("button", name="Allow").click()
    app.get_by_role("heading", name="Timothy Peters", level=1).wait_for()


def wait_until_ready(base: str) -> None:
    with httpx2.Client(trust_env=False) as http:
        for _ in range(300):
            try:
                if http.get(f"{base}/readyz").status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.1)
    raise TimeoutError(f"{base} isn't ready.")


@pytest.fixture
def ports() -> tuple[int, int]:
    port, sample = free_ports(2)
    return port, sample


def test_the_wheel_leads_to_a_launch_within_a_minute(
    built: Packages, isolated: dict[str, str], ports: tuple[int, int], tmp_path: Path, page: Page
) -> None:
    page.set_default_timeout(30_000)
    environment = {name: value for name, value in isolated.items() if name not in (*PROXIES, "PYTHONPATH")}
    began = time.monotonic()
    venv.create(tmp_path / "venv", with_pip=True)
    binaries = tmp_path / "venv" / "bin"
    subprocess.run([binaries / "pip", "install", "--quiet", str(built.wheel)], check=True)
    installed = time.monotonic()
    (tmp_path / "empty").mkdir()
    command = [str(binaries / "sickbay"), "serve", "--port", str(ports[0]), "--sample-port", str(ports[1])]
    server = subprocess.Popen(command, cwd=tmp_path / "empty", env=environment, stdout=subprocess.DEVNULL, text=True)
    try:
        wait_until_ready(f"http://localhost:{ports[0]}")
        launch(page, f"http://localhost:{ports[0]}")
    finally:
        code = stop(server)
    took = time.monotonic() - began
    print(f"installed in {installed - began:.1f} s, first launch after {took:.1f} s", file=sys.stderr)
    assert took < MAXIMUM_SECONDS
    assert code == 0
    assert list((tmp_path / "empty").iterdir()) == []


def test_the_image_works_without_network_privileges_and_writable_files(built_image: str) -> None:
    image.verify(built_image)


def test_the_image_is_small(built_image: str, tmp_path: Path) -> None:
    assert image.save(built_image, tmp_path / "image.tar.gz") < image.LARGEST


def test_the_image_leads_to_a_launch_within_a_minute(built_image: str, ports: tuple[int, int], page: Page) -> None:
    page.set_default_timeout(30_000)
    port, sample = ports
    settings = {"SICKBAY_PORT": port, "SICKBAY_SAMPLE_PORT": sample, "SICKBAY_BASE_URL": f"http://localhost:{port}"}
    options = [f"--env={name}={value}" for name, value in settings.items()]
    published = [f"--publish=127.0.0.1:{number}:{number}" for number in ports]
    began = time.monotonic()
    with image.run_container(built_image, *options, *published) as container:
        launch(page, f"http://localhost:{port}")
        assert time.monotonic() - began < MAXIMUM_SECONDS
        assert_only_the_token_administers(container, f"http://localhost:{port}")


def assert_only_the_token_administers(container: str, base: str) -> None:
    token = image.check_inside(container, "cat", "/data/sickbay/admin-token")
    with httpx2.Client(base_url=base, trust_env=False) as http:
        assert http.get("/admin/apps").status_code == 403
        assert http.get("/admin/apps", headers={"Authorization": f"Bearer {token}"}).status_code == 200
