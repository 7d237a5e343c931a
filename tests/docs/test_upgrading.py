"""Runs the commands of docs/upgrading.md for the data of an older version, and compares its messages with the code."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import closing
from pathlib import Path

import apsw
from tests.cli.command import sickbay
from tests.storage.test_migrations import SCHEMAS
from tools.checks.files import ROOT

from sickbay.storage.sqlite.migrations import STEPS

PAGE = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
QUOTED = "10"
"""The version of the schema that the page names."""


def version(file: Path) -> int:
    with closing(apsw.Connection(str(file))) as db:
        return int(db.execute("PRAGMA user_version").get)


def test_a_folder_is_upgraded_and_the_old_version_restored_as_the_page_says(tmp_path: Path) -> None:
    data = tmp_path / ".local" / "share" / "sickbay"
    data.mkdir(parents=True)
    with closing(apsw.Connection(str(data / "sickbay.db"))) as db:
        db.execute((SCHEMAS / f"0{QUOTED}.sql").read_text(encoding="utf-8"))
        db.execute("DELETE FROM record")
    (quoted,) = re.findall(r"^```text\n(.*?)\n```$", PAGE, re.M | re.S)
    done = sickbay("export", str(tmp_path / "out"), HOME=str(tmp_path), XDG_DATA_HOME="")
    assert quoted.replace("/home/me", str(tmp_path)).replace("to 11", f"to {len(STEPS)}") in done.stderr
    assert version(data / "sickbay.db") == len(STEPS)
    (restore,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)
    environment = os.environ | {"HOME": str(tmp_path)}
    subprocess.run(["bash", "-ec", restore], env=environment, check=True)
    assert version(data / "sickbay.db") == int(QUOTED)


def test_a_folder_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    assert "it refuses to start, and leaves the data as it is" in PAGE
    sickbay("apps", "list", folder=tmp_path)
    with closing(apsw.Connection(str(tmp_path / "sickbay.db"))) as db:
        db.pragma("user_version", len(STEPS) + 1)
    before = (tmp_path / "sickbay.db").read_bytes()
    done = sickbay("serve", "--port", "0", folder=tmp_path)
    assert done.returncode == 1
    assert "newer version of Sickbay" in done.stderr
    assert (tmp_path / "sickbay.db").read_bytes() == before
