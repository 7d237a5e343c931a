"""`sickbay clock`: prints, moves and freezes Sickbay's clock through /admin/clock."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from sickbay.cli import admin_client
from sickbay.cli.argument_types import Data
from sickbay.cli.output import format_json, print_result, reject_argument
from sickbay.kernel import english
from sickbay.kernel.clock_moves import parse_move


def clock(
    move: Annotated[str | None, Parameter(name="MOVE", allow_leading_hyphen=True)] = None,
    /,
    *,
    json: Annotated[bool, Parameter(help="Print JSON.")] = False,
    data: Data = None,
) -> None:
    """Print the clock, or move it.

    Parameters
    ----------
    move
        How far to move it, such as +2h, -30m or +1d12h (s, m, h, d, w); freeze to stop it, real to return to real time.
    """
    if move is None:
        reading = admin_client.ask(data, "GET", "/admin/clock")
    else:
        reading = admin_client.ask(data, "POST", "/admin/clock", body_of(move))
    print_result(format_json(reading) if json else describe(reading))


def body_of(move: str) -> dict[str, Any]:
    """The body of the request. Raises CommandError."""
    if move == "freeze":
        return {"frozen": True}
    if move == "real":
        return {"offset": 0, "frozen": False}
    seconds = parse_move(move)
    if seconds is None:
        reject_argument(f"Unknown argument: {move}. Use +2h, -30m, +1d12h, freeze or real.")
    return {"advance": seconds}


def describe(reading: dict[str, Any]) -> str:
    """Sickbay's time, real time, and the difference between them."""
    distance = english.describe_offset(reading["offset"])
    if reading["frozen"]:
        distance = f"frozen, {distance}" if round(reading["offset"]) else "frozen"
    return (
        f"Sickbay's time: {english.format_time(reading['now'])} UTC ({distance})\n"
        f"Real time:      {english.format_time(reading['real'])} UTC"
    )
