"""`sickbay snapshot` without a server."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import sickbay

from sickbay.kernel.english import size


def test_a_snapshot_is_saved_listed_restored_and_removed(tmp_path: Path) -> None:
    assert "Saved the snapshot a (" in sickbay("snapshot", "save", "a", folder=tmp_path).stderr
    assert json.loads(sickbay("snapshot", "list", "--json", folder=tmp_path).stdout)[0]["name"] == "a"
    assert sickbay("snapshot", "list", folder=tmp_path).stdout.splitlines()[1].startswith("a ")
    assert "Restored the snapshot a." in sickbay("snapshot", "restore", "a", folder=tmp_path).stderr
    assert "Removed the snapshot a." in sickbay("snapshot", "remove", "a", folder=tmp_path).stderr
    assert "There are no snapshots." in sickbay("snapshot", "list", folder=tmp_path).stderr


def test_wrong_names_are_explained(tmp_path: Path) -> None:
    for arguments, message in (
        (("save", "A"), "1 to 64 characters: lowercase letters a to z, digits and hyphens"),
        (("restore", "a"), "There is no snapshot named a"),
        (("remove", "A b"), "There is no snapshot named A b"),
    ):
        refused = sickbay("snapshot", *arguments, folder=tmp_path)
        assert refused.returncode == 1
        assert message in refused.stderr


def test_sizes_have_units() -> None:
    assert [size(number) for number in (0, 1, 1500, 3_450_000)] == ["0 KB", "1 KB", "2 KB", "3.5 MB"]
