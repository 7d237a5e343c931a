"""The starter apps that `sickbay new` copies: what each needs, and its files with the names and addresses of the new app."""

from __future__ import annotations

import os
import re
import shlex
import socket
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import msgspec

from sickbay.cli.output import CommandError, reject_argument
from sickbay.kernel.english import join

CHECKOUT: Final = Path(__file__).parents[3] / "examples"
PACKAGED: Final = Path(__file__).parents[1] / "starters"
"""Path of the starters in a clone and in an installed package."""
MANIFEST: Final = "starter.toml"
REPLACEMENTS: Final = "starter"
"""The folder of files that a copy gets in addition, or in place of files with the same names."""
BASE: Final = "http://localhost:7425"
PORT: Final = 8100
"""The addresses in the files of a starter: of Sickbay, and of the app."""
_PORT: Final = re.compile(r"\b8100\b")
TRIED_PORTS: Final = 100
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_GENERATED: Final = frozenset(
    ("__pycache__", "node_modules", "dist", "test-results", ".venv", "private-key.pem", "jwks.json", ".env")
)
"""Files and folders that are left behind when a starter runs in a clone."""


class Starter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of starter.toml. client_id: in its files, replaced by that of the new app. needs: programs.

    prepare: a command that runs before the registration. install, start: commands in the folder of the app. jwks: the file
    with its public keys. app: its registration, with the addresses of its files. leave_out: files and folders that a copy
    doesn't have.
    """

    title: str
    summary: str
    client_id: str
    app: dict[str, Any]
    start: str
    needs: tuple[str, ...] = ()
    prepare: str = ""
    install: tuple[str, ...] = ()
    jwks: str = ""
    leave_out: tuple[str, ...] = ()

    @property
    def is_service(self) -> bool:
        """Whether it has no user, so that it is run and not launched."""
        return bool(self.app["type"] == "system")


class CopiedApp(NamedTuple):
    """The values that are new in a copy. base: Sickbay's. port: the app's."""

    client_id: str
    base: str
    port: int

    def fill(self, text: str, starter: Starter) -> str:
        """The text with the names and addresses of the copy."""
        text = text.replace(BASE, self.base).replace(starter.client_id, self.client_id)
        return _PORT.sub(str(self.port), text)


def find_folder() -> Path:
    return PACKAGED if PACKAGED.is_dir() else CHECKOUT


def list_names() -> list[str]:
    return sorted(path.parent.name for path in find_folder().glob(f"*/{MANIFEST}"))


def load(name: str | None) -> Starter:
    """The starter with this name. Raises CommandError with the nearest name, or with all of them."""
    known = list_names()
    if name not in known:
        reject_argument(_describe_choices(name, known))
    return msgspec.toml.decode((find_folder() / str(name) / MANIFEST).read_bytes(), type=Starter)


def _describe_choices(name: str | None, known: list[str]) -> str:
    width = max(map(len, known))
    lines = "\n".join(f"  {other:{width}}  {load(other).summary}" for other in known)
    if name is None:
        return f"Choose a template with --template:\n{lines}"
    near = next((other for other in known if name.lower() in other), None) or _find_nearest(name.lower(), known)
    hint = f" Did you mean {near}?" if near else ""
    return f"There is no template {name}.{hint} The templates are:\n{lines}"


def _find_nearest(name: str, known: list[str]) -> str | None:
    """The template with the most similar name, or with a word in its name that is similar."""
    words = {word: other for other in known for word in (other, *other.split("-"))}
    return next((words[word] for word in get_close_matches(name, words, 1, 0.6)), None)


def read_files(name: str, starter: Starter, place: CopiedApp) -> dict[PurePosixPath, str]:
    """The files of a copy, by their paths below its folder."""
    source = find_folder() / name
    files: dict[PurePosixPath, str] = {}
    for path in sorted(source.rglob("*"), key=lambda path: (path.relative_to(source).parts[0] == REPLACEMENTS, path)):
        relative = PurePosixPath(path.relative_to(source).as_posix())
        if path.is_dir() or {*relative.parts} & {*_GENERATED, *starter.leave_out, MANIFEST}:
            continue
        if relative.parts[0] == REPLACEMENTS:
            relative = relative.relative_to(REPLACEMENTS)
        files[relative] = place.fill(path.read_text(encoding="utf-8"), starter)
    return files | {PurePosixPath("README.md"): format_readme(starter, place)}


def format_readme(starter: Starter, place: CopiedApp) -> str:
    """The README of a copy."""
    lines = [f"# {place.client_id}", "", f"{starter.title}, made by `sickbay new`. Start Sickbay, then this app:", ""]
    lines += [f"    {command}" for command in ("sickbay serve", *next_commands(starter, place, ""))]
    return "\n".join([*lines, "", f"Each request is explained at {place.base}/exchanges.", ""])


def next_commands(starter: Starter, place: CopiedApp, directory: str) -> list[str]:
    """The commands to type in a shell: enter the folder and install, start, and launch. directory: "" inside the folder."""
    enter = [f"cd {shlex.quote(directory)}"] if directory else []
    first = " && ".join((*enter, *(place.fill(command, starter) for command in starter.install)))
    launch = [] if starter.is_service else [f"sickbay launch {place.client_id} --patient p-0001 --open"]
    return [*filter(None, [first]), place.fill(starter.start, starter), *launch]


def write(files: Mapping[PurePosixPath, str], target: Path) -> None:
    """Creates the files. Raises CommandError if the folder isn't empty, and never overwrites a file."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CommandError(f"{target} already exists and isn’t an empty folder. Nothing was written. Choose another name.")
    for name, text in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)


def write_secret(path: Path, text: str) -> None:
    """Creates a file that only its owner can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def arguments_of(command: str) -> list[str]:
    """The command for a process, with the Python that runs Sickbay."""
    first, *rest = shlex.split(command)
    return [sys.executable if first == "python3" else first, *rest]


def choose_port(wanted: int | None) -> int:
    """The wanted port, else the first one from 8100 that is free on this machine. Raises CommandError."""
    if wanted is not None:
        if not _is_free(wanted):
            raise CommandError(f"Port {wanted} is in use. Choose another one with --app-port.")
        return wanted
    port = next(filter(_is_free, range(PORT, PORT + TRIED_PORTS)), None)
    if port is None:
        raise CommandError(f"All ports from {PORT} to {PORT + TRIED_PORTS - 1} are in use. Choose one with --app-port.")
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def require_programs(programs: tuple[str, ...], path: str) -> None:
    """Raises CommandError if a program isn't installed."""
    from shutil import which

    missing = [program for program in programs if which(program, path=path) is None]
    if missing:
        raise CommandError(f"This template needs {join(missing)}, which isn’t on your PATH. Install Node.js 20 or newer.")
