"""What a person sees while Sickbay serves: where to begin, then one line per exchange."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from sickbay.cli import admin_key, streams
from sickbay.cli.output import note
from sickbay.services.context import ExchangeListener, LogLine
from sickbay.settings import Settings

GREY, RED, GREEN, BOLD, PLAIN = "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[0m"


def greeting(line: dict[str, Any], place: str) -> str:
    """The address to open first, who may sign in, and where the data lies."""
    users = line["users"][:3]
    signs = "".join(f"\n  {one['username']} / {one['password']}  ({one['tenant']})" for one in users)
    return f"Sickbay is ready: {line['base']}\nData: {place}. Stop with Ctrl-C." + (f"\nSign in as{signs}" if signs else "")


def administration(settings: Settings, shows_key: bool) -> str:
    """How to get into the portal with the admin token; "" for who reads JSON and does not need it.

    A token that someone chose is not shown, and the key of the folder only on a terminal: other output ends up in logs.
    What follows # stays in the browser.
    """
    page, file = f"{settings.base}/developer/sign-in", settings.folder and settings.folder / admin_key.FILE
    if not settings.needs_token:
        return "" if settings.json or not file else f"Through a proxy, administer with the admin token in {file}."
    if settings.admin_token or not file:
        return f"Administer with the admin token that you set: {page}"
    if not shows_key:
        return f"Administer with the admin token in {file}: {page}"
    return f"Administer: {page}#token={settings.admin_key}\n  or with the admin token in {file}"


def is_terminal() -> bool:
    return sys.stdout.isatty()


def say(colour: bool) -> ExchangeListener:
    """A function that prints an exchange: time, stage, app, status, first finding."""
    return lambda line: put((painted if colour else plain)(line))


def put(text: str) -> None:
    """A line, at once. Where it cannot be written nothing is from then on, and the server goes on: no request fails for it."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:
        streams.drop(sys.stdout)
        if not isinstance(error, BrokenPipeError):  # whoever closed it knows
            note(f"Nothing can be written to the output any more ({error.strerror}); Sickbay serves all the same.")


def coloured() -> bool:
    """On a terminal, unless its owner wants none (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def plain(line: LogLine) -> str:
    at, line = time.strftime("%H:%M:%S", time.localtime(line.at)), _shown(line)
    return f"{at}  {line.tenant}  {line.stage:<13}  {line.app or '-'}  {line.status}  {line.finding}".rstrip()


def painted(line: LogLine) -> str:
    at, line = time.strftime("%H:%M:%S", time.localtime(line.at)), _shown(line)
    colour = RED if line.status >= 400 or line.finding else GREEN
    told = f"  {colour}{line.finding}{PLAIN}" if line.finding else ""
    return f"{GREY}{at}  {line.tenant}{PLAIN}  {line.stage:<13}  {line.app or '-'}  {colour}{line.status}{PLAIN}{told}"


def _shown(line: LogLine) -> LogLine:
    """Its texts on one line, and nothing of them obeyed: an app's name and id are whatever a request contained."""
    tenant, stage, app, finding = (streams.shown(text, "") for text in (line.tenant, line.stage, line.app, line.finding))
    return line._replace(tenant=tenant, stage=stage, app=app, finding=finding)
