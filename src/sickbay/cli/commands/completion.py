"""`sickbay completion`: prints a script that completes commands, options and their values in a shell."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from sickbay.cli.main import app
from sickbay.cli.output import say


def completion(shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(name="SHELL", help="Your shell.")], /) -> None:
    """Print the script, which is generated from all commands, so print it again after an update."""
    say(app.generate_completion(shell=shell).rstrip())
