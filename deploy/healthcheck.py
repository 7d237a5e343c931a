"""Asks Sickbay in the same container whether it is ready; exits with 0 if it is, and with 1 if not, and says why.

The port, the address and https come from the same places as Sickbay's own settings: its command line, the environment, and
the configuration file. A path in the base URL doesn't matter, because a proxy in front of the container removes it.
"""

from __future__ import annotations

import os
import ssl
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

from sickbay.cli import config_file
from sickbay.cli.output import CommandError

TIMEOUT_SECONDS = 4
ON = ("1", "t", "true", "y", "yes")
"""The values that switch an option on in the environment."""
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}
"""Where to connect if Sickbay listens on all addresses, or on both loopback addresses."""
COMMAND_LINE = Path("/proc/1/cmdline")
"""The command line of the container's first process, which is Sickbay, or starts it with its arguments at the end."""


class ServerOptions:
    """The options of `sickbay serve`. Earlier places override later ones: command line, environment, file."""

    def __init__(self, arguments: list[str]) -> None:
        self._arguments = arguments
        config_file.set_config_file(self._argument("config"))
        self._files = config_file.list_files()

    def text(self, name: str, default: str) -> str:
        return self._argument(name) or os.environ.get(f"SICKBAY_{name.upper()}") or str(self._in_files(name) or default)

    def switch(self, name: str) -> bool:
        if f"--{name}" in self._arguments:
            return True
        if given := os.environ.get(f"SICKBAY_{name.upper()}"):
            return given.lower() in ON
        return self._in_files(name) is True

    def _argument(self, name: str) -> str | None:
        """The last value of --name VALUE or --name=VALUE."""
        option, value = f"--{name}", None
        for argument, following in zip(self._arguments, [*self._arguments[1:], None], strict=True):
            if argument == option:
                value = following
            elif argument.startswith(f"{option}="):
                value = argument.partition("=")[2]
        return value

    def _in_files(self, name: str) -> object:
        return next((file.options[name] for file in self._files if name in file.options), None)


def connection(options: ServerOptions) -> HTTPConnection:
    host, port = options.text("host", "127.0.0.1"), int(options.text("port", "7425"))
    address = EVERY_ADDRESS.get(host, host)
    if not options.switch("https"):
        return HTTPConnection(address, port, timeout=TIMEOUT_SECONDS)
    # The certificate names the public host, and Sickbay may have made it itself.
    return HTTPSConnection(address, port, timeout=TIMEOUT_SECONDS, context=ssl._create_unverified_context())


def problem(arguments: list[str]) -> str:
    """Why Sickbay isn't ready; "" if it is."""
    try:
        asked = connection(ServerOptions(arguments))
    except (CommandError, ValueError) as error:
        return f"The settings can't be read: {error}"
    try:
        asked.request("GET", "/readyz", headers={"Host": "localhost"})
        status = asked.getresponse().status
        return "" if status == 200 else f"/readyz at {asked.host}:{asked.port} answered with {status}"
    except (OSError, HTTPException) as error:
        return f"/readyz at {asked.host}:{asked.port} doesn't answer: {error}"
    finally:
        asked.close()


if __name__ == "__main__":
    given = [text.decode("utf-8", "replace") for text in COMMAND_LINE.read_bytes().split(b"\0")]
    if found := problem(given):
        print(found, file=sys.stderr)
    sys.exit(1 if found else 0)
