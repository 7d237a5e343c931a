"""Every command makes files that only their owner can read, whatever the umask, and follows no symbolic link."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.command import sickbay

from sickbay.sandbox.folder import prepare
from sickbay.settings.database import CannotOpen
from sickbay.settings.settings import Settings

COMMAND = [sys.executable, "-m", "sickbay"]


def run(umask: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    line = ["sh", "-c", f'umask {umask}; exec "$@"', "sh", *COMMAND, *map(str, arguments)]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False)


def open_to_others(folder: Path) -> list[str]:
    return [str(path) for path in (folder, *folder.rglob("*")) if stat.S_IMODE(path.lstat().st_mode) & 0o077]


@pytest.mark.parametrize("umask", ["000", "077"])
def test_a_command_creates_its_folders_for_their_owner_only(tmp_path: Path, umask: str) -> None:
    data = tmp_path / "above" / "data"
    app = ("apps", "add", "A", "--type", "system", "--client", "symmetric", "--scope", "system/Patient.rs")
    for line in (
        ("load", tmp_path / "a.json", "--patients", "0", "--data", data),
        (*app, "--data", data),
        ("export", tmp_path / "out", "--data", data),
        ("population", "--patients", "1", "--out", tmp_path / "people"),
    ):
        (tmp_path / "a.json").write_text('{"resourceType": "Patient", "id": "a"}')
        done = run(umask, *line, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    for folder in (tmp_path / "above", tmp_path / "out", tmp_path / "people"):
        assert open_to_others(folder) == []
        assert any(folder.rglob("*"))


def test_a_server_creates_files_for_their_owner_only_and_tightens_older_ones(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(0o777)
    (data / "sickbay.db").touch(0o666)
    (data / "sickbay.db").chmod(0o666)
    data.chmod(0o777)
    line = ["sh", "-c", 'umask 000; exec "$@"', "sh", *COMMAND, "serve", "--data", str(data), "--port", "0", "--https"]
    serving = subprocess.Popen([*line, "--json", "--patients", "0", "--workers", "2"], stdout=subprocess.PIPE, text=True)
    try:
        assert serving.stdout
        assert serving.stdout.readline()
        shared = open_to_others(data)
        names = {path.name for path in data.iterdir()}
    finally:
        serving.terminate()
        serving.wait()
        serving.stdout.close()  # type: ignore[union-attr]
    assert shared == []
    assert {"sickbay.db", "sickbay.db-wal", "runtime.json", "serve.lock", "https.key", "https.crt", "metrics"} <= names


@pytest.mark.parametrize("command", [("export",), ("population", "--patients", "1", "--out")])
def test_output_is_not_written_through_a_link_or_in_part(tmp_path: Path, command: tuple[str, ...]) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim"
    out.mkdir()
    victim.write_text("theirs")
    (out / "Patient.ndjson").symlink_to(victim)
    (tmp_path / "a.json").write_text('{"resourceType": "Patient", "id": "a"}')
    assert sickbay("load", str(tmp_path / "a.json"), "--patients", "0", folder=tmp_path / "data").returncode == 0
    done = sickbay(*command, str(out), folder=tmp_path / "data")
    assert done.returncode == 1
    assert "Patient.ndjson" in done.stderr
    assert done.stderr.count("\n") == 1
    assert victim.read_text() == "theirs"
    assert [path.name for path in out.iterdir()] == ["Patient.ndjson"]
    (out / "Patient.ndjson").unlink()
    assert sickbay(*command, str(out), folder=tmp_path / "data").returncode == 0
    assert (out / "Patient.ndjson").is_file()


@pytest.mark.parametrize("name", ["serve.lock", "runtime.json"])
def test_a_server_follows_no_link_in_its_folder(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    data = tmp_path / "data"
    data.mkdir()
    (data / name).symlink_to(victim)
    done = sickbay("serve", "--port", "0", "--patients", "0", folder=data)
    assert done.returncode == 1
    assert name in done.stderr
    assert victim.read_text() == "theirs"


def test_without_a_data_folder_no_database_is_created_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for data in (None, ""):
        with pytest.raises(CannotOpen, match="No data folder"):
            prepare(Settings(data=data), None)
    assert os.listdir(tmp_path) == []
