"""fhir-kit-client, unmodified: the examples of its README, against a running Sickbay."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.clients.desk import Desk


def test_its_examples_run(desk: Desk, node: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(node)
    script = tmp_path / "kit.mjs"
    script.write_text((Path(__file__).parent / "kit.mjs").read_text())
    command = ["node", "--preserve-symlinks", "--preserve-symlinks-main", str(script), desk.fhir("r4")]
    done = subprocess.run(
        [*command, desk.token("system/*.cruds")], capture_output=True, text=True, timeout=60, cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if "proxy" not in key.lower()},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "every example ran\n"
