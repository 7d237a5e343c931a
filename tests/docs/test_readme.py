"""Runs the commands of README.md that need a server, and reads its example of sickbay.toml."""

from __future__ import annotations

from pathlib import Path

from tests.docs.code_blocks import LISTED, Block, blocks, run

from sickbay.testing.server import serving

BLOCKS = [block for block in blocks("README.md") if block.first_line not in LISTED["not_run"]["README.md"]]


def commands(block: Block) -> bool:
    return block.first_line.startswith(("alias sickbay=", "sickbay ", "TOKEN="))


def test_the_tour_registers_launches_and_searches(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    with serving("--data", data, "--patients", "17") as live:
        lines = "".join(block.text for block in BLOCKS if commands(block)).splitlines()
        script = "\n".join(line for line in lines if not line.startswith("alias "))
        output = run(tmp_path, script.replace("7425", live.base.rpartition(":")[2]), SICKBAY_DATA=data)
    assert "http://localhost:8100/?" in output
    assert output.index("OperationOutcome") < output.index('"family":["Peters"]')


def test_the_example_of_sickbay_toml_is_accepted(tmp_path: Path) -> None:
    (example,) = (block for block in BLOCKS if block.first_line == "port = 7425")
    (tmp_path / "sickbay.toml").write_text(example.text)
    assert "state-missing" in run(tmp_path, "sickbay rules state-missing")


def test_every_block_is_a_command_or_the_file() -> None:
    assert [block.first_line for block in BLOCKS if not commands(block)] == ["port = 7425"]
