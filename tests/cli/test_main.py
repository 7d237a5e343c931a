"""The command fails in one sentence, and each subcommand is imported only when it is called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.command import sickbay


@pytest.mark.parametrize("arguments", [["bogus"], ["doctor", "--jon"], ["rules", "no-such-rule"], ["doctor", "a", "b"]])
def test_a_wrong_argument_is_one_sentence_and_ends_with_two(arguments) -> None:
    done = sickbay(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sickbay: ")
    assert done.stderr.count("\n") == 1


def test_help_names_every_command_with_what_it_does() -> None:
    told = sickbay("--help").stdout
    assert "Say what is wrong" in told
    assert "rules" in told


def test_the_command_itself_imports_no_subcommand() -> None:
    code = "import sys, sickbay.cli.main; print(*[n for n in sys.modules if n.startswith('sickbay.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"sickbay.cli", "sickbay.cli.choices", "sickbay.cli.main", "sickbay.cli.words"}


def test_an_option_may_stand_in_the_environment_and_in_the_file(tmp_path) -> None:
    url = "http://localhost/authorize?client_id=a"
    assert sickbay("doctor", url, SICKBAY_JSON="true").stdout == sickbay("doctor", url, "--json").stdout


def test_a_registration_that_lacks_something_is_told_by_the_options_it_lacks(tmp_path: Path) -> None:
    said = sickbay("apps", "add", "--name", "Mine", "--type", "provider", folder=tmp_path)
    assert said.returncode == 2
    assert "--client and --scope" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--port", "70000"], "--port: a whole number from 0 to 65535 is wanted, not 70000."),
        (["serve", "--patients", "1.5"], "--patients: a whole number of 0 or more is wanted, not 1.5."),
        (["serve", "--workers", "two"], "--workers: a whole number of 1 or more is wanted, not two."),
        (["serve", "--base-url", "localhost:7425"], "--base-url must be an address such as https://ehr.example.org"),
        (["serve", "--base-url", "http://localhost:port"], "not http://localhost:port."),
        (
            ["apps", "edit", "Mine", "--token-lifetime", "0"],
            "--token-lifetime: a whole number of 1 or more is wanted, not 0.",
        ),
        (["launch"], "`sickbay launch` needs APP; `sickbay launch --help` says what it takes."),
        (["rules", "a", "b"], "`sickbay rules` has no place for b; `sickbay rules --help` says what it takes."),
        (["doctor", "--jsonl", "nowhere"], "nowhere is no file that can be read (No such file or directory)."),
    ],
)
def test_what_is_wrong_with_an_argument_is_said_with_what_is_wanted(arguments, said) -> None:
    done = sickbay(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["serve", "--port", "0", "--data"], ["export"], ["population", "--out"]])
def test_a_place_that_cannot_be_a_folder_is_told_in_one_sentence(tmp_path: Path, command) -> None:
    (tmp_path / "file").write_text("")
    done = sickbay(*command, str(tmp_path / "file"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"sickbay: {tmp_path / 'file'} cannot be made a folder (File exists); choose another place.\n"


def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sickbay.db").write_text("not a database, whatever it is called " * 40)
    done = sickbay("apps", "list", folder=tmp_path)
    assert done.returncode == 1
    assert "sickbay.db cannot be opened (file is not a database); choose another data folder" in done.stderr
    assert done.stderr.count("\n") == 1
