"""fhir-kit-client, unmodified: runs the examples of its README, and stores app state."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.clients.client_kit import AdminClient


def output_of(name: str, folder: Path, node: Path, *arguments: str) -> str:
    (folder / "node_modules").symlink_to(node)
    script = folder / name
    script.write_text((Path(__file__).parent / name).read_text())
    command = ["node", "--preserve-symlinks", "--preserve-symlinks-main", str(script), *arguments]
    process = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={key: value for key, value in os.environ.items() if "proxy" not in key.lower()},
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_the_readme_examples_run(sickbay: AdminClient, node: Path, tmp_path: Path) -> None:
    assert output_of("kit.mjs", tmp_path, node, sickbay.fhir("r4"), sickbay.token("system/*.cruds")) == "every example ran\n"


def test_app_state_is_stored_at_the_endpoint_in_discovery(sickbay: AdminClient, node: Path, tmp_path: Path) -> None:
    with sickbay.http as http:
        smart = http.get(sickbay.fhir("r4") + "/.well-known/smart-configuration").raise_for_status().json()
    [endpoint] = [entry["url"] for entry in smart["associated_endpoints"] if "smart-app-state" in entry["capabilities"]]
    assert output_of("app_state.mjs", tmp_path, node, endpoint, sickbay.token("user/Basic.cuds")) == "app state was stored\n"
