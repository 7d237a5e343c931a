"""Finds the Sickbay that the tests use: a running one, one that a command starts, or one that is installed on this machine."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any, NamedTuple

from .http_client import HttpClient, SickbayError
from .server import START_SECONDS, Live, serving

UVX = ("uvx", "--offline", "sickbay")
"""Runs the Sickbay that `uv tool install` installed, or that uv has downloaded before."""
PASSED_ON = ("SICKBAY_CACHES",)
"""Variables that aren't settings of `sickbay serve`."""
PYTHON_PATHS = ("PYTHONPATH", "PYTHONHOME")
NOT_IN_UV = "No solution found when resolving tool dependencies"
"""The message of uv if Sickbay isn't installed."""
ADVICE = (
    "Sickbay isn't installed in this environment, `sickbay` isn't on the PATH, and uv doesn't have it. Install it as "
    "docs/testing.md describes, or set --sickbay-command to a command that starts it, or --sickbay-url to a running one."
)


class Running(NamedTuple):
    """A Sickbay that was running before the tests. line: as of `serve --json`. admin_token: for one on another machine."""

    line: dict[str, Any]
    admin_token: str | None

    def ending(self) -> str:
        """Returns an empty text: another program started the server, so the reason for its end isn't known."""
        return ""


class ServerChoice(NamedTuple):
    """The way to start or find a Sickbay. command: as one text. arguments: of `sickbay serve`. may_reset: a running one that
    stores data."""

    url: str = ""
    command: str = ""
    arguments: Sequence[str] = ()
    start_seconds: float = START_SECONDS
    may_reset: bool = False


@contextmanager
def find_sickbay(choice: ServerChoice, environment: Mapping[str, str]) -> Iterator[Live | Running]:
    """A Sickbay for tests. Raises SickbayError or RuntimeError with a message for the user if there is none."""
    if choice.url:
        yield connect(choice, environment)
        return
    given = choice.command or environment.get("SICKBAY_COMMAND", "")
    command = find_command(given, environment)
    inherited = environment_of_sickbay(environment, of_this_python=not given and command[0] == sys.executable)
    with ExitStack() as stack:
        yield _start_server(stack, command, inherited, choice)


def _start_server(stack: ExitStack, command: list[str], inherited: Mapping[str, str], choice: ServerChoice) -> Live:
    starting = serving(
        "--ephemeral", *choice.arguments, command=command, inherited=inherited, start_seconds=choice.start_seconds
    )
    try:
        return stack.enter_context(starting)
    except RuntimeError as error:
        if command[1:] == [*UVX[1:]] and NOT_IN_UV in str(error):
            raise SickbayError(ADVICE) from None
        raise


def environment_of_sickbay(environment: Mapping[str, str], of_this_python: bool) -> dict[str, str]:
    """The environment without settings of Sickbay, because tests must not depend on where they run.

    A Sickbay of another Python environment doesn't get the module path of the app's, either.
    """
    left_out = () if of_this_python else PYTHON_PATHS
    settings = {name for name in environment if name.startswith("SICKBAY_") and name not in PASSED_ON}
    return {name: value for name, value in environment.items() if name not in left_out and name not in settings}


def find_command(given: str, environment: Mapping[str, str]) -> list[str]:
    """The command that starts Sickbay: the given one, or one of this environment, on the PATH, or of uv."""
    if given:
        return shlex.split(given)
    if _is_importable():
        return [sys.executable, "-m", "sickbay"]
    path = environment.get("PATH")
    if found := shutil.which("sickbay", path=path):
        return [found]
    if found := shutil.which(UVX[0], path=path):
        return [found, *UVX[1:]]
    raise SickbayError(ADVICE)


def _is_importable() -> bool:
    try:
        return find_spec("sickbay.cli") is not None
    except ImportError:
        return False


def connect(choice: ServerChoice, environment: Mapping[str, str]) -> Running:
    """The Sickbay that runs at the URL. Raises SickbayError if there is none, or if the tests would delete its data."""
    base = choice.url.rstrip("/")
    if int(environment.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
        raise SickbayError(
            "--sickbay-url can't be used by several workers of pytest-xdist, because each test begins with a reset. Run pytest "
            "without -n, or let each worker start a Sickbay of its own."
        )
    token = environment.get("SICKBAY_ADMIN_TOKEN")
    line = _read_line(base, token)
    if not line.get("ephemeral") and not choice.may_reset:
        raise SickbayError(
            f"{base} stores its data, and each test would delete it. Start it with --ephemeral, or run pytest with "
            "--sickbay-reset."
        )
    return Running(line | {"base": base}, token)


def _read_line(base: str, token: str | None) -> dict[str, Any]:
    response = HttpClient(base, {"Authorization": f"Bearer {token}"} if token else {}).get("/admin", Accept="application/json")
    if response.status in (401, 403):
        raise SickbayError(f"{base} needs its admin token. Set SICKBAY_ADMIN_TOKEN.")
    try:
        line = json.loads(response.body)
    except ValueError:
        line = None
    if not isinstance(line, dict) or "tenants" not in line:
        raise SickbayError(f"{base} isn't the address of a Sickbay: /admin answered with status {response.status}.")
    return line
