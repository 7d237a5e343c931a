"""`sickbay population` writes the people as files: the same seed and day, the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.command import on_terminal, sickbay

ARGUMENTS = ("population", "--patients", "3", "--today", "2026-03-31")


def write(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_each_type_has_a_file_with_its_resources(tmp_path: Path, version: str) -> None:
    assert sickbay(*ARGUMENTS, "--fhir", version, "--out", str(tmp_path / "new")).returncode == 0
    for path in (tmp_path / "new").iterdir():
        assert {json.loads(line)["resourceType"] for line in path.read_text().splitlines()} == {path.stem}
    assert len((tmp_path / "new" / "Patient.ndjson").read_text().splitlines()) == 3
    assert (tmp_path / "new" / "Appointment.ndjson").exists()


def test_the_same_seed_and_day_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        sickbay(*ARGUMENTS, "--seed", "7", "--out", str(tmp_path / name))
    sickbay(*ARGUMENTS, "--seed", "8", "--out", str(tmp_path / "other"))
    assert write(tmp_path / "one") == write(tmp_path / "two")
    assert write(tmp_path / "one") != write(tmp_path / "other")


def test_a_negative_number_of_patients_is_refused_in_one_sentence(tmp_path: Path) -> None:
    done = sickbay("population", "--patients", "-1", "--out", str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_messiness_changes_the_population(tmp_path: Path) -> None:
    sickbay("population", "--patients", "30", "--today", "2026-03-31", "--out", str(tmp_path / "clean"))
    sickbay("population", "--patients", "30", "--today", "2026-03-31", "--messiness", "1", "--out", str(tmp_path / "messy"))
    assert write(tmp_path / "clean")["Patient.ndjson"] != write(tmp_path / "messy")["Patient.ndjson"]


def test_a_terminal_shows_how_many_patients_are_written_and_a_pipe_shows_nothing(tmp_path: Path) -> None:
    shown = on_terminal(*ARGUMENTS, "--out", str(tmp_path / "terminal"))
    assert "Writing patients" in shown
    assert "3/3" in shown
    assert "3 Patient" in shown
    piped = sickbay(*ARGUMENTS, "--out", str(tmp_path / "pipe"))
    assert piped.stderr.startswith(f"{tmp_path / 'pipe'}: ")
    assert piped.stderr.count("\n") == 1
    assert write(tmp_path / "terminal") == write(tmp_path / "pipe")


def test_without_patients_there_is_no_progress(tmp_path: Path) -> None:
    shown = on_terminal("population", "--patients", "0", "--out", str(tmp_path))
    assert shown == f"{tmp_path}: no files, because there are no patients.\r\n"
