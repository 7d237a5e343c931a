"""Errors of the command are one sentence, and a subcommand is imported only when it is called."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest
from tests.cli.command import sickbay


@pytest.mark.parametrize("arguments", [["bogus"], ["doctor", "--jon"], ["rules", "no-such-rule"], ["doctor", "a", "b"]])
def test_a_wrong_argument_gives_one_sentence_and_exit_code_two(arguments: list[str]) -> None:
    done = sickbay(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sickbay: ")
    assert done.stderr.count("\n") == 1


def test_help_names_every_command_with_what_it_does() -> None:
    text = sickbay("--help").stdout
    assert "Explain what is wrong" in text
    assert "rules" in text


def test_the_command_itself_imports_no_subcommand() -> None:
    code = "import sys, sickbay.cli.main; print(*[n for n in sys.modules if n.startswith('sickbay.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = {"byte_order_mark", "config_file", "environment", "main", "output", "plain_doctor", "signals", "streams"}
    assert set(done.stdout.split()) == {"sickbay.cli", *(f"sickbay.cli.{name}" for name in expected)}


def test_an_option_can_be_set_in_the_environment(tmp_path: Path) -> None:
    url = "http://localhost/authorize?client_id=a"
    assert sickbay("doctor", url, SICKBAY_JSON="true").stdout == sickbay("doctor", url, "--json").stdout


def test_missing_options_of_a_registration_are_listed(tmp_path: Path) -> None:
    done = sickbay("apps", "add", "--name", "Mine", "--type", "provider", folder=tmp_path)
    assert done.returncode == 2
    assert "--client and --scope" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve", "--port", "70000"], "--port must be a whole number from 0 to 65535, not 70000."),
        (["serve", "--base-url", "localhost:7425"], "--base-url must be a URL such as https://ehr.example.org"),
        (
            ["serve", "--base-url", "https://ann:secret@ehr.example.org"],
            "without a user name, ? and #, not https://ehr.example.org.",
        ),
        (["serve", "--base-url", "http://localhost:port"], "not http://localhost:port."),
        (
            ["serve", "--keep-bodies", "--workers", "2"],
            "--keep-bodies needs --workers 1, because the bodies",
        ),
        (["serve", "--keep-bodies", "--base-url", "https://ehr.example.org"], "--keep-bodies needs a base URL on this machine"),
        (["serve", "--port", "7500", "--sample-port", "7500"], "--sample-port must differ from --port."),
        (["serve", "--host", ""], "--host must be an address or a name, such as 127.0.0.1, or 0.0.0.0 for all addresses"),
        (
            ["serve", "--allowed-host", "http://x.org:80/"],
            "such as ehr.example.org, not http://x.org:80/. Write --allowed-host x.org.",
        ),
        (["serve", "--allowed-host", "a,[fd00::7]"], "not a,[fd00::7]. Write --allowed-host a --allowed-host fd00::7."),
        (["serve", "--allowed-host", "bücher.org"], "not bücher.org. Write --allowed-host xn--bcher-kva.org."),
        (["serve", "--allowed-host", "*.org"], "such as ehr.example.org, not *.org."),
        (["serve", "--allowed-host", ""], "such as ehr.example.org, not an empty text."),
        (
            ["serve", "--trusted-proxy", "x"],
            "--trusted-proxy must be the address from which the proxy connects, such as 127.0.0.1",
        ),
        (["serve", "--trusted-proxy", "localhost"], "or *, not localhost. Write --trusted-proxy 127.0.0.1."),
        (["serve", "--trusted-proxy", "10.0.0.1/8"], "not 10.0.0.1/8. Write --trusted-proxy 10.0.0.0/8."),
        (["serve", "--trusted-proxy", "http://10.0.0.1:80/"], "not http://10.0.0.1:80/. Write --trusted-proxy 10.0.0.1."),
        (["serve", "--trusted-proxy", "10.0.0.0/33"], "or *, not 10.0.0.0/33."),
        (
            ["serve", "--ephemeral", "--data", "x"],
            "--ephemeral stores nothing, so it can't be used with --data. Use one of them.",
        ),
        (["token", "Mine", "--scope", " "], "--scope is empty. Name at least one scope, such as user/Patient.rs."),
        (["apps", "add"], "`sickbay apps add` needs NAME. See `sickbay apps add --help`."),
        (["doctor"], "There is nothing to examine. Pass a URL in quotes, a file, or - for standard input."),
        (["launch"], "`sickbay launch` needs APP. See `sickbay launch --help`."),
        (["rules", "a", "b"], "Unexpected argument for `sickbay rules`: b. See `sickbay rules --help`."),
        (["doctor", "--jsonl", "nowhere"], "nowhere can't be read (No such file or directory)."),
    ],
)
def test_an_error_about_an_argument_says_what_is_expected(arguments: list[str], message: str) -> None:
    done = sickbay(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["serve", "--port", "0", "--data"], ["export"], ["population", "--out"]])
def test_a_path_that_cannot_be_a_folder_is_reported_in_one_sentence(tmp_path: Path, command: Sequence[str]) -> None:
    (tmp_path / "file").write_text("")
    done = sickbay(*command, str(tmp_path / "file"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"sickbay: The folder {tmp_path / 'file'} can't be created (it is a file). Choose another one.\n"


@pytest.mark.parametrize("command", [("apps", "list"), ("reset",), ("load", "{place}/a.json"), ("launch", "x")])
def test_a_data_folder_that_cannot_be_created_is_reported_in_one_sentence(tmp_path: Path, command: Sequence[str]) -> None:
    (tmp_path / "a.json").write_text("{}")
    done = sickbay(*(argument.format(place=tmp_path) for argument in command), folder=tmp_path / "a.json" / "data")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(r"a\.json/data .*a\.json is a file\)", done.stderr)
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user without a home folder")
@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["apps", "list"], "You have no home folder to store data in. Set --data, SICKBAY_DATA or XDG_DATA_HOME."),
        (["serve", "--port", "0", "--data", "/"], "You can't write to /. Choose another folder"),
        (["serve", "--port", "0", "--data", "~/x"], "~/x can't be found, because you have no home folder."),
        (["load", "/root/nobody-reads-this.json"], "/root/nobody-reads-this.json: Permission denied."),
    ],
)
def test_a_user_without_a_home_folder_learns_which_options_to_set(tmp_path: Path, command: list[str], message: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_DATA_HOME", "SICKBAY_DATA")}
    code = "import os, sys; os.setgroups([]); os.setgid(54321); os.setuid(54321)\nfrom sickbay.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, env=inherited, cwd="/", check=False
    )
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(f"sickbay: {message}")
    assert done.stderr.count("\n") == 1


def test_another_programs_database_is_not_changed(tmp_path: Path) -> None:
    for version in (0, 3, 99):
        place = tmp_path / str(version)
        place.mkdir()
        with apsw.Connection(str(place / "sickbay.db")) as other:
            other.execute(f"CREATE TABLE bookmarks (url); PRAGMA user_version = {version}")
        before = (place / "sickbay.db").read_bytes()
        done = sickbay("apps", "list", folder=place)
        assert (done.returncode, done.stdout) == (1, "")
        assert "sickbay.db is the database of another program; choose another data folder" in done.stderr
        assert done.stderr.count("\n") == 1
        assert (place / "sickbay.db").read_bytes() == before


def test_a_file_that_is_not_a_database_is_reported_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sickbay.db").write_text("not a database, whatever it is called " * 40)
    done = sickbay("apps", "list", folder=tmp_path)
    assert done.returncode == 1
    assert "sickbay.db cannot be opened (file is not a database); choose another data folder" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("columns", ["0", "1", "2", "39", "-5", "x", "99999999"])
def test_help_is_laid_out_for_a_terminal_of_any_width(columns: str) -> None:
    """With one column the layout never ended, and with millions it filled the memory."""
    done = sickbay("serve", "--help", COLUMNS=columns)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 400
    assert "--port INT" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", ""),
        ("population", "--out", "", "--patients", "1"),
        ("load", ""),
        ("serve", "--https", "--cert", "", "--key", "x"),
        ("apps", "add", "--name", "a", "--type", "system", "--client", "asymmetric", "--scope", "system/*.rs", "--jwks", ""),
    ],
)
def test_an_empty_path_is_refused(arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script's variable that isn't set gives an empty path, which Python takes for the current folder."""
    monkeypatch.chdir(tmp_path)
    done = sickbay(*arguments, folder=tmp_path / "data")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "must be a path, but it is empty." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_zero_patients_write_no_files(tmp_path: Path) -> None:
    done = sickbay("population", "--patients", "0", "--out", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, f"{tmp_path}: no files, because there are no patients.\n")
