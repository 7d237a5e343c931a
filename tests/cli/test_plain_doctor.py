"""A plain line of `sickbay doctor` is read as the parser of all commands reads it, and other lines are left to the parser."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from sickbay.cli import command_line, plain_doctor
from sickbay.cli.plain_doctor import OPTIONS

URL = "https://ehr.example.org/authorize?client_id=a"
PLAIN = [
    ["doctor", *order]
    for chosen in (
        [],
        [URL],
        ["-"],
        ["--json"],
        [URL, "--json"],
        ["-", "--all"],
        ["request.txt", "--json", "--all"],
        ["", "--all"],
    )
    for order in permutations(chosen)
]
OTHERS: tuple[list[str], ...] = (
    ["doctor", "--live", URL],
    ["doctor", "--self"],
    ["doctor", "--jsonl", "lines"],
    ["doctor", "--json=true"],
    ["doctor", "--unknown"],
    ["doctor", "-h"],
    ["doctor", "--", "-"],
    ["doctor", URL, "-"],
    ["rules", "--json"],
    [],
)


@pytest.fixture(autouse=True)
def without_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in OPTIONS:
        monkeypatch.delenv(f"SICKBAY_{name.upper()}", raising=False)


def test_a_plain_line_means_what_the_parser_reads() -> None:
    for line in PLAIN:
        read = plain_doctor.read_options(line, {})
        command, bound = command_line.parse(line)
        assert command.__name__ == "doctor"
        bound.apply_defaults()
        assert read is not None, line
        assert {name: bound.arguments[name] for name in read} == read
        assert not any(value for name, value in bound.arguments.items() if name not in read), line


@pytest.mark.parametrize("line", OTHERS)
def test_every_other_line_is_left_to_the_parser(line: list[str]) -> None:
    assert plain_doctor.read_options(line, {}) is None


@pytest.mark.parametrize("name", OPTIONS)
def test_a_line_is_left_to_the_parser_if_the_environment_sets_an_option(name: str) -> None:
    assert plain_doctor.read_options(["doctor", URL], {f"SICKBAY_{name.upper()}": "true"}) is None


def test_a_line_is_left_to_the_parser_if_there_is_a_file_with_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sickbay").mkdir()
    (tmp_path / "sickbay" / "sickbay.toml").write_text("json = true\n")
    assert plain_doctor.read_options(["doctor", URL], {}) is None
    (tmp_path / "sickbay" / "sickbay.toml").unlink()
    assert plain_doctor.read_options(["doctor", URL], {}) is not None
    (tmp_path / "sickbay.toml").write_text("json = true\n")
    assert plain_doctor.read_options(["doctor", URL], {}) is None
    (tmp_path / "sickbay.toml").unlink()
    monkeypatch.setenv("SICKBAY_CONFIG", "other.toml")
    assert plain_doctor.read_options(["doctor", URL], {}) is None
