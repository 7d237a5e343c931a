"""`sickbay doctor --self` says whether this installation is healthy, and what to do about each fault."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.cli.command import sickbay

from sickbay.storage.sqlite.migrations import STEPS
from sickbay.testing.server import serving


def checks(data: Path, *, healthy: bool) -> dict[str, dict[str, object]]:
    done = sickbay("doctor", "--self", "--json", "--data", str(data))
    assert done.returncode == (not healthy), done.stdout
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that a server used."""
    data = tmp_path_factory.mktemp("served") / "data"
    with serving("--data", str(data), "--patients", "1"):
        found = checks(data, healthy=True)
    assert str(found["Server"]["found"]).endswith("is ready")
    return data


def test_a_used_folder_is_healthy_and_nothing_runs_on_it(served: Path) -> None:
    found = checks(served, healthy=True)
    assert list(found) == ["Sickbay", "Clock", "Data folder", "Permissions", "Free space", "Database", "Server"]
    assert "sound" in str(found["Database"]["found"])
    assert "no server runs" in str(found["Server"]["found"])


def test_a_folder_that_does_not_exist_yet_is_no_fault_and_is_not_created(tmp_path: Path) -> None:
    assert "doesn't exist yet" in str(checks(tmp_path / "new", healthy=True)["Data folder"]["found"])
    assert not (tmp_path / "new").exists()


def test_open_permissions_are_a_fault_with_the_command_that_closes_them(served: Path) -> None:
    served.chmod(0o755)
    found = checks(served, healthy=False)["Permissions"]
    served.chmod(0o700)
    assert found["fix"] == f"Run: chmod 700 {served}"


def test_a_damaged_database_is_a_fault(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "sickbay.db").write_bytes(b"no database" * 500)
    assert checks(tmp_path, healthy=False)["Database"]["fix"]


def test_a_database_of_a_newer_version_is_a_fault(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with closing(apsw.Connection(str(tmp_path / "sickbay.db"))) as db:
        db.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    database = checks(tmp_path, healthy=False)["Database"]
    assert database["found"] == "written by a newer version of Sickbay"
    assert database["fix"] == "Use that version, or choose another folder with --data."


def test_the_text_has_one_line_for_each_check(served: Path) -> None:
    lines = sickbay("doctor", "--self", "--data", str(served)).stdout.splitlines()
    assert len(lines) == 7
    assert all(line.startswith("✓ ") for line in lines)
