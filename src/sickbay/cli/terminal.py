"""Prints the greeting of `serve`, then one line per exchange."""

from __future__ import annotations

import io
import os
import sys
import time
from typing import Any

from sickbay.cli import admin_key, json_log, streams
from sickbay.cli.output import print_note
from sickbay.services.context import ExchangeListener, LogLine
from sickbay.settings import Settings
from sickbay.web.middleware.observation import FinishedRequest

GREY, RED, GREEN, YELLOW, PLAIN = "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"


def describe_start(line: dict[str, Any], place: str) -> str:
    """The address to open first, the location of the data, and up to three users."""
    users = line["users"][:3]
    logins = "".join(f"\n  {user['username']} / {user['password']}  ({user['tenant']})" for user in users)
    return f"Sickbay is ready: {line['base']}\nData: {place}. Stop with Ctrl-C." + (f"\nSign in as{logins}" if logins else "")


def describe_administration(settings: Settings, shows_key: bool) -> str:
    """How to sign in to the portal with the admin token; "" if the token isn't needed.

    Never shows a token that the user chose, and shows the folder's key only on a terminal: other output ends up in logs.
    Browsers don't send the part after #.
    """
    page, file = f"{settings.base}/developer/sign-in", settings.folder and settings.folder / admin_key.FILE
    if not settings.needs_token:
        return (
            ""
            if settings.json or not file
            else f"To administer through a proxy or as another user, use the admin token in {file}."
        )
    if settings.admin_token or not file:
        return f"To administer, sign in with the admin token that you set: {page}"
    if not shows_key:
        return f"To administer, sign in with the admin token in {file}: {page}"
    return f"To administer, open {page}#token={settings.admin_key}\n  or sign in with the admin token in {file}"


def class_link(url: str, draws: bool) -> str:
    """Says how students join the class. draws: shows a QR code too, for a terminal."""
    return f"Students join at {url}" + (f"\n{_draw_qr_code(url)}" if draws else "")


def _draw_qr_code(url: str) -> str:
    """The QR code of a URL: two rows of squares in one line of text."""
    import segno  # only a class needs it

    text = io.StringIO()
    segno.make(url, error="m", micro=False).terminal(text, border=2, compact=True)
    return text.getvalue().rstrip("\n")


def is_terminal() -> bool:
    return sys.stdout.isatty()


def make_exchange_printer(colour: bool) -> ExchangeListener:
    """A function that prints an exchange: time, stage, app, status, first finding."""
    return lambda line: print_line((format_coloured if colour else format_plain)(line))


def log_exchange(finished: FinishedRequest) -> None:
    """Prints a request that was recorded as an exchange, as JSON. Others, such as pages and probes, aren't logged."""
    if finished.line is not None:
        print_line(json_line(finished, finished.line))


def log_stall(line: LogLine) -> None:
    """Prints a launch that stalled, as JSON."""
    print_line(
        json_log.format_line(
            time.time(),
            "warning",
            f"{line.stage} {line.finding}: {line.detail}",
            stage=line.stage,
            tenant=line.tenant or None,
            app=line.app or None,
            rule=line.finding,
            launch=line.id,
        )
    )


def json_line(finished: FinishedRequest, recorded: LogLine) -> str:
    """The line of a request, without what its client sent."""
    return json_log.format_line(
        time.time(),
        "info",
        " ".join(filter(None, (recorded.stage, str(finished.status), recorded.finding))),
        correlation_id=finished.id,
        stage=recorded.stage,
        status=finished.status,
        ms=round(finished.seconds * 1000, 1),
        tenant=recorded.tenant or None,
        app=recorded.app or None,
        rule=recorded.finding or None,
    )


def write_line(text: str) -> None:
    """Prints a line immediately. Raises OSError."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_line(text: str) -> None:
    """Prints a line immediately. If that fails, prints nothing from then on, so that no request fails because of it."""
    try:
        write_line(text)
    except OSError as error:
        streams.discard_output(sys.stdout)
        if not isinstance(error, BrokenPipeError):  # the reader closed it on purpose
            print_note(f"Standard output can no longer be written ({error.strerror}). Sickbay keeps running.")


def is_coloured() -> bool:
    """Whether to print colours: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def format_plain(line: LogLine) -> str:
    at, line = time.strftime("%H:%M:%S", time.localtime(line.at)), _escape_line(line)
    status, finding = line.status or "-", "  ".join(filter(None, (line.finding, line.detail)))
    return f"{at}  {line.tenant}  {line.stage:<13}  {line.app or '-'}  {status}  {finding}".rstrip()


def format_coloured(line: LogLine) -> str:
    at, line = time.strftime("%H:%M:%S", time.localtime(line.at)), _escape_line(line)
    colour = YELLOW if not line.status else RED if line.status >= 400 or line.finding else GREEN
    finding = f"  {colour}{line.finding}{PLAIN}" if line.finding else ""
    detail = f"  {line.detail}" if line.detail else ""
    status = f"{colour}{line.status or '-'}{PLAIN}"
    return f"{GREY}{at}  {line.tenant}{PLAIN}  {line.stage:<13}  {line.app or '-'}  {status}{finding}{detail}"


def _escape_line(line: LogLine) -> LogLine:
    """The line with its texts escaped, since a request can contain anything as an app's name and ID."""
    texts = (line.tenant, line.stage, line.app, line.finding, line.detail)
    tenant, stage, app, finding, detail = (streams.escape_text(text, "") for text in texts)
    return line._replace(tenant=tenant, stage=stage, app=app, finding=finding, detail=detail)
