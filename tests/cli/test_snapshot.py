"""`sickbay snapshot` without a server."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx2
from tests.cli.command import sickbay

from sickbay.kernel.english import describe_size
from sickbay.testing.server import serving


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


def test_a_snapshot_is_exported_to_a_file_and_imported_from_it(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "a.zip"
    sickbay("apps", "add", "N", "--type", "system", "--client", "symmetric", "--scope", "system/*.rs", folder=data)
    sickbay("snapshot", "save", "a", folder=data)
    assert f"Exported the snapshot a to {file} (" in sickbay("snapshot", "export", "a", str(file), folder=data).stderr
    imported = sickbay("snapshot", "import", str(file), "b", folder=data)
    assert "Imported the snapshot b. Run `sickbay snapshot restore b` to use it." in imported.stderr
    assert imported.stdout.split()[:4] == ["HOSPITAL", "APP_ID", "CLIENT_ID", "CLIENT_SECRET"]
    assert {saved["name"] for saved in json.loads(sickbay("snapshot", "list", "--json", folder=data).stdout)} == {"a", "b"}
    for arguments, message in (
        (("export", "c", str(file)), "There is no snapshot named c.\n"),
        (("export", "a", str(tmp_path / "no" / "a.zip")), "can't be written"),
        (("import", str(file)), "A snapshot named a already exists.\n"),
        (("import", str(file), "A"), "1 to 64 characters"),
        (("import", __file__, "c"), "The file isn't a zip that"),
    ):
        refused = sickbay("snapshot", *arguments, folder=data)
        assert (refused.returncode, message in refused.stderr) == (1, True), refused.stderr
    absent = sickbay("snapshot", "import", str(tmp_path / "no.zip"), folder=data)
    assert (absent.returncode, "can't be read: No such file or directory." in absent.stderr) == (2, True)


def test_sizes_have_units() -> None:
    assert [describe_size(number) for number in (0, 1, 1500, 3_450_000)] == ["0 KB", "1 KB", "2 KB", "3.5 MB"]


def test_a_snapshot_of_a_folder_that_began_with_a_copied_population_is_restored(tmp_path: Path) -> None:
    caches = {"XDG_CACHE_HOME": str(tmp_path / "caches")}
    options = ("--patients", "2")
    with serving("--data", str(tmp_path / "first"), *options, environment=caches) as live:
        httpx2.get(f"{live.base}/general/ehr", trust_env=False)
        until = time.monotonic() + 60
        while not [*tmp_path.glob("caches/**/*r4*")]:
            assert time.monotonic() < until
            token = sickbay("token", "sample-general", "--scope", "user/*.rs", "--user", "okafor", folder=tmp_path / "first")
            bearer = {"Authorization": f"Bearer {token.stdout.strip()}"}
            httpx2.get(f"{live.base}/general/r4/Patient", headers=bearer, trust_env=False)
            time.sleep(0.2)
    with serving("--data", str(tmp_path / "second"), *options, environment=caches) as live:
        for step in ("save", "restore"):
            done = sickbay("snapshot", step, "a", folder=tmp_path / "second")
            assert done.returncode == 0, done.stderr
