"""`sickbay hospitals` adds, lists and removes hospitals, with a running server and without one."""

from __future__ import annotations

from pathlib import Path

import httpx2
import orjson
from tests.cli.command import sickbay
from tests.services.hospitals.hospital_texts import RIVERSIDE, replace_text

from sickbay.testing.server import serving


def test_a_hospital_is_added_while_a_server_with_two_workers_runs(tmp_path: Path) -> None:
    file, place = tmp_path / "riverside.toml", tmp_path / "data"
    file.write_text(RIVERSIDE)
    with serving("--data", str(place), "--patients", "1", "--workers", "2") as server:
        added = sickbay("hospitals", "add", str(file), folder=place)
        assert (added.returncode, added.stderr) == (0, "Added Riverside Clinic.\n")
        assert f"{server.base}/riverside/api/fhir" in added.stdout
        for _ in range(10):
            assert httpx2.get(f"{server.base}/riverside/api/fhir/metadata", trust_env=False).status_code == 200
        removed = sickbay("hospitals", "remove", "riverside", folder=place)
        assert (removed.returncode, removed.stderr) == (0, "Removed riverside.\n")
        for _ in range(10):
            assert httpx2.get(f"{server.base}/riverside/api/fhir/metadata", trust_env=False).status_code == 404


def test_without_a_server_hospitals_are_kept_in_the_data_folder(tmp_path: Path) -> None:
    file = tmp_path / "riverside.json"
    file.write_bytes(orjson.dumps({"name": "riverside", "title": "Riverside Clinic"}))
    assert sickbay("hospitals", "add", str(file), folder=tmp_path / "data").returncode == 0
    listed = sickbay("hospitals", "list", folder=tmp_path / "data")
    row = ["riverside", "Riverside", "Clinic", "r4,", "dstu2,", "stu3,", "r4b,", "r5", "added"]
    assert listed.stdout.splitlines()[-1].split() == row
    names = [entry["name"] for entry in orjson.loads(sickbay("hospitals", "list", "--json", folder=tmp_path / "data").stdout)]
    assert names == ["general", "cerner", "epic", "riverside"]


def test_mistakes_are_named_and_nothing_is_added(tmp_path: Path) -> None:
    file, place = tmp_path / "wrong.toml", tmp_path / "data"
    file.write_text(replace_text('token = "/connect', 'tokn = "/connect'))
    wrong = sickbay("hospitals", "add", str(file), folder=place)
    assert wrong.returncode == 1
    assert "Line 9: There is no key tokn in [paths]. Did you mean token?" in wrong.stderr
    (empty := tmp_path / "empty.json").write_text("")
    assert sickbay("hospitals", "add", str(empty), folder=place).stderr == f"sickbay: {empty} isn't valid JSON: it is empty.\n"
    absent = sickbay("hospitals", "add", str(tmp_path / "absent.toml"), folder=place)
    assert (absent.returncode, "can't be read: No such file or directory." in absent.stderr) == (2, True)
    unknown = sickbay("hospitals", "remove", "riversid", folder=place)
    assert (unknown.returncode, "There is no hospital riversid" in unknown.stderr) == (1, True)
    built_in = sickbay("hospitals", "remove", "epic", folder=place)
    assert "epic comes with Sickbay and can't be removed" in built_in.stderr
