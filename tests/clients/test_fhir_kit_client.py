"""fhir-kit-client, unmodified: the examples of its README, and app state, against a running Sickbay."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.clients.client_kit import Desk


def said(name: str, folder: Path, node: Path, *given: str) -> str:
    (folder / "node_modules").symlink_to(node)
    script = folder / name
    script.write_text((Path(__file__).parent / name).read_text())
    command = ["node", "--preserve-symlinks", "--preserve-symlinks-main", str(script), *given]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={key: value for key, value in os.environ.items() if "proxy" not in key.lower()},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_examples_run(desk: Desk, node: Path, tmp_path: Path) -> None:
    assert said("kit.mjs", tmp_path, node, desk.fhir("r4"), desk.token("system/*.cruds")) == "every example ran\n"


def test_it_keeps_state_where_discovery_says(desk: Desk, node: Path, tmp_path: Path) -> None:
    with desk.http as http:
        smart = http.get(desk.fhir("r4") + "/.well-known/smart-configuration").raise_for_status().json()
    [at] = [one["url"] for one in smart["associated_endpoints"] if "smart-app-state" in one["capabilities"]]
    assert said("app_state.mjs", tmp_path, node, at, desk.token("user/Basic.cuds")) == "the state was kept\n"
