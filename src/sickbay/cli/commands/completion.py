"""`sickbay completion`: prints a script that completes commands, options and their values in a shell."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from sickbay.cli.command_line import app
from sickbay.cli.output import print_result

ZSH = """
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _cyclopts_sickbay "$@"
else
  compdef _cyclopts_sickbay sickbay
fi"""
"""The end of the script for zsh, so that it can be sourced, and its file can have any name. Without it, zsh finds the function
only in a file of the same name.
"""


def completion(shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(name="SHELL", help="Your shell.")], /) -> None:
    """Print the script, which is generated from all commands, so print it again after an update."""
    script = app.generate_completion(shell=shell).rstrip()
    print_result(script + ZSH if shell == "zsh" else script)
