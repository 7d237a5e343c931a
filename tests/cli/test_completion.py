"""`sickbay completion` prints scripts that the shells accept, and that know every command and option."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.cli.command import sickbay
from tests.conftest import skip_or_fail

from sickbay.cli.command_line import COMMANDS

SHELLS = ("bash", "zsh", "fish")
OPTIONS = ("patient", "base-url", "open-sign-in", "redirect-uri", "jsonl")
"""One option of five commands."""
IN_BASH = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_sickbay
printf '%s\\n' "${COMPREPLY[@]}"
"""
IN_ZSH = r"""
zmodload zsh/zpty
zpty shell zsh --no-rcs --interactive
typeset answer
zpty -w shell "PS1=; stty -echo; autoload -U compinit; $1; echo re''ady"
zpty -r shell answer "*ready*"
zpty -n -w shell $'sickbay serve --open-sign-in key\t'
zpty -r shell answer "*--open-sign-in keyboard*"
print -r -- completed
zpty -d shell
"""
"""Types into an interactive zsh. Reading waits for the pattern."""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("scripts")
    paths = {shell: folder / f"sickbay.{shell}" for shell in SHELLS}
    for shell, path in paths.items():
        path.write_text(sickbay("completion", shell).stdout, encoding="utf-8")
    return paths


def shell(name: str, *arguments: str, folder: Path | None = None) -> str:
    """The output of a shell in this folder. Skips the test if the shell isn't installed."""
    if shutil.which(name) is None:
        skip_or_fail(name, f"no {name} on the PATH")
    done = subprocess.run([name, *arguments], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", SHELLS)
def test_the_script_knows_every_command(name: str, scripts: dict[str, Path]) -> None:
    script = scripts[name].read_text(encoding="utf-8")
    assert [command for command in (*COMMANDS, "apps") if command not in script] == []
    assert [option for option in OPTIONS if option not in script] == []


def complete_in_bash(scripts: dict[str, Path], *words: str) -> list[str]:
    return shell("bash", "-c", IN_BASH, "bash", str(scripts["bash"]), "sickbay", *words).split()


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        (["do"], ["doctor"]),
        (["serve", "--open-sign-in", ""], ["keyboard", "everyone"]),
        (["serve", "--base"], ["--base-url"]),
        (["apps", "en"], ["enable"]),
        (["completion", "z"], ["zsh"]),
    ],
)
def test_bash_completes_commands_options_and_values(words: list[str], completions: list[str], scripts: dict[str, Path]) -> None:
    assert complete_in_bash(scripts, *words) == completions


def test_fish_completes_commands_and_options(scripts: dict[str, Path], tmp_path: Path) -> None:
    def complete(line: str) -> list[str]:
        """In an empty folder, because fish also completes the names of files."""
        code = f"source {scripts['fish']}; complete --do-complete {line!r}"
        output = shell("fish", "--no-config", "-c", code, folder=tmp_path)
        return [completion.partition("\t")[0] for completion in output.splitlines()]

    assert complete("sickbay do") == ["doctor"]
    assert complete("sickbay serve --base") == ["--base-url"]


def test_zsh_completes_with_the_script_in_its_search_path(scripts: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "_sickbay").write_bytes(scripts["zsh"].read_bytes())
    begin = f"fpath=({tmp_path} $fpath); compinit -u -D"
    assert shell("zsh", "--no-rcs", "-c", IN_ZSH, "zsh", begin) == "completed\n"


def test_zsh_completes_with_the_sourced_script(scripts: dict[str, Path]) -> None:
    begin = f"compinit -u -D; source {scripts['zsh']}"
    assert shell("zsh", "--no-rcs", "-c", IN_ZSH, "zsh", begin) == "completed\n"


def test_an_unknown_shell_is_refused() -> None:
    done = sickbay("completion", "csh")
    assert (done.returncode, done.stdout) == (2, "")
    assert "csh" in done.stderr
