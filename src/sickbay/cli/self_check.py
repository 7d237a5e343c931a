"""`sickbay doctor --self`: checks this installation: its versions, the data folder, the database, the clock, and the server."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from sickbay import __version__
from sickbay.cli import folder
from sickbay.settings.database import is_database
from sickbay.storage.sqlite.connection import read_schema_version
from sickbay.storage.sqlite.migrations import STEPS

EARLIEST = 1_790_000_000
"""September 2026, in seconds since 1970. A clock that shows an earlier time is wrong."""
LEAST = 200_000_000
"""Minimum free space for a data folder, in bytes."""
TIMEOUT_SECONDS = 5


class SelfCheck(NamedTuple):
    """fix: what to do; "" if it passed."""

    name: str
    passed: bool
    found: str
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        return self._asdict()


def format_check(check: SelfCheck) -> str:
    fix = f". {check.fix}" if check.fix else ""
    return f"{'✓' if check.passed else '✗'} {check.name}: {check.found}{fix}"


def examine(data: str | None) -> list[SelfCheck]:
    """data: as in the option --data."""
    place = folder.data_folder(data)
    return [*_check_versions(), _check_clock(), *_check_data_folder(data, place), *_check_server(place)]


def _check_versions() -> Iterator[SelfCheck]:
    python = platform.python_version()
    fix = "" if sys.version_info >= (3, 11) else "Install Python 3.11 or newer."
    yield SelfCheck("Sickbay", True, f"{__version__} on Python {python}, {platform.platform(terse=True)}")
    if fix:
        yield SelfCheck("Python", False, python, fix)


def _check_clock() -> SelfCheck:
    now = time.time()
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    return SelfCheck(
        "Clock",
        now > EARLIEST,
        found,
        "" if now > EARLIEST else "Correct the clock of this machine, because tokens expire according to it.",
    )


def _check_data_folder(data: str | None, place: Path) -> Iterator[SelfCheck]:
    if is_database(data):
        yield SelfCheck("Database", True, "PostgreSQL; sickbay serve says whether it can be reached")
        return
    if not place.exists():
        yield SelfCheck("Data folder", True, f"{place} doesn't exist yet; sickbay serve creates it")
        return
    usable = place.is_dir() and os.access(place, os.R_OK | os.W_OK | os.X_OK)
    fix = "" if usable else f"Make it a folder that you can write to: chmod u+rwx {place}"
    yield SelfCheck("Data folder", usable, str(place), fix)
    if usable:
        yield from _check_folder(place)


def _check_folder(place: Path) -> Iterator[SelfCheck]:
    others = place.stat().st_mode & 0o077
    fix = f"Run: chmod 700 {place}" if others else ""
    yield SelfCheck("Permissions", not others, "other users can open it" if others else "only you can open it", fix)
    free = shutil.disk_usage(place).free
    enough = free >= LEAST
    yield SelfCheck(
        "Free space", enough, f"{free // 1_000_000:,} MB", "" if enough else "Free some space, or choose another --data."
    )
    database = place / "sickbay.db"
    if database.exists():
        yield _check_database(database)


def _check_database(file: Path) -> SelfCheck:
    """Reads the file without changing it, even while a server uses it."""
    try:
        with closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            db.set_busy_timeout(TIMEOUT_SECONDS * 1000)
            answer = str(db.execute("PRAGMA quick_check(1)").get)
            newer = read_schema_version(db) > len(STEPS)
    except apsw.Error as error:
        answer = str(error)
    if answer == "ok" and newer:
        fix = "Use that version, or choose another folder with --data."
        return SelfCheck("Database", False, "written by a newer version of Sickbay", fix)
    sound = answer == "ok"
    found = f"{file.stat().st_size // 1_000_000:,} MB, {'sound' if sound else answer}"
    return SelfCheck("Database", sound, found, "" if sound else "Restore a backup, or start with a new data folder.")


def _check_server(place: Path) -> Iterator[SelfCheck]:
    server = folder.find_running_server(place)
    if server is None:
        yield SelfCheck("Server", True, "no server runs on this data folder")
        return
    base = str(server["base"])
    if server.get("certificate"):
        yield SelfCheck("Server", True, f"process {server['pid']} at {base}")
        return
    yield _check_that_server_answers(base, f"http://localhost:{server['port']}/readyz", int(server["pid"]))


def _check_that_server_answers(base: str, address: str, pid: int) -> SelfCheck:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=TIMEOUT_SECONDS) as response:
            return SelfCheck("Server", response.status == 200, f"process {pid} at {base} is ready")
    except (OSError, urllib.error.URLError) as error:
        fix = "Look at its output, or stop it and start it again."
        return SelfCheck("Server", False, f"process {pid} at {base} doesn't answer ({error})", fix)
