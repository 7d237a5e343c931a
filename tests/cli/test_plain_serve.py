"""A plain line of `sickbay serve` is read as the parser of all commands reads it, and other lines are left to the parser."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from sickbay.cli import command_line, plain_serve
from sickbay.settings import Settings

PLAIN = [
    ["serve", *(word for part in order for word in part)]
    for chosen in (
        [],
        [("--json",), ("--port", "0"), ("--data", "a folder")],
        [("--ephemeral",), ("--patients", "007")],
        [("--data", "postgresql://user@host/database"), ("--patients", "0"), ("--port", "65535")],
    )
    for order in permutations(chosen)
]
OTHERS: tuple[list[str], ...] = (
    ["serve", "--port"],
    ["serve", "--port", "65536"],
    ["serve", "--port", "-1"],
    ["serve", "--port", "٣"],
    ["serve", "--port", "1.5"],
    ["serve", "--port=0"],
    ["serve", "--port", "0", "--port", "1"],
    ["serve", "--data", ""],
    ["serve", "--data", "--json"],
    ["serve", "--data"],
    ["serve", "--json", "--json"],
    ["serve", "--json=true"],
    ["serve", "--ephemeral", "--data", "a folder"],
    ["serve", "--seed", "1"],
    ["serve", "--workers", "2"],
    ["serve", "--help"],
    ["serve", "folder"],
    ["serve", "--"],
    ["doctor", "--json"],
    [],
)


@pytest.fixture(autouse=True)
def without_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in Settings.__dataclass_fields__:
        monkeypatch.delenv(f"SICKBAY_{name.upper()}", raising=False)


def test_a_plain_line_means_what_the_parser_reads() -> None:
    for line in PLAIN:
        read = plain_serve.read_settings(line, {})
        command, bound = command_line.parse(line)
        bound.apply_defaults()
        options = bound.arguments["options"]
        assert read is not None, line
        assert (command.__name__, options.settings()) == ("serve", Settings(**read))
        assert options.folder_options() == {name: read[name] for name in plain_serve.FOLDER_OPTIONS if name in read}


@pytest.mark.parametrize("line", OTHERS)
def test_every_other_line_is_left_to_the_parser(line: list[str]) -> None:
    assert plain_serve.read_settings(line, {}) is None


def test_a_line_is_left_to_the_parser_if_the_environment_or_a_file_may_set_options(tmp_path: Path) -> None:
    assert plain_serve.read_settings(["serve"], {"SICKBAY_PORT": "0"}) is None
    assert plain_serve.read_settings(["serve"], {"OTHER": "0"}) == {}
    (tmp_path / "sickbay.toml").write_text("json = true\n")
    assert plain_serve.read_settings(["serve"], {}) is None
