"""What a person sees while Sickbay serves: where to begin, then one line per exchange."""

from __future__ import annotations

import sys
import time
from typing import Any

from sickbay.operations.context import Line, Say

GREY, RED, GREEN, BOLD, PLAIN = "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[0m"


def greeting(line: dict[str, Any], place: str) -> str:
    """The address to open first, who may sign in, and where the data lies."""
    users = line["users"][:3]
    signs = "".join(f"\n  {one['username']} / {one['password']}  ({one['tenant']})" for one in users)
    return f"Sickbay is ready: {line['base']}\nData: {place}. Stop with Ctrl-C." + (
        f"\nSign in as{signs}" if signs else ""
    )


def say(colour: bool) -> Say:
    """A function that prints an exchange: time, stage, app, status, first finding."""

    def _say(line: Line) -> None:
        sys.stdout.write((painted if colour else plain)(line) + "\n")
        sys.stdout.flush()

    return _say


def plain(line: Line) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(line.at))
    return f"{at}  {line.tenant}  {line.stage:<13}  {line.app or '-'}  {line.status}  {line.finding}".rstrip()


def painted(line: Line) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(line.at))
    colour = RED if line.status >= 400 or line.finding else GREEN
    told = f"  {colour}{line.finding}{PLAIN}" if line.finding else ""
    return f"{GREY}{at}  {line.tenant}{PLAIN}  {line.stage:<13}  {line.app or '-'}  {colour}{line.status}{PLAIN}{told}"
