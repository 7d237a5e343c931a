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
